#include "kernel/syscalls/patience.hpp"

#include "kernel/clock.hpp"

namespace kernel {
namespace {

constexpr std::uint64_t kMicroseconds = 1'000'000;
constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;
/// Longer waits are for ever: 2^50 microseconds are 35 years.
constexpr std::uint64_t kLongestSeconds = (std::uint64_t{1} << 50) / kMicroseconds;

struct Time32 {
    std::int32_t seconds;
    std::int32_t fraction;
};
struct Time64 {
    std::int64_t seconds;
    std::int64_t fraction;
};

}  // namespace

void Patience::store_remaining() const {
    if (address == 0) {
        return;
    }
    const Moment now = clock().microseconds_since_entry();
    const std::uint64_t left = deadline > now ? deadline - now : 0;
    const std::uint64_t unit = form == TimeForm::kValue32 ? 1 : kNanosecondsPerMicrosecond;
    const auto fraction = static_cast<std::int32_t>(left % kMicroseconds * unit);
    if (form == TimeForm::kSpec64) {
        static_cast<void>(
            write_user(address, Time64{static_cast<std::int64_t>(left / kMicroseconds), fraction}));
    } else {
        static_cast<void>(
            write_user(address, Time32{static_cast<std::int32_t>(left / kMicroseconds), fraction}));
    }
}

Moment moment_in(std::uint64_t microseconds) {
    return microseconds == 0 ? 0 : clock().microseconds_since_entry() + microseconds;
}

FileResult<Patience> read_patience(UserAddress address, TimeForm form) {
    Patience patience{.address = address, .form = form};
    if (address == 0) {
        return patience;
    }
    Time64 time{};
    if (form == TimeForm::kSpec64) {
        if (const auto given = read_user(time, address); !given) {
            return file_error(given.error());
        }
    } else {
        Time32 narrow{};
        if (const auto given = read_user(narrow, address); !given) {
            return file_error(given.error());
        }
        time = {narrow.seconds, narrow.fraction};
    }
    if (form == TimeForm::kValue32) {
        // A timeval may have more than a second of microseconds.
        time.seconds += time.fraction / static_cast<std::int64_t>(kMicroseconds);
        time.fraction %= static_cast<std::int64_t>(kMicroseconds);
    }
    const std::uint64_t unit = form == TimeForm::kValue32 ? 1 : kNanosecondsPerMicrosecond;
    if (time.seconds < 0 || time.fraction < 0 ||
        static_cast<std::uint64_t>(time.fraction) >= kMicroseconds * unit) {
        return file_error(Errno::kInvalid);
    }
    const auto seconds = static_cast<std::uint64_t>(time.seconds);
    // Rounded up: a wait is never shorter than asked for.
    const std::uint64_t fraction = (static_cast<std::uint64_t>(time.fraction) + unit - 1) / unit;
    patience.deadline = seconds > kLongestSeconds ? kNever : moment_in(seconds * kMicroseconds + fraction);
    return patience;
}

}  // namespace kernel
