// System calls about signals. [linux] signal(7); arch/x86/include/uapi/asm/signal.h has the structures.
#include "kernel/arch/i686/signal_frame.hpp"
#include "kernel/clock.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/signal_information.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {
namespace {

/// How large a set a caller must say it has.
constexpr std::uint32_t kSetBytes = 8;

/// struct sigaction, rt_sigaction's and sigaction's.
struct UserAction {
    UserAddress handler;
    std::uint32_t flags;
    UserAddress restorer;
    std::uint32_t mask_low, mask_high;
};
static_assert(sizeof(UserAction) == 20);
struct OldUserAction {
    UserAddress handler;
    std::uint32_t mask;
    std::uint32_t flags;
    UserAddress restorer;
};

constexpr SignalSet set_of(std::uint32_t low, std::uint32_t high) {
    return {std::uint64_t{high} << 32 | low};
}
constexpr std::uint32_t low_of(SignalSet set) {
    return static_cast<std::uint32_t>(set.bits);
}
constexpr std::uint32_t high_of(SignalSet set) {
    return static_cast<std::uint32_t>(set.bits >> 32);
}

bool is_signal(std::uint32_t number) {
    return number >= 1 && number <= signal::kLast;
}

FileResult<SignalSet> read_set(UserAddress from) {
    SignalSet set;
    if (const auto read = read_user(set.bits, from); !read) {
        return file_error(read.error());
    }
    return set;
}

// --- sending ---

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

// --- actions ---

/// Sets the action if there is a new one; the old one. Error: kInvalid.
FileResult<SignalAction> exchange_action(std::uint32_t number, const SignalAction* wanted) {
    const bool fixed = number == signal::kKill || number == signal::kStop;
    if (!is_signal(number) || (fixed && wanted != nullptr)) {
        return file_error(Errno::kInvalid);
    }
    Process& process = current_process();
    const auto signal = static_cast<Signal>(number);
    const SignalAction before = process.actions->of(signal);
    if (wanted != nullptr) {
        set_signal_action(process, signal, *wanted);
    }
    return before;
}

CallResult rt_sigaction(const CallArguments& arguments) {
    if (arguments.fourth() != kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    UserAction user{};
    if (arguments.second() != 0 && !read_user(user, arguments.second())) {
        return call_error(Errno::kFault);
    }
    const SignalAction wanted{.handler = user.handler,
                              .flags = user.flags,
                              .restorer = user.restorer,
                              .mask = set_of(user.mask_low, user.mask_high)};
    const auto before = exchange_action(arguments.first(), arguments.second() != 0 ? &wanted : nullptr);
    if (!before) {
        return call_error(before.error());
    }
    const UserAction old{.handler = before->handler,
                         .flags = before->flags,
                         .restorer = before->restorer,
                         .mask_low = low_of(before->mask),
                         .mask_high = high_of(before->mask)};
    return arguments.third() == 0 ? 0 : call_result(write_user(arguments.third(), old));
}

CallResult sigaction(const CallArguments& arguments) {
    OldUserAction user{};
    if (arguments.second() != 0 && !read_user(user, arguments.second())) {
        return call_error(Errno::kFault);
    }
    const SignalAction wanted{.handler = user.handler,
                              .flags = user.flags,
                              .restorer = user.restorer,
                              .mask = set_of(user.mask, 0)};
    const auto before = exchange_action(arguments.first(), arguments.second() != 0 ? &wanted : nullptr);
    if (!before) {
        return call_error(before.error());
    }
    const OldUserAction old{.handler = before->handler,
                            .mask = low_of(before->mask),
                            .flags = before->flags,
                            .restorer = before->restorer};
    return arguments.third() == 0 ? 0 : call_result(write_user(arguments.third(), old));
}

CallResult signal_call(const CallArguments& arguments) {
    const SignalAction wanted{.handler = arguments.second(),
                              .flags = action_flag::kResetHandler | action_flag::kNoDefer,
                              .restorer = 0,
                              .mask = {}};
    const auto before = exchange_action(arguments.first(), &wanted);
    return before ? static_cast<CallResult>(before->handler) : call_error(before.error());
}

// --- masks ---

/// How sigprocmask changes the mask: SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK.
FileResult<SignalSet> changed_mask(std::uint32_t how, SignalSet mask, SignalSet set, SignalSet replaced) {
    switch (how) {
        case 0:
            return mask | set;
        case 1:
            return mask.without(set);
        case 2:
            return mask.without(replaced) | set;
        default:
            return file_error(Errno::kInvalid);
    }
}

CallResult change_mask(std::uint32_t how, SignalSet set, SignalSet replaced) {
    Thread& thread = current_thread();
    const auto mask = changed_mask(how, thread.signals.mask, set, replaced);
    if (!mask) {
        return call_error(mask.error());
    }
    set_signal_mask(thread, *mask);
    return 0;
}

CallResult rt_sigprocmask(const CallArguments& arguments) {
    if (arguments.fourth() != kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    const SignalSet before = current_thread().signals.mask;
    if (arguments.second() != 0) {
        const auto set = read_set(arguments.second());
        if (!set) {
            return call_error(set.error());
        }
        if (const CallResult changed = change_mask(arguments.first(), *set, {UINT64_MAX}); changed != 0) {
            return changed;
        }
    }
    return arguments.third() == 0 ? 0 : call_result(write_user(arguments.third(), before.bits));
}

CallResult sigprocmask(const CallArguments& arguments) {
    const SignalSet before = current_thread().signals.mask;
    if (arguments.second() != 0) {
        std::uint32_t set = 0;
        if (!read_user(set, arguments.second())) {
            return call_error(Errno::kFault);
        }
        const CallResult changed = change_mask(arguments.first(), set_of(set, 0), set_of(UINT32_MAX, 0));
        if (changed != 0) {
            return changed;
        }
    }
    return arguments.third() == 0 ? 0 : call_result(write_user(arguments.third(), low_of(before)));
}

CallResult sgetmask(const CallArguments&) {
    return static_cast<CallResult>(low_of(current_thread().signals.mask));
}

CallResult ssetmask(const CallArguments& arguments) {
    const std::uint32_t before = low_of(current_thread().signals.mask);
    set_signal_mask(current_thread(), set_of(arguments.first(), 0));
    return static_cast<CallResult>(before);
}

SignalSet pending_and_blocked() {
    const ThreadSignals& signals = current_thread().signals;
    return (signals.pending.set | current_process().pending.set) & signals.mask;
}

CallResult rt_sigpending(const CallArguments& arguments) {
    if (arguments.second() > kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    const std::uint64_t pending = pending_and_blocked().bits;
    const auto bytes = std::as_bytes(std::span(&pending, 1)).first(arguments.second());
    return copy_to_user(arguments.first(), bytes) == bytes.size() ? 0 : call_error(Errno::kFault);
}

CallResult sigpending(const CallArguments& arguments) {
    return call_result(write_user(arguments.first(), low_of(pending_and_blocked())));
}

// --- waiting ---

/// Until a signal is to be handled, or ends the process.
CallResult wait_for_signal() {
    while (sleep(Interruptible::kYes) != Wake::kSignal) {
    }
    return call_error(Errno::kRestartNoHandler);
}

CallResult pause(const CallArguments&) {
    return wait_for_signal();
}

CallResult rt_sigsuspend(const CallArguments& arguments) {
    if (arguments.second() != kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    const auto mask = read_set(arguments.first());
    if (!mask) {
        return call_error(mask.error());
    }
    set_signal_mask_for_call(current_thread(), *mask);
    return wait_for_signal();
}

CallResult sigsuspend(const CallArguments& arguments) {
    set_signal_mask_for_call(current_thread(), set_of(arguments.third(), 0));
    return wait_for_signal();
}

/// Takes a signal of `set` as soon as there is one.
FileResult<SignalInfo> take_within(SignalSet set, Moment deadline) {
    Thread& thread = current_thread();
    SignalInfo info;
    while (!take_signal(thread, set, info)) {
        thread.signals.waited_for = set;
        thread.signals.attention = true;
        const Wake wake = sleep(Interruptible::kYes, deadline);
        thread.signals.waited_for = {};
        if (wake == Wake::kWoken) {
            continue;
        }
        if (take_signal(thread, set, info)) {
            break;
        }
        return file_error(wake == Wake::kTimedOut ? Errno::kAgain : Errno::kInterrupted);
    }
    return info;
}

template <typename Word>
struct UserTime {
    Word seconds;
    Word nanoseconds;
};

/// When a wait of so long ends. Errors: kFault, kInvalid.
template <typename Word>
FileResult<Moment> deadline_from(UserAddress timeout) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    constexpr std::int64_t kMostSeconds = std::int64_t{1} << 40;
    if (timeout == 0) {
        return kNever;
    }
    UserTime<Word> time{};
    if (!read_user(time, timeout)) {
        return file_error(Errno::kFault);
    }
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= kSecond) {
        return file_error(Errno::kInvalid);
    }
    if (time.seconds > kMostSeconds) {
        return kNever;
    }
    const auto seconds = static_cast<std::uint64_t>(time.seconds);
    const auto nanoseconds = static_cast<std::uint64_t>(time.nanoseconds);
    return clock().microseconds_since_entry() + seconds * 1'000'000 + (nanoseconds + 999) / 1000;
}

template <typename Word>
CallResult rt_sigtimedwait(const CallArguments& arguments) {
    if (arguments.fourth() != kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    auto set = read_set(arguments.first());
    if (!set) {
        return call_error(set.error());
    }
    set->remove(signal::kKill);
    set->remove(signal::kStop);
    const auto deadline = deadline_from<Word>(arguments.third());
    if (!deadline) {
        return call_error(deadline.error());
    }
    const auto info = take_within(*set, *deadline);
    if (!info) {
        return call_error(info.error());
    }
    if (arguments.second() != 0 && !write_user(arguments.second(), user_signal_info(*info))) {
        return call_error(Errno::kFault);
    }
    return info->signal;
}

// --- handlers' stacks and returns ---

struct UserStack {
    UserAddress address;
    std::uint32_t flags;
    std::uint32_t size_bytes;
};

CallResult sigaltstack(const CallArguments& arguments) {
    Thread& thread = current_thread();
    const UserStack before{.address = thread.signals.alternate_stack,
                           .flags = alternate_stack_state(thread),
                           .size_bytes = thread.signals.alternate_stack_bytes};
    if (arguments.first() != 0) {
        UserStack wanted{};
        if (!read_user(wanted, arguments.first())) {
            return call_error(Errno::kFault);
        }
        const auto set = set_alternate_stack(thread, wanted.address, wanted.size_bytes, wanted.flags);
        if (!set) {
            return call_error(set.error());
        }
    }
    return arguments.second() == 0 ? 0 : call_result(write_user(arguments.second(), before));
}

CallResult return_from(FrameKind kind, TrapFrame& frame) {
    Thread& thread = current_thread();
    const auto mask = leave_handler(thread, kind);
    if (!mask) {
        force_signal(thread, {.signal = signal::kSegmentation, .code = signal_code::kKernel});
        return 0;
    }
    set_signal_mask(thread, *mask);
    return static_cast<CallResult>(frame.eax);
}

CallResult sigreturn(const CallArguments& arguments) {
    return return_from(FrameKind::kPlain, arguments.frame());
}

CallResult rt_sigreturn(const CallArguments& arguments) {
    return return_from(FrameKind::kWithInformation, arguments.frame());
}

constexpr CallRow kRows[] = {
    {29, "pause", "", pause},
    {37, "kill", "process, signal", kill},
    {48, "signal", "signal, handler", signal_call},
    {67, "sigaction", "signal, action, old_action", sigaction},
    {68, "sgetmask", "", sgetmask},
    {69, "ssetmask", "mask", ssetmask},
    {72, "sigsuspend", "unused, unused, mask", sigsuspend},
    {73, "sigpending", "set", sigpending},
    {119, "sigreturn", "", sigreturn},
    {126, "sigprocmask", "how, set, old_set", sigprocmask},
    {173, "rt_sigreturn", "", rt_sigreturn},
    {174, "rt_sigaction", "signal, action, old_action, set_size", rt_sigaction},
    {175, "rt_sigprocmask", "how, set, old_set, set_size", rt_sigprocmask},
    {176, "rt_sigpending", "set, set_size", rt_sigpending},
    {177, "rt_sigtimedwait", "set, information, timeout, set_size", rt_sigtimedwait<std::int32_t>},
    {178, "rt_sigqueueinfo", "process, signal, information", rt_sigqueueinfo},
    {179, "rt_sigsuspend", "mask, set_size", rt_sigsuspend},
    {186, "sigaltstack", "stack, old_stack", sigaltstack},
    {238, "tkill", "thread, signal", tkill},
    {270, "tgkill", "process, thread, signal", tgkill},
    {335, "rt_tgsigqueueinfo", "process, thread, signal, information", rt_tgsigqueueinfo},
    {421, "rt_sigtimedwait_time64", "set, information, timeout, set_size", rt_sigtimedwait<std::int64_t>},
};

}  // namespace

std::span<const CallRow> signal_calls() {
    return kRows;
}

}  // namespace kernel
