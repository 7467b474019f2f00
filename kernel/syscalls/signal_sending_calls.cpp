// System calls that send signals: kill and its kin.
#include "kernel/programs/process.hpp"
#include "kernel/programs/signal_information.hpp"
#include "kernel/syscalls/signal_call_list.hpp"

namespace kernel {
namespace {

SignalInfo from_caller(std::uint32_t number, std::int32_t code) {
    return {.signal = static_cast<Signal>(number), .code = code, .sender = current_process().id()};
}

/// Signal 0 only asks whether there is anybody.
void send_if_any(Process& process, const SignalInfo& info) {
    if (info.signal != 0) {
        send_signal(process, info);
    }
}

std::uint32_t send_to_group_of(ProcessId group, const SignalInfo& info) {
    std::uint32_t reached = 0;
    for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group) {
            send_if_any(*process, info);
            ++reached;
        }
    }
    return reached;
}

/// kill(-1): everybody but process 1 and the caller.
std::uint32_t send_to_all(const SignalInfo& info) {
    std::uint32_t reached = 0;
    for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->id() != 1 && process != &current_process()) {
            send_if_any(*process, info);
            ++reached;
        }
    }
    return reached;
}

/// The thread `id`, of process `process` unless that is 0.
FileResult<Thread*> find_target(std::int32_t process, std::int32_t id) {
    if (id <= 0 || process < 0) {
        return file_error(Errno::kInvalid);
    }
    Thread* const thread = find_thread(id);
    if (thread == nullptr || (process != 0 && thread->process().id() != process)) {
        return file_error(Errno::kNoProcess);
    }
    return thread;
}

CallResult send_to_thread(std::int32_t process, std::int32_t id, std::uint32_t number) {
    if (number > signal::kLast) {
        return call_error(Errno::kInvalid);
    }
    const auto thread = find_target(process, id);
    if (!thread) {
        return call_error(thread.error());
    }
    if (number != 0) {
        send_signal_to_thread(**thread, from_caller(number, signal_code::kThread));
    }
    return 0;
}

/// What the caller says a signal is about. Error: kNotPermitted, when it says so in the kernel's name, to others.
FileResult<SignalInfo> read_information(UserAddress from, std::uint32_t number, ProcessId target) {
    UserSignalInfo user{};
    if (!read_user(user, from)) {
        return file_error(Errno::kFault);
    }
    if ((user.code >= 0 || user.code == signal_code::kThread) && target != current_process().id()) {
        return file_error(Errno::kNotPermitted);
    }
    if (number > signal::kLast) {
        return file_error(Errno::kInvalid);
    }
    return signal_info_from_user(user, static_cast<Signal>(number));
}

}  // namespace

namespace calls {

CallResult kill(const CallArguments& arguments) {
    const auto id = static_cast<std::int32_t>(arguments.first());
    const std::uint32_t number = arguments.second();
    if (number > signal::kLast) {
        return call_error(Errno::kInvalid);
    }
    const SignalInfo info = from_caller(number, signal_code::kUser);
    std::uint32_t reached = 0;
    if (id > 0) {
        Process* const process = find_process(id);
        if (process != nullptr) {
            send_if_any(*process, info);
            reached = 1;
        }
    } else if (id == -1) {
        reached = send_to_all(info);
    } else if (id != INT32_MIN) {
        reached = send_to_group_of(id == 0 ? current_process().group : -id, info);
    }
    return reached != 0 ? 0 : call_error(Errno::kNoProcess);
}

CallResult tkill(const CallArguments& arguments) {
    return send_to_thread(0, static_cast<std::int32_t>(arguments.first()), arguments.second());
}

CallResult tgkill(const CallArguments& arguments) {
    const auto process = static_cast<std::int32_t>(arguments.first());
    if (process <= 0) {
        return call_error(Errno::kInvalid);
    }
    return send_to_thread(process, static_cast<std::int32_t>(arguments.second()), arguments.third());
}

CallResult rt_sigqueueinfo(const CallArguments& arguments) {
    const auto id = static_cast<ProcessId>(arguments.first());
    const auto info = read_information(arguments.third(), arguments.second(), id);
    if (!info) {
        return call_error(info.error());
    }
    Process* const process = find_process(id);
    if (process == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    return info->signal == 0 ? 0 : call_result(queue_signal(*process, *info));
}

CallResult rt_tgsigqueueinfo(const CallArguments& arguments) {
    const auto process = static_cast<ProcessId>(arguments.first());
    if (process <= 0) {
        return call_error(Errno::kInvalid);
    }
    const auto info = read_information(arguments.fourth(), arguments.third(), process);
    if (!info) {
        return call_error(info.error());
    }
    const auto thread = find_target(process, static_cast<ThreadId>(arguments.second()));
    if (!thread) {
        return call_error(thread.error());
    }
    return info->signal == 0 ? 0 : call_result(queue_signal_to_thread(**thread, *info));
}

}  // namespace calls
}  // namespace kernel
