// System calls about time: clocks, sleeping, interval timers.
#include <utility>

#include "kernel/clock.hpp"
#include "kernel/programs/interval_timer.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/user_time.hpp"

namespace kernel {
namespace {

// [linux] uapi/linux/time.h
enum ClockId : std::uint32_t {
    kRealTime = 0,
    kMonotonic = 1,
    kProcessCpu = 2,
    kThreadCpu = 3,
    kMonotonicRaw = 4,
    kRealTimeCoarse = 5,
    kMonotonicCoarse = 6,
    kBootTime = 7,
    kTai = 11,
};
constexpr std::uint32_t kAbsolute = 1;  // TIMER_ABSTIME
constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;

bool is_real(std::uint32_t id) {
    return id == kRealTime || id == kRealTimeCoarse || id == kTai;
}
bool is_monotonic(std::uint32_t id) {
    return id == kMonotonic || id == kMonotonicRaw || id == kMonotonicCoarse || id == kBootTime;
}
bool is_clock(std::uint32_t id) {
    return is_real(id) || is_monotonic(id) || id == kProcessCpu || id == kThreadCpu;
}

std::uint64_t cpu_nanoseconds(const Usage& usage) {
    return (usage.user_microseconds + usage.system_microseconds) * 1'000;
}

/// What the clock, which exists, shows: nanoseconds.
std::uint64_t read_clock(std::uint32_t id) {
    if (is_real(id)) {
        return clock().microseconds_since_1970() * 1'000;
    }
    if (id == kProcessCpu) {
        return cpu_nanoseconds(usage_of(current_process()));
    }
    if (id == kThreadCpu) {
        return cpu_nanoseconds(usage_of(current_thread()));
    }
    return clock().nanoseconds_since_entry();
}

template <typename Time>
CallResult clock_gettime(const CallArguments& arguments) {
    if (!is_clock(arguments.first())) {
        return call_error(Errno::kInvalid);
    }
    return call_result(write_user(arguments.second(), time_of<Time>(read_clock(arguments.first()))));
}

template <typename Time>
CallResult clock_getres(const CallArguments& arguments) {
    const std::uint32_t id = arguments.first();
    if (!is_clock(id)) {
        return call_error(Errno::kInvalid);
    }
    const bool is_coarse =
        id == kRealTimeCoarse || id == kMonotonicCoarse || id == kProcessCpu || id == kThreadCpu;
    const std::uint64_t nanoseconds = is_coarse ? kNanosecondsPerTick : 1;
    return arguments.second() == 0 ? 0
                                   : call_result(write_user(arguments.second(), time_of<Time>(nanoseconds)));
}

template <typename Time>
CallResult clock_settime(const CallArguments& arguments) {
    Time time{};
    if (arguments.first() != kRealTime) {
        return call_error(Errno::kInvalid);
    }
    if (!read_user(time, arguments.second())) {
        return call_error(Errno::kFault);
    }
    const FileResult<Microseconds> microseconds = microseconds_of(time);
    if (!microseconds) {
        return call_error(microseconds.error());
    }
    clock().set_real_time(*microseconds);
    return 0;
}

CallResult gettimeofday(const CallArguments& arguments) {
    struct TimeZone {
        std::int32_t minutes_west;
        std::int32_t daylight_saving;
    };
    if (arguments.first() != 0 &&
        !write_user(arguments.first(), timeval_of(clock().microseconds_since_1970()))) {
        return call_error(Errno::kFault);
    }
    if (arguments.second() != 0 && !write_user(arguments.second(), TimeZone{})) {
        return call_error(Errno::kFault);
    }
    return 0;
}

CallResult settimeofday(const CallArguments& arguments) {
    Timeval time{};
    if (arguments.first() == 0) {
        return 0;  // a time zone alone, which nobody here asks for
    }
    if (!read_user(time, arguments.first())) {
        return call_error(Errno::kFault);
    }
    const FileResult<Microseconds> microseconds = microseconds_of(time);
    if (!microseconds) {
        return call_error(microseconds.error());
    }
    clock().set_real_time(*microseconds);
    return 0;
}

CallResult time(const CallArguments& arguments) {
    const auto seconds =
        static_cast<std::int32_t>(clock().microseconds_since_1970() / kMicrosecondsPerSecond);
    if (arguments.first() != 0 && !write_user(arguments.first(), seconds)) {
        return call_error(Errno::kFault);
    }
    return seconds;
}

CallResult stime(const CallArguments& arguments) {
    std::int32_t seconds = 0;
    if (!read_user(seconds, arguments.first())) {
        return call_error(Errno::kFault);
    }
    clock().set_real_time(std::uint64_t{static_cast<std::uint32_t>(seconds)} * kMicrosecondsPerSecond);
    return 0;
}

CallResult times(const CallArguments& arguments) {
    constexpr std::uint32_t kMicrosecondsPerClockTick = 10'000;
    struct Times {
        std::int32_t user, system, children_user, children_system;
    };
    const auto ticks = [](std::uint64_t microseconds) {
        return static_cast<std::int32_t>(microseconds / kMicrosecondsPerClockTick);
    };
    const Usage own = usage_of(current_process());
    const Usage& children = current_process().waited_children;
    const Times all{.user = ticks(own.user_microseconds),
                    .system = ticks(own.system_microseconds),
                    .children_user = ticks(children.user_microseconds),
                    .children_system = ticks(children.system_microseconds)};
    if (arguments.first() != 0 && !write_user(arguments.first(), all)) {
        return call_error(Errno::kFault);
    }
    return ticks(clock().microseconds_since_entry());
}

/// Sleeps until `deadline`; what is left is written to `left` (0: to nowhere) when a signal ends it.
template <typename Time>
CallResult sleep_until(Moment deadline, UserAddress left) {
    // What a signal without a handler interrupted goes on to its first end.
    Thread& thread = current_thread();
    const Moment until = std::exchange(thread.restart_deadline, kNever);
    const Moment end = until != kNever ? until : deadline;
    for (;;) {
        switch (sleep(Interruptible::kYes, end)) {
            case Wake::kTimedOut:
                return 0;
            case Wake::kWoken:
                break;  // by an earlier wait's end: not for this
            case Wake::kSignal: {
                const Moment now = clock().microseconds_since_entry();
                const Microseconds rest = end > now ? end - now : 0;
                if (left != 0 && !write_user(left, time_of<Time>(rest * 1'000))) {
                    return call_error(Errno::kFault);
                }
                thread.restart_deadline = end;
                return call_error(Errno::kRestartNoHandler);
            }
        }
    }
}

template <typename Time>
CallResult nanosleep(const CallArguments& arguments) {
    Time time{};
    if (!read_user(time, arguments.first())) {
        return call_error(Errno::kFault);
    }
    const FileResult<Microseconds> length = microseconds_of(time);
    if (!length) {
        return call_error(length.error());
    }
    return sleep_until<Time>(moment_after(clock().microseconds_since_entry(), *length), arguments.second());
}

template <typename Time>
CallResult clock_nanosleep(const CallArguments& arguments) {
    const std::uint32_t id = arguments.first();
    Time time{};
    if (!is_real(id) && !is_monotonic(id)) {
        return call_error(is_clock(id) ? Errno::kNotSupported : Errno::kInvalid);
    }
    if (!read_user(time, arguments.third())) {
        return call_error(Errno::kFault);
    }
    const FileResult<Microseconds> length = microseconds_of(time);
    if (!length) {
        return call_error(length.error());
    }
    const Moment now = clock().microseconds_since_entry();
    if ((arguments.second() & kAbsolute) == 0) {
        return sleep_until<Time>(moment_after(now, *length), arguments.fourth());
    }
    if (!is_real(id)) {
        return sleep_until<Time>(*length, 0);
    }
    const std::uint64_t real_now = clock().microseconds_since_1970();
    return sleep_until<Time>(*length <= real_now ? now : moment_after(now, *length - real_now), 0);
}

// ---- interval timers: ITIMER_REAL

constexpr std::uint32_t kTimerReal = 0;

struct TimerValue {
    Timeval interval;
    Timeval left;
};

TimerValue timer_value(const IntervalTimer& timer) {
    return {.interval = timeval_of(timer.interval), .left = timeval_of(timer.left)};
}

CallResult getitimer(const CallArguments& arguments) {
    if (arguments.first() != kTimerReal) {
        return call_error(Errno::kInvalid);
    }
    return call_result(write_user(arguments.second(), timer_value(interval_timer(current_process()))));
}

CallResult setitimer(const CallArguments& arguments) {
    TimerValue wanted{};
    if (arguments.first() != kTimerReal) {
        return call_error(Errno::kInvalid);
    }
    if (arguments.second() != 0 && !read_user(wanted, arguments.second())) {
        return call_error(Errno::kFault);
    }
    const FileResult<Microseconds> left = microseconds_of(wanted.left);
    const FileResult<Microseconds> interval = microseconds_of(wanted.interval);
    if (!left || !interval) {
        return call_error(Errno::kInvalid);
    }
    const IntervalTimer before = interval_timer(current_process());
    set_interval_timer(current_process(), {.left = *left, .interval = *interval});
    if (arguments.third() != 0 && !write_user(arguments.third(), timer_value(before))) {
        return call_error(Errno::kFault);
    }
    return 0;
}

CallResult alarm(const CallArguments& arguments) {
    const IntervalTimer before = interval_timer(current_process());
    set_interval_timer(current_process(),
                       {.left = std::uint64_t{arguments.first()} * kMicrosecondsPerSecond, .interval = 0});
    const auto seconds =
        static_cast<CallResult>((before.left + kMicrosecondsPerSecond / 2) / kMicrosecondsPerSecond);
    return before.left != 0 && seconds == 0 ? 1 : seconds;
}

constexpr CallRow kRows[] = {
    {13, "time", "seconds", time},
    {25, "stime", "seconds", stime},
    {27, "alarm", "seconds", alarm},
    {43, "times", "times", times},
    {78, "gettimeofday", "time, time zone", gettimeofday},
    {79, "settimeofday", "time, time zone", settimeofday},
    {104, "setitimer", "which, value, old value", setitimer},
    {105, "getitimer", "which, value", getitimer},
    {162, "nanosleep", "length, rest", nanosleep<Timespec32>},
    {264, "clock_settime", "clock, time", clock_settime<Timespec32>},
    {265, "clock_gettime", "clock, time", clock_gettime<Timespec32>},
    {266, "clock_getres", "clock, resolution", clock_getres<Timespec32>},
    {267, "clock_nanosleep", "clock, flags, time, rest", clock_nanosleep<Timespec32>},
    {403, "clock_gettime64", "clock, time", clock_gettime<Timespec64>},
    {404, "clock_settime64", "clock, time", clock_settime<Timespec64>},
    {406, "clock_getres_time64", "clock, resolution", clock_getres<Timespec64>},
    {407, "clock_nanosleep_time64", "clock, flags, time, rest", clock_nanosleep<Timespec64>},
};

}  // namespace

std::span<const CallRow> time_calls() {
    return kRows;
}

}  // namespace kernel
