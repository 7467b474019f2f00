// What happens to a thread's signals on its way back to ring 3.
#include "kernel/arch/i686/signal_frame.hpp"
#include "kernel/programs/exit.hpp"
#include "kernel/programs/groups.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/signal_defaults.hpp"
#include "kernel/programs/signals.hpp"
#include "kernel/programs/stop.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kCallVector = 0x80;
/// `int 0x80`: what is executed anew.
constexpr std::uint32_t kCallBytes = 2;

/// How the call that the thread returns from was interrupted.
enum class Interruption : std::uint8_t { kNone, kRestart, kRestartNoHandler };

Interruption interruption_of(const TrapFrame& frame) {
    if (frame.vector != kCallVector) {
        return Interruption::kNone;
    }
    if (frame.eax == -static_cast<std::uint32_t>(Errno::kRestart)) {
        return Interruption::kRestart;
    }
    return frame.eax == -static_cast<std::uint32_t>(Errno::kRestartNoHandler)
               ? Interruption::kRestartNoHandler
               : Interruption::kNone;
}

void begin_call_anew(Thread& thread) {
    thread.frame->eip -= kCallBytes;
    thread.frame->eax = thread.system_call;
    thread.frame->vector = kNoCall;
}

/// What an interrupted call returns is settled before the handler's frame keeps it.
void settle_call(Thread& thread, const SignalAction& action) {
    const Interruption interruption = interruption_of(*thread.frame);
    thread.restart_deadline = kNever;
    if (interruption == Interruption::kRestart && (action.flags & action_flag::kRestart) != 0) {
        begin_call_anew(thread);
    } else if (interruption != Interruption::kNone) {
        thread.frame->eax = -static_cast<std::uint32_t>(Errno::kInterrupted);
    }
}

void handle(Thread& thread, const SignalInfo& info) {
    SignalAction& action = thread.process().actions->of(info.signal);
    const SignalAction entered = action;
    ThreadSignals& signals = thread.signals;
    settle_call(thread, entered);
    const SignalSet mask = signals.restore_mask ? signals.mask_to_restore : signals.mask;
    if (!enter_handler(thread, info, entered, mask)) {
        if (has_fatal_signal(thread)) {
            return;  // Perhaps that ended the wait for a page of the stack; and it is the end anyway.
        }
        // Nowhere to put the frame. When SIGSEGV's own frame is what cannot be put, it is the end.
        if (info.signal == signal::kSegmentation) {
            action.handler = kDefaultHandler;
        }
        force_signal(thread, {.signal = signal::kSegmentation, .code = signal_code::kKernel});
        return;
    }
    signals.restore_mask = false;
    if ((entered.flags & action_flag::kResetHandler) != 0) {
        action.handler = kDefaultHandler;
    }
    SignalSet blocked = signals.mask | entered.mask;
    if ((entered.flags & action_flag::kNoDefer) == 0) {
        blocked.add(info.signal);
    }
    set_signal_mask(thread, blocked);
}

void act(Thread& thread, const SignalInfo& info) {
    Process& process = thread.process();
    const UserAddress handler = process.actions->of(info.signal).handler;
    if (handler == kIgnoreHandler) {
        return;
    }
    if (handler != kDefaultHandler) {
        handle(thread, info);
        return;
    }
    switch (default_action(info.signal)) {
        case DefaultAction::kIgnore:
            return;
        case DefaultAction::kStop:
            if (info.signal == signal::kStop || !is_orphaned_group(process.group, process.session)) {
                stop_process(process, info.signal);
            }
            return;
        case DefaultAction::kEnd:
            end_process({.status = 0, .signal = info.signal});
    }
}

}  // namespace

void deliver_signals(Thread& thread) {
    ThreadSignals& signals = thread.signals;
    if (!signals.attention && interruption_of(*thread.frame) == Interruption::kNone) {
        return;
    }
    Process& process = thread.process();
    for (;;) {
        if (signals.pending.set.has(signal::kKill)) {
            end_thread(process.exit);
        }
        if (process.stopped_by != 0) {
            stop_with_process(thread);
            continue;
        }
        SignalInfo info;
        if (!take_signal(thread, SignalSet{~signals.mask.bits}, info)) {
            break;
        }
        act(thread, info);
    }
    if (interruption_of(*thread.frame) != Interruption::kNone) {
        begin_call_anew(thread);
    }
    if (signals.restore_mask) {
        signals.restore_mask = false;
        // Something may have become deliverable by that.
        set_signal_mask(thread, signals.mask_to_restore);
        deliver_signals(thread);
        return;
    }
    signals.attention = false;
}

}  // namespace kernel
