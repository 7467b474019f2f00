#include "kernel/clock.hpp"

#include <bit>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/drivers/pit.hpp"

namespace kernel {
namespace {

constinit Clock kernel_clock;

// The first tick may have waited for interrupts to be enabled: the second is the first exact one.
constexpr std::uint32_t kReferenceTick = 2;
constexpr std::uint32_t kLastCalibratingTick = kReferenceTick + 1024;
constexpr std::uint32_t kFewestCounts = 120;  // 0.1 ms: the estimate is within a few percent

}  // namespace

Clock& clock() {
    return kernel_clock;
}

void Clock::start() {
    start_tsc_ = cpu::read_tsc();
}

void Clock::tick() {
    ++ticks_;
    if (ticks_ < kReferenceTick || ticks_ > kLastCalibratingTick) {
        return;
    }
    const std::uint32_t since_reference = ticks_ - kReferenceTick;
    if (since_reference == 0) {
        reference_tsc_ = cpu::read_tsc();
    } else if (std::has_single_bit(since_reference)) {
        set_rate(cpu::read_tsc() - reference_tsc_,
                 std::uint64_t{since_reference} * pit::kMicrosecondsPerTick);
    }
}

std::uint64_t Clock::nanoseconds_since_entry() {
    if (nanoseconds_per_tsc_tick_ == 0) {
        estimate_from_counter();
    }
    return base_nanoseconds_ + nanoseconds_of(cpu::read_tsc() - base_tsc_);
}

std::uint64_t Clock::nanoseconds_of(std::uint64_t tsc_ticks) const {
    // 64 by 64 bits, without the library's 128-bit product; the rate has few bits above 2^32.
    const std::uint64_t rate_low = nanoseconds_per_tsc_tick_ & UINT32_MAX;
    const std::uint64_t rate_high = nanoseconds_per_tsc_tick_ >> 32;
    const std::uint64_t low = (tsc_ticks & UINT32_MAX) * rate_low;
    const std::uint64_t high = (tsc_ticks >> 32) * rate_low;
    return high + (low >> 32) + (rate_high == 0 ? 0 : tsc_ticks * rate_high);
}

void Clock::start_real_time(std::uint64_t seconds_since_1970) {
    set_real_time(seconds_since_1970 * 1'000'000);
}

void Clock::set_real_time(std::uint64_t microseconds) {
    at_entry_ = microseconds - microseconds_since_entry();
}

void Clock::estimate_from_counter() {
    if (start_tsc_ == 0) {
        return;
    }
    const std::uint32_t counts = pit::counts_into_period();
    if (counts >= kFewestCounts) {
        set_rate(cpu::read_tsc() - start_tsc_, std::uint64_t{counts} * 1'000'000 / pit::kCountsPerSecond);
    }
}

void Clock::set_rate(std::uint64_t tsc_ticks, std::uint64_t microseconds) {
    // The rate must fit: a counter slower than the microsecond does not occur on a CPU that has one.
    if (tsc_ticks <= microseconds) {
        return;
    }
    const std::uint64_t now = cpu::read_tsc();
    const std::uint64_t told = base_nanoseconds_ + nanoseconds_of(now - base_tsc_);
    // Dividing the microseconds keeps 32 bits behind the point for any interval below an hour.
    nanoseconds_per_tsc_tick_ = ((microseconds << 32) / tsc_ticks) * 1'000;
    const std::uint64_t better = nanoseconds_of(now - image::entry_tsc());
    base_tsc_ = now;
    base_nanoseconds_ = better > told ? better : told;
}

}  // namespace kernel
