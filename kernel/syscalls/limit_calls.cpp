// System calls about limits and use: what a process may have, and what it has had.
#include <algorithm>

#include "kernel/programs/process.hpp"
#include "kernel/programs/usage.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {
namespace {

FileResult<void> set_limit(Process& process, std::uint32_t resource, Limit wanted) {
    if (resource >= kLimits || wanted.soft > wanted.hard) {
        return file_error(Errno::kInvalid);
    }
    if (resource == kLimitOpenFiles && wanted.hard > FileTable::kMost) {
        return file_error(Errno::kNotPermitted);
    }
    process.limits[resource] = wanted;
    if (resource == kLimitStack && process.memory) {
        process.memory->space().set_stack_limit(static_cast<mm::PageCount>(wanted.soft / mm::kPageSize));
    }
    return {};
}

CallResult setrlimit(const CallArguments& arguments) {
    Limit wanted{};
    if (!read_user(wanted, arguments.second())) {
        return call_error(Errno::kFault);
    }
    return call_result(set_limit(current_process(), arguments.first(), wanted));
}

CallResult ugetrlimit(const CallArguments& arguments) {
    if (arguments.first() >= kLimits) {
        return call_error(Errno::kInvalid);
    }
    return call_result(write_user(arguments.second(), current_process().limits[arguments.first()]));
}

/// The old call knows no number above INT32_MAX.
CallResult old_getrlimit(const CallArguments& arguments) {
    if (arguments.first() >= kLimits) {
        return call_error(Errno::kInvalid);
    }
    Limit limit = current_process().limits[arguments.first()];
    limit.soft = std::min(limit.soft, std::uint32_t{INT32_MAX});
    limit.hard = std::min(limit.hard, std::uint32_t{INT32_MAX});
    return call_result(write_user(arguments.second(), limit));
}

/// struct rlimit64
struct Limit64 {
    std::uint64_t soft, hard;
};

std::uint64_t widen(std::uint32_t limit) {
    return limit == UINT32_MAX ? UINT64_MAX : limit;
}
std::uint32_t narrow(std::uint64_t limit) {
    return limit >= UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(limit);
}

Process* find(ProcessId id) {
    return id == 0 ? &current_process() : find_process(id);
}

CallResult prlimit64(const CallArguments& arguments) {
    const auto id = static_cast<ProcessId>(arguments.first());
    const std::uint32_t resource = arguments.second();
    const UserAddress new_limit = arguments.third();
    const UserAddress old_limit = arguments.fourth();
    if (resource >= kLimits) {
        return call_error(find(id) == nullptr ? Errno::kNoProcess : Errno::kInvalid);
    }
    Limit64 wanted{};
    const bool given = new_limit == 0 || read_user(wanted, new_limit).has_value();
    // Only now: it may have ended while the program's page was waited for.
    Process* const process = find(id);
    if (process == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    if (!given) {
        return call_error(Errno::kFault);
    }
    const Limit before = process->limits[resource];
    if (new_limit != 0) {
        if (wanted.soft > wanted.hard) {
            return call_error(Errno::kInvalid);
        }
        const Limit limit{.soft = narrow(wanted.soft), .hard = narrow(wanted.hard)};
        if (const FileResult<void> set = set_limit(*process, resource, limit); !set) {
            return call_error(set.error());
        }
    }
    if (old_limit != 0) {
        return call_result(
            write_user(old_limit, Limit64{.soft = widen(before.soft), .hard = widen(before.hard)}));
    }
    return 0;
}

CallResult getrusage(const CallArguments& arguments) {
    constexpr std::int32_t kSelf = 0, kChildren = -1, kThread = 1;
    switch (static_cast<std::int32_t>(arguments.first())) {
        case kSelf:
            return call_result(write_user(arguments.second(), user_usage(usage_of(current_process()))));
        case kChildren:
            return call_result(write_user(arguments.second(), user_usage(current_process().waited_children)));
        case kThread:
            return call_result(write_user(arguments.second(), user_usage(usage_of(current_thread()))));
        default:
            return call_error(Errno::kInvalid);
    }
}

constexpr CallRow kRows[] = {
    {75, "setrlimit", "resource, limit", setrlimit},
    {76, "getrlimit", "resource, limit", old_getrlimit},
    {77, "getrusage", "who, usage", getrusage},
    {191, "ugetrlimit", "resource, limit", ugetrlimit},
    {340, "prlimit64", "process, resource, new limit, old limit", prlimit64},
};

}  // namespace

std::span<const CallRow> limit_calls() {
    return kRows;
}

}  // namespace kernel
