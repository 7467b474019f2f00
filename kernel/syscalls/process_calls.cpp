// System calls about processes: making, ending, waiting for them; groups, sessions, users.
//
// Everybody is root here: there is one user and one group, number 0. As in a Linux user namespace that maps only
// these, asking to be somebody else is EINVAL.
#include "kernel/files/proc/benchmark.hpp"
#include "kernel/programs/children.hpp"
#include "kernel/programs/exec.hpp"
#include "kernel/programs/exit.hpp"
#include "kernel/programs/fork.hpp"
#include "kernel/programs/groups.hpp"
#include "kernel/programs/signal_information.hpp"
#include "kernel/programs/usage.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/file_arguments.hpp"

namespace kernel {
namespace {

CallResult exit(const CallArguments& arguments) {
    end_thread({.status = static_cast<std::uint8_t>(arguments.first())});
}

CallResult exit_group(const CallArguments& arguments) {
    end_process({.status = static_cast<std::uint8_t>(arguments.first())});
}

CallResult fork(const CallArguments& arguments) {
    return call_result(clone_current(arguments.frame(), {.flags = signal::kChild}));
}

CallResult vfork(const CallArguments& arguments) {
    return call_result(clone_current(arguments.frame(),
                                     {.flags = clone_flags::kVfork | clone_flags::kMemory | signal::kChild}));
}

CallResult clone(const CallArguments& arguments) {
    return call_result(clone_current(arguments.frame(), {.flags = arguments.first(),
                                                         .stack = arguments.second(),
                                                         .parent_tid = arguments.third(),
                                                         .tls = arguments.fourth(),
                                                         .child_tid = arguments.fifth()}));
}

FileResult<void> execute_node(TrapFrame& frame, FileResult<Shared<Inode>> node, std::string_view path,
                              UserAddress argument_array, UserAddress environment_array) {
    note_prompt();
    if (!node) {
        return file_error(node.error());
    }
    const std::size_t most_bytes = most_argument_bytes(current_process().limits[kLimitStack].soft);
    ArgumentStrings arguments(most_bytes);
    if (const auto added = arguments.add_from_user(argument_array); !added) {
        return added;
    }
    ArgumentStrings environment(most_bytes - arguments.size_bytes());
    if (const auto added = environment.add_from_user(environment_array); !added) {
        return added;
    }
    return execute(frame, std::move(*node), path, arguments, environment);
}

CallResult execve(const CallArguments& arguments) {
    const PathArgument path(arguments.first());
    if (!path.path()) {
        return call_error(path.path().error());
    }
    const FileSystemView& view = caller_view();
    const auto done =
        execute_node(arguments.frame(), walk(view, view.working_directory, *path.path(), LastLink::kFollow),
                     *path.path(), arguments.second(), arguments.third());
    return call_result(done);
}

CallResult execveat(const CallArguments& arguments) {
    const std::uint32_t flags = arguments.fifth();
    if ((flags & ~(at_flags::kNoFollow | at_flags::kEmptyPath)) != 0) {
        return call_error(Errno::kInvalid);
    }
    const PathArgument path(arguments.second());
    if (!path.path()) {
        return call_error(path.path().error());
    }
    const LastLink last_link = (flags & at_flags::kNoFollow) != 0 ? LastLink::kStay : LastLink::kFollow;
    auto node = node_of(arguments.first(), arguments.second(), last_link, flags & at_flags::kEmptyPath);
    if (node && (*node)->kind() == FileKind::kSymlink) {
        return call_error(Errno::kTooManySymlinks);
    }
    return call_result(execute_node(arguments.frame(), std::move(node), *path.path(), arguments.third(),
                                    arguments.fourth()));
}

/// A stranger to execve: who it is about, as wait4 has it.
WaitRequest request_of(std::int32_t id, std::uint32_t options) {
    if (id > 0) {
        return {.whom = WaitRequest::Whom::kProcess, .id = id, .options = options};
    }
    if (id == -1) {
        return {.whom = WaitRequest::Whom::kAny, .options = options};
    }
    return {
        .whom = WaitRequest::Whom::kGroup, .id = id == 0 ? current_process().group : -id, .options = options};
}

FileResult<void> write_usage(UserAddress to, const Usage& usage) {
    if (to == 0) {
        return {};
    }
    return write_user(to, user_usage(usage));
}

CallResult wait(std::int32_t id, UserAddress status, std::uint32_t options, UserAddress usage) {
    constexpr std::uint32_t kKnown = wait_option::kNoHang | wait_option::kStopped | wait_option::kContinued |
                                     wait_option::kNotOthers | wait_option::kAll | wait_option::kClones;
    if ((options & ~kKnown) != 0) {
        return call_error(Errno::kInvalid);
    }
    if (id == INT32_MIN) {
        return call_error(Errno::kNoProcess);
    }
    const auto event = wait_for_child(request_of(id, options | wait_option::kExited));
    if (!event) {
        return call_error(event.error());
    }
    if (event->id == 0) {
        return 0;
    }
    if ((status != 0 && !write_user(status, event->wait_status())) || !write_usage(usage, event->usage)) {
        return call_error(Errno::kFault);
    }
    return event->id;
}

CallResult wait4(const CallArguments& arguments) {
    return wait(static_cast<std::int32_t>(arguments.first()), arguments.second(), arguments.third(),
                arguments.fourth());
}

CallResult waitpid(const CallArguments& arguments) {
    return wait(static_cast<std::int32_t>(arguments.first()), arguments.second(), arguments.third(), 0);
}

FileResult<WaitRequest> waitid_request(std::uint32_t kind, std::int32_t id, std::uint32_t options) {
    constexpr std::uint32_t kEvents = wait_option::kExited | wait_option::kStopped | wait_option::kContinued;
    constexpr std::uint32_t kKnown = kEvents | wait_option::kNoHang | wait_option::kKeep |
                                     wait_option::kNotOthers | wait_option::kAll | wait_option::kClones;
    if ((options & ~kKnown) != 0 || (options & kEvents) == 0) {
        return file_error(Errno::kInvalid);
    }
    switch (kind) {
        case 0:  // P_ALL
            return WaitRequest{.whom = WaitRequest::Whom::kAny, .options = options};
        case 1:  // P_PID
            if (id <= 0) {
                return file_error(Errno::kInvalid);
            }
            return WaitRequest{.whom = WaitRequest::Whom::kProcess, .id = id, .options = options};
        case 2:  // P_PGID
            if (id < 0) {
                return file_error(Errno::kInvalid);
            }
            return WaitRequest{.whom = WaitRequest::Whom::kGroup,
                               .id = id == 0 ? current_process().group : id,
                               .options = options};
        default:
            return file_error(Errno::kInvalid);
    }
}

CallResult waitid(const CallArguments& arguments) {
    const auto request =
        waitid_request(arguments.first(), static_cast<std::int32_t>(arguments.second()), arguments.fourth());
    if (!request) {
        return call_error(request.error());
    }
    const auto event = wait_for_child(*request);
    if (!event) {
        return call_error(event.error());
    }
    SignalInfo info;
    if (event->id != 0) {
        info = {.signal = signal::kChild,
                .code = event->code,
                .sender = event->id,
                .value = static_cast<std::uint32_t>(event->status)};
    }
    const UserAddress to = arguments.third();
    const UserAddress usage = event->id != 0 ? arguments.fifth() : 0;
    if (!write_usage(usage, event->usage) || (to != 0 && !write_user(to, user_signal_info(info)))) {
        return call_error(Errno::kFault);
    }
    return 0;
}

CallResult getpid(const CallArguments&) {
    return current_process().id();
}

CallResult getppid(const CallArguments&) {
    return current_process().parent->id();
}

CallResult getpgrp(const CallArguments&) {
    return current_process().group;
}

CallResult setpgid(const CallArguments& arguments) {
    return call_result(
        set_group(static_cast<ProcessId>(arguments.first()), static_cast<ProcessId>(arguments.second())));
}

CallResult setsid(const CallArguments&) {
    return call_result(start_session());
}

const Process* process_or_caller(std::uint32_t id) {
    return id == 0 ? &current_process() : find_process(static_cast<ProcessId>(id));
}

CallResult getpgid(const CallArguments& arguments) {
    const Process* const process = process_or_caller(arguments.first());
    return process != nullptr ? process->group : call_error(Errno::kNoProcess);
}

CallResult getsid(const CallArguments& arguments) {
    const Process* const process = process_or_caller(arguments.first());
    return process != nullptr ? process->session : call_error(Errno::kNoProcess);
}

CallResult umask(const CallArguments& arguments) {
    FileSystemView& view = caller_view();
    const std::uint16_t before = view.permission_mask;
    view.permission_mask = static_cast<std::uint16_t>(arguments.first() & 0777);
    return before;
}

CallResult root_id(const CallArguments&) {
    return 0;
}

/// A user or group that can be had: 0, or -1 for "as it is", with 16 bits or 32.
bool is_root_or_unchanged(std::uint32_t id) {
    return id == 0 || id == UINT32_MAX || id == UINT16_MAX;
}

CallResult set_id(const CallArguments& arguments) {
    return arguments.first() == 0 ? 0 : call_error(Errno::kInvalid);
}

CallResult set_two_ids(const CallArguments& arguments) {
    return is_root_or_unchanged(arguments.first()) && is_root_or_unchanged(arguments.second())
               ? 0
               : call_error(Errno::kInvalid);
}

CallResult set_three_ids(const CallArguments& arguments) {
    return is_root_or_unchanged(arguments.third()) ? set_two_ids(arguments) : call_error(Errno::kInvalid);
}

template <typename Id>
CallResult get_three_ids(const CallArguments& arguments) {
    for (const UserAddress to : {arguments.first(), arguments.second(), arguments.third()}) {
        if (!write_user(to, Id{0})) {
            return call_error(Errno::kFault);
        }
    }
    return 0;
}

/// There are no supplementary groups.
CallResult getgroups(const CallArguments& arguments) {
    return static_cast<std::int32_t>(arguments.first()) < 0 ? call_error(Errno::kInvalid) : 0;
}

template <typename Id>
CallResult setgroups(const CallArguments& arguments) {
    constexpr std::uint32_t kMostGroups = 65536;
    if (arguments.first() > kMostGroups) {
        return call_error(Errno::kInvalid);
    }
    for (std::uint32_t i = 0; i < arguments.first(); ++i) {
        Id id = 0;
        if (!read_user(id, arguments.second() + i * sizeof(Id))) {
            return call_error(Errno::kFault);
        }
        if (id != 0) {
            return call_error(Errno::kInvalid);
        }
    }
    return 0;
}

constexpr CallRow kRows[] = {
    {1, "exit", "status", exit},
    {2, "fork", "", fork},
    {7, "waitpid", "process, status, options", waitpid},
    {11, "execve", "path, arguments, environment", execve},
    {20, "getpid", "", getpid},
    {23, "setuid", "user", set_id},
    {24, "getuid", "", root_id},
    {46, "setgid", "group", set_id},
    {47, "getgid", "", root_id},
    {49, "geteuid", "", root_id},
    {50, "getegid", "", root_id},
    {57, "setpgid", "process, group", setpgid},
    {60, "umask", "mask", umask},
    {64, "getppid", "", getppid},
    {65, "getpgrp", "", getpgrp},
    {66, "setsid", "", setsid},
    {70, "setreuid", "real, effective", set_two_ids},
    {71, "setregid", "real, effective", set_two_ids},
    {80, "getgroups", "count, list", getgroups},
    {81, "setgroups", "count, list", setgroups<std::uint16_t>},
    {114, "wait4", "process, status, options, usage", wait4},
    {120, "clone", "flags, stack, parent_tid, tls, child_tid", clone},
    {132, "getpgid", "process", getpgid},
    {138, "setfsuid", "user", root_id},
    {139, "setfsgid", "group", root_id},
    {147, "getsid", "process", getsid},
    {164, "setresuid", "real, effective, saved", set_three_ids},
    {165, "getresuid", "real, effective, saved", get_three_ids<std::uint16_t>},
    {170, "setresgid", "real, effective, saved", set_three_ids},
    {171, "getresgid", "real, effective, saved", get_three_ids<std::uint16_t>},
    {190, "vfork", "", vfork},
    {199, "getuid32", "", root_id},
    {200, "getgid32", "", root_id},
    {201, "geteuid32", "", root_id},
    {202, "getegid32", "", root_id},
    {203, "setreuid32", "real, effective", set_two_ids},
    {204, "setregid32", "real, effective", set_two_ids},
    {205, "getgroups32", "count, list", getgroups},
    {206, "setgroups32", "count, list", setgroups<std::uint32_t>},
    {208, "setresuid32", "real, effective, saved", set_three_ids},
    {209, "getresuid32", "real, effective, saved", get_three_ids<std::uint32_t>},
    {210, "setresgid32", "real, effective, saved", set_three_ids},
    {211, "getresgid32", "real, effective, saved", get_three_ids<std::uint32_t>},
    {213, "setuid32", "user", set_id},
    {214, "setgid32", "group", set_id},
    {215, "setfsuid32", "user", root_id},
    {216, "setfsgid32", "group", root_id},
    {252, "exit_group", "status", exit_group},
    {284, "waitid", "kind, id, information, options, usage", waitid},
    {358, "execveat", "directory, path, arguments, environment, flags", execveat},
};

}  // namespace

std::span<const CallRow> process_calls() {
    return kRows;
}

}  // namespace kernel
