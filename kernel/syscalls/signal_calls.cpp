// System calls about signals: actions, masks, stacks, and the table of all.
//
// The structures are those of [linux] arch/x86/include/uapi/asm/signal.h.
#include "kernel/arch/i686/signal_frame.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/signal_call_list.hpp"

namespace kernel {
namespace {

using calls::kSetBytes;
using calls::read_set;
using calls::set_of;

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

constexpr std::uint32_t low_of(SignalSet set) {
    return static_cast<std::uint32_t>(set.bits);
}
constexpr std::uint32_t high_of(SignalSet set) {
    return static_cast<std::uint32_t>(set.bits >> 32);
}

bool is_signal(std::uint32_t number) {
    return number >= 1 && number <= signal::kLast;
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
    {29, "pause", "", calls::pause},
    {37, "kill", "process, signal", calls::kill},
    {48, "signal", "signal, handler", signal_call},
    {67, "sigaction", "signal, action, old_action", sigaction},
    {68, "sgetmask", "", sgetmask},
    {69, "ssetmask", "mask", ssetmask},
    {72, "sigsuspend", "unused, unused, mask", calls::sigsuspend},
    {73, "sigpending", "set", sigpending},
    {119, "sigreturn", "", sigreturn},
    {126, "sigprocmask", "how, set, old_set", sigprocmask},
    {173, "rt_sigreturn", "", rt_sigreturn},
    {174, "rt_sigaction", "signal, action, old_action, set_size", rt_sigaction},
    {175, "rt_sigprocmask", "how, set, old_set, set_size", rt_sigprocmask},
    {176, "rt_sigpending", "set, set_size", rt_sigpending},
    {177, "rt_sigtimedwait", "set, information, timeout, set_size", calls::rt_sigtimedwait},
    {178, "rt_sigqueueinfo", "process, signal, information", calls::rt_sigqueueinfo},
    {179, "rt_sigsuspend", "mask, set_size", calls::rt_sigsuspend},
    {186, "sigaltstack", "stack, old_stack", sigaltstack},
    {238, "tkill", "thread, signal", calls::tkill},
    {270, "tgkill", "process, thread, signal", calls::tgkill},
    {335, "rt_tgsigqueueinfo", "process, thread, signal, information", calls::rt_tgsigqueueinfo},
    {421, "rt_sigtimedwait_time64", "set, information, timeout, set_size", calls::rt_sigtimedwait_time64},
};

}  // namespace

std::span<const CallRow> signal_calls() {
    return kRows;
}

}  // namespace kernel
