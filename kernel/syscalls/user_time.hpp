// Times as programs write them: Linux's i386 structures, in 32 and in 64 bits, from and to microseconds.
//
// Both widths have the same meaning; a call comes twice in the table, once for each, and is written once over
// them. Arithmetic saturates: a moment that lies beyond the kernel's reckoning is never.
#pragma once

#include <cstdint>
#include <limits>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/programs/wait.hpp"

namespace kernel {

inline constexpr std::uint32_t kMicrosecondsPerSecond = 1'000'000;

/// struct timespec, struct timeval of 32 bits.
struct Timespec32 {
    std::int32_t seconds;
    std::int32_t nanoseconds;
};
struct Timeval {
    std::int32_t seconds;
    std::int32_t microseconds;
};
/// struct __kernel_timespec. Of the nanoseconds programs of 32 bits fill the lower half alone.
struct Timespec64 {
    std::int64_t seconds;
    std::int32_t nanoseconds;
    std::int32_t unused;
};
static_assert(sizeof(Timespec64) == 16);

/// A length of time in microseconds, rounded up: nobody is woken early.
using Microseconds = std::uint64_t;
inline constexpr Microseconds kForever = std::numeric_limits<Microseconds>::max();

/// The microseconds of `time`. Error: kInvalid, where it is no time: negative, or a second's worth of
/// fractions.
template <typename T>
constexpr FileResult<Microseconds> microseconds_of(const T& time) {
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= 1'000'000'000) {
        return file_error(Errno::kInvalid);
    }
    const auto seconds = static_cast<std::uint64_t>(time.seconds);
    if (seconds > kForever / kMicrosecondsPerSecond - 1) {
        return kForever;
    }
    return seconds * kMicrosecondsPerSecond + (static_cast<std::uint32_t>(time.nanoseconds) + 999) / 1'000;
}
constexpr FileResult<Microseconds> microseconds_of(const Timeval& time) {
    if (time.seconds < 0 || time.microseconds < 0 || time.microseconds >= 1'000'000) {
        return file_error(Errno::kInvalid);
    }
    return static_cast<std::uint64_t>(time.seconds) * kMicrosecondsPerSecond +
           static_cast<std::uint32_t>(time.microseconds);
}

/// And back.
template <typename T>
constexpr T time_of(std::uint64_t nanoseconds) {
    T time{};
    time.seconds = static_cast<decltype(time.seconds)>(nanoseconds / 1'000'000'000);
    time.nanoseconds = static_cast<std::int32_t>(nanoseconds % 1'000'000'000);
    return time;
}
constexpr Timeval timeval_of(Microseconds microseconds) {
    return {.seconds = static_cast<std::int32_t>(microseconds / kMicrosecondsPerSecond),
            .microseconds = static_cast<std::int32_t>(microseconds % kMicrosecondsPerSecond)};
}

/// The moment `length` after `now`.
constexpr Moment moment_after(Moment now, Microseconds length) {
    return length < kNever - now ? now + length : kNever;
}

}  // namespace kernel
