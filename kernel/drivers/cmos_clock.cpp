#include "kernel/drivers/cmos_clock.hpp"

#include <array>

#include "kernel/arch/i686/port.hpp"
#include "kernel/calendar.hpp"

namespace kernel::cmos_clock {
namespace {

constexpr port::Port kIndex = 0x70;
constexpr port::Port kData = 0x71;

constexpr std::uint8_t kSecond = 0, kMinute = 2, kHour = 4, kDay = 7, kMonth = 8, kYear = 9;
constexpr std::array<std::uint8_t, 6> kRegisters = {kSecond, kMinute, kHour, kDay, kMonth, kYear};
constexpr std::uint8_t kStatusA = 10;
constexpr std::uint8_t kUpdating = 0x80;  // of status A: the registers are changing
constexpr std::uint8_t kStatusB = 11;
constexpr std::uint8_t kBinary = 0x04;  // of status B: not in decimal digits
constexpr std::uint8_t kTwentyFour = 0x02;
constexpr std::uint8_t kAfternoon = 0x80;   // of the hour, on a clock of twelve hours
constexpr unsigned kMostPatience = 10'000;  // reads: an update takes 2 ms

// The clock has two digits for the year: those from here on are of the century before.
constexpr std::uint8_t kFirstOldYear = 70;

using Reading = std::array<std::uint8_t, kRegisters.size()>;

std::uint8_t read(std::uint8_t index) {
    port::out8(kIndex, index);
    return port::in8(kData);
}

Reading read_all() {
    for (unsigned i = 0; i < kMostPatience && (read(kStatusA) & kUpdating) != 0; ++i) {
    }
    Reading reading{};
    for (std::size_t i = 0; i < kRegisters.size(); ++i) {
        reading[i] = read(kRegisters[i]);
    }
    return reading;
}

constexpr std::uint8_t from_digits(std::uint8_t digits) {
    return static_cast<std::uint8_t>((digits >> 4) * 10 + (digits & 0xF));
}

}  // namespace

std::uint64_t seconds_since_1970() {
    Reading reading = read_all();
    // The clock may have counted on between two registers: only what is read twice alike is true.
    for (Reading again = read_all(); again != reading; again = read_all()) {
        reading = again;
    }
    const std::uint8_t mode = read(kStatusB);
    const bool is_afternoon = (mode & kTwentyFour) == 0 && (reading[2] & kAfternoon) != 0;
    reading[2] = static_cast<std::uint8_t>(reading[2] & ~kAfternoon);
    if ((mode & kBinary) == 0) {
        for (std::uint8_t& value : reading) {
            value = from_digits(value);
        }
    }
    auto [second, minute, hour, day, month, year] = reading;
    if ((mode & kTwentyFour) == 0) {
        hour = static_cast<std::uint8_t>(hour % 12 + (is_afternoon ? 12 : 0));
    }
    const bool is_date = second < 60 && minute < 60 && hour < 24 && day >= 1 && day <= 31 && month >= 1 &&
                         month <= 12 && year < 100;
    if (!is_date) {
        return 0;
    }
    const std::uint32_t century = year >= kFirstOldYear ? 1900 : 2000;
    return std::uint64_t{days_since_1970(century + year, month, day)} * 86'400 +
           std::uint64_t{hour * 3'600U + minute * 60U + second};
}

}  // namespace kernel::cmos_clock
