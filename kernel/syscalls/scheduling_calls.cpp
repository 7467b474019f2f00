// System calls about scheduling: one CPU, one policy, nice levels.
#include <algorithm>

#include "kernel/programs/process.hpp"
#include "kernel/programs/run_queue.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/user_time.hpp"

namespace kernel {
namespace {

/// The thread with that number; 0 is the caller.
Thread* thread_of(std::uint32_t id) {
    return id == 0 ? &current_thread() : find_thread(static_cast<ThreadId>(id));
}

// [linux] uapi/linux/sched.h
enum Policy : std::uint32_t { kOther = 0, kFirstInFirstOut = 1, kRoundRobin = 2, kBatch = 3, kIdle = 5 };
constexpr std::uint32_t kResetOnFork = 0x4000'0000;

bool is_real_time(std::uint32_t policy) {
    return policy == kFirstInFirstOut || policy == kRoundRobin;
}
bool is_policy(std::uint32_t policy) {
    return is_real_time(policy) || policy == kOther || policy == kBatch || policy == kIdle;
}

CallResult sched_yield(const CallArguments&) {
    yield();
    request_attention();  // Who waits for something that has come meanwhile is to have its turn, too.
    return 0;
}

CallResult sched_setaffinity(const CallArguments& arguments) {
    if (thread_of(arguments.first()) == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    std::uint8_t first_cpus = 0;
    if (arguments.second() == 0) {
        return call_error(Errno::kInvalid);
    }
    if (!read_user(first_cpus, arguments.third())) {
        return call_error(Errno::kFault);
    }
    return (first_cpus & 1U) != 0 ? 0 : call_error(Errno::kInvalid);
}

CallResult sched_getaffinity(const CallArguments& arguments) {
    constexpr std::uint32_t kOnlyCpu = 1;
    const std::uint32_t size_bytes = arguments.second();
    if (size_bytes < sizeof(kOnlyCpu) || size_bytes % sizeof(kOnlyCpu) != 0) {
        return call_error(Errno::kInvalid);
    }
    if (thread_of(arguments.first()) == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    const FileResult<void> written = write_user(arguments.third(), kOnlyCpu);
    return written ? static_cast<CallResult>(sizeof(kOnlyCpu)) : call_error(written.error());
}

/// Every thread has the policy of ordinary ones; to ask for the real-time ones is refused, not ignored.
CallResult set_policy(std::uint32_t id, std::uint32_t policy, UserAddress parameter) {
    std::int32_t priority = 0;
    if (static_cast<std::int32_t>(id) < 0 || parameter == 0) {
        return call_error(Errno::kInvalid);
    }
    if (!read_user(priority, parameter)) {
        return call_error(Errno::kFault);
    }
    if (thread_of(id) == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    if (!is_policy(policy) || is_real_time(policy) != (priority >= 1 && priority <= 99) ||
        (!is_real_time(policy) && priority != 0)) {
        return call_error(Errno::kInvalid);
    }
    return is_real_time(policy) ? call_error(Errno::kNotPermitted) : 0;
}

CallResult sched_setscheduler(const CallArguments& arguments) {
    return set_policy(arguments.first(), arguments.second() & ~kResetOnFork, arguments.third());
}

CallResult sched_setparam(const CallArguments& arguments) {
    return set_policy(arguments.first(), kOther, arguments.second());
}

CallResult sched_getscheduler(const CallArguments& arguments) {
    return thread_of(arguments.first()) != nullptr ? CallResult{kOther} : call_error(Errno::kNoProcess);
}

CallResult sched_getparam(const CallArguments& arguments) {
    if (thread_of(arguments.first()) == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    return call_result(write_user(arguments.second(), std::int32_t{0}));
}

CallResult sched_get_priority_max(const CallArguments& arguments) {
    if (!is_policy(arguments.first())) {
        return call_error(Errno::kInvalid);
    }
    return is_real_time(arguments.first()) ? 99 : 0;
}

CallResult sched_get_priority_min(const CallArguments& arguments) {
    if (!is_policy(arguments.first())) {
        return call_error(Errno::kInvalid);
    }
    return is_real_time(arguments.first()) ? 1 : 0;
}

template <typename Time>
CallResult sched_rr_get_interval(const CallArguments& arguments) {
    constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;
    const Thread* const thread = thread_of(arguments.first());
    if (thread == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    const auto ticks = static_cast<std::uint64_t>(slice_ticks(thread->schedule.nice));
    return call_result(write_user(arguments.second(), time_of<Time>(ticks * kNanosecondsPerTick)));
}

/// Whose nice level a call means.
enum class NiceOf : std::uint32_t { kThread = 0, kGroup = 1, kUser = 2 };

/// Calls visit(Thread&) for each thread that is meant; how many there were. -1: an unknown kind.
template <typename Visit>
std::int32_t for_each_meant(std::uint32_t which, std::int32_t who, Visit visit) {
    std::int32_t count = 0;
    if (which == static_cast<std::uint32_t>(NiceOf::kThread)) {
        if (Thread* const thread = thread_of(static_cast<std::uint32_t>(who)); thread != nullptr) {
            visit(*thread);
            ++count;
        }
        return count;
    }
    if (which > static_cast<std::uint32_t>(NiceOf::kUser)) {
        return -1;
    }
    const bool by_group = which == static_cast<std::uint32_t>(NiceOf::kGroup);
    const ProcessId group = who == 0 ? current_process().group : who;
    for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (by_group ? process->group != group : who != 0) {  // everybody is user 0
            continue;
        }
        for (Thread* thread = process->first_thread; thread != nullptr; thread = thread->next_in_process) {
            visit(*thread);
            ++count;
        }
    }
    return count;
}

CallResult outcome_of(std::int32_t count, CallResult result) {
    if (count < 0) {
        return call_error(Errno::kInvalid);
    }
    return count == 0 ? call_error(Errno::kNoProcess) : result;
}

std::int8_t clamp_nice(std::int32_t wanted) {
    return static_cast<std::int8_t>(std::clamp(wanted, std::int32_t{kBestNice}, std::int32_t{kWorstNice}));
}

CallResult getpriority(const CallArguments& arguments) {
    std::int32_t best = kWorstNice;
    const std::int32_t count =
        for_each_meant(arguments.first(), static_cast<std::int32_t>(arguments.second()),
                       [&](Thread& thread) { best = std::min(best, std::int32_t{thread.schedule.nice}); });
    return outcome_of(count, 20 - best);  // never negative: the library turns it round again
}

CallResult setpriority(const CallArguments& arguments) {
    const std::int8_t nice = clamp_nice(static_cast<std::int32_t>(arguments.third()));
    const std::int32_t count =
        for_each_meant(arguments.first(), static_cast<std::int32_t>(arguments.second()),
                       [nice](Thread& thread) { set_nice(thread, nice); });
    return outcome_of(count, 0);
}

CallResult nice(const CallArguments& arguments) {
    Thread& thread = current_thread();
    const auto change = std::clamp(static_cast<std::int32_t>(arguments.first()), -40, 40);
    set_nice(thread, clamp_nice(thread.schedule.nice + change));
    return 0;
}

CallResult getcpu(const CallArguments& arguments) {
    for (const UserAddress address : {arguments.first(), arguments.second()}) {
        if (address != 0 && !write_user(address, std::uint32_t{0})) {
            return call_error(Errno::kFault);
        }
    }
    return 0;
}

constexpr CallRow kRows[] = {
    {34, "nice", "increment", nice},
    {96, "getpriority", "which, who", getpriority},
    {97, "setpriority", "which, who, nice", setpriority},
    {154, "sched_setparam", "thread, parameter", sched_setparam},
    {155, "sched_getparam", "thread, parameter", sched_getparam},
    {156, "sched_setscheduler", "thread, policy, parameter", sched_setscheduler},
    {157, "sched_getscheduler", "thread", sched_getscheduler},
    {158, "sched_yield", "", sched_yield},
    {159, "sched_get_priority_max", "policy", sched_get_priority_max},
    {160, "sched_get_priority_min", "policy", sched_get_priority_min},
    {161, "sched_rr_get_interval", "thread, time", sched_rr_get_interval<Timespec32>},
    {241, "sched_setaffinity", "thread, size, cpus", sched_setaffinity},
    {242, "sched_getaffinity", "thread, size, cpus", sched_getaffinity},
    {318, "getcpu", "cpu, node, cache", getcpu},
    {423, "sched_rr_get_interval_time64", "thread, time", sched_rr_get_interval<Timespec64>},
};

}  // namespace

std::span<const CallRow> scheduling_calls() {
    return kRows;
}

}  // namespace kernel
