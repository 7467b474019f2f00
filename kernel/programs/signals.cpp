#include "kernel/programs/signals.hpp"

#include <bit>
#include <new>

#include "kernel/programs/exit.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/signal_defaults.hpp"
#include "kernel/programs/stop.hpp"

namespace kernel {
namespace {

/// Queued for one thread or process at most: what a program that blocks a signal and sends it for ever can take.
constexpr std::uint32_t kMostQueued = 1024;

constexpr SignalSet kUnblockable{std::uint64_t{1} << (signal::kKill - 1) | std::uint64_t{1}
                                                                               << (signal::kStop - 1)};
/// Consequences of what the thread itself did: they come before all others.
constexpr SignalSet kSynchronous{1ULL << (signal::kIllegal - 1) | 1ULL << (signal::kTrap - 1) |
                                 1ULL << (signal::kBus - 1) | 1ULL << (signal::kFloatingPoint - 1) |
                                 1ULL << (signal::kSegmentation - 1) | 1ULL << (signal::kSystem - 1)};

bool is_ignored(const Process& process, Signal signal) {
    const UserAddress handler = process.actions->of(signal).handler;
    return handler == kIgnoreHandler ||
           (handler == kDefaultHandler && default_action(signal) == DefaultAction::kIgnore);
}

/// Whether nobody will ever take it: not even later, when it is no longer blocked.
bool is_dropped(const Thread& thread, Signal signal) {
    return is_ignored(thread.process(), signal) && !thread.signals.mask.has(signal) &&
           !thread.signals.waited_for.has(signal);
}

/// Whether the details must be kept, or may be lost.
enum class Queueing : std::uint8_t { kIfPossible, kMust };

FileResult<void> enqueue(PendingSignals& pending, const SignalInfo& info, Queueing queueing) {
    const bool once = info.signal < signal::kFirstRealTime;
    if (once && pending.set.has(info.signal)) {
        return {};
    }
    QueuedSignal* const queued =
        pending.queued < kMostQueued ? new (std::nothrow) QueuedSignal{info} : nullptr;
    if (queued == nullptr) {
        if (!once && queueing == Queueing::kMust) {
            return file_error(Errno::kAgain);
        }
        pending.set.add(info.signal);
        return {};
    }
    QueuedSignal** link = &pending.first;
    while (*link != nullptr) {
        link = &(*link)->next;
    }
    *link = queued;
    ++pending.queued;
    pending.set.add(info.signal);
    return {};
}

bool take_from(PendingSignals& pending, Signal wanted, SignalInfo& info) {
    if (!pending.set.has(wanted)) {
        return false;
    }
    info = {.signal = wanted};
    bool found = false;
    bool more = false;
    for (QueuedSignal** link = &pending.first; *link != nullptr;) {
        QueuedSignal* const queued = *link;
        if (queued->info.signal == wanted) {
            if (found) {
                more = true;
                break;
            }
            found = true;
            info = queued->info;
            *link = queued->next;
            delete queued;
            --pending.queued;
        } else {
            link = &queued->next;
        }
    }
    if (!more) {
        pending.set.remove(wanted);
    }
    return true;
}

/// The thread looks at its signals on its way to ring 3, and goes there if it may be woken.
void alert(Thread& thread) {
    thread.signals.attention = true;
    if (has_deliverable_signal(thread)) {
        interrupt_sleep(thread);
    }
}

void drop_everywhere(Process& process, Signal signal) {
    drop_pending(process.pending, signal);
    for (Thread* thread = process.first_thread; thread != nullptr; thread = thread->next_in_process) {
        drop_pending(thread->signals.pending, signal);
    }
}

/// A stop signal and SIGCONT each undo the other that is still pending; SIGCONT's effect does not wait for anybody
/// to take it.
void cancel_opposites(Process& process, Signal signal) {
    if (signal == signal::kContinue) {
        for (const Signal stop :
             {signal::kStop, signal::kTerminalStop, signal::kTerminalInput, signal::kTerminalOutput}) {
            drop_everywhere(process, stop);
        }
        continue_process(process);
    } else if (default_action(signal) == DefaultAction::kStop) {
        drop_everywhere(process, signal::kContinue);
    }
}

void kill(Process& process) {
    if (!process.exiting) {
        process.exiting = true;
        process.exit = {.status = 0, .signal = signal::kKill};
        kill_threads(process, nullptr);
    }
}

/// The thread that takes a signal sent to the process: the first that does not block it.
Thread& taker_of(Process& process, Signal signal) {
    for (Thread* thread = process.first_thread; thread != nullptr; thread = thread->next_in_process) {
        if (!thread->signals.mask.has(signal) || thread->signals.waited_for.has(signal)) {
            return *thread;
        }
    }
    return *process.first_thread;
}

/// To `thread`, or null: to any of the process.
FileResult<void> send_to(Process& process, Thread* thread, const SignalInfo& info, Queueing queueing) {
    if (process.state == ProcessState::kZombie || process.first_thread == nullptr || process.exiting) {
        return {};
    }
    cancel_opposites(process, info.signal);
    if (info.signal == signal::kKill) {
        kill(process);
        return {};
    }
    Thread& taker = thread != nullptr ? *thread : taker_of(process, info.signal);
    if (is_dropped(taker, info.signal)) {
        return {};
    }
    const auto queued =
        enqueue(thread != nullptr ? thread->signals.pending : process.pending, info, queueing);
    if (queued) {
        alert(taker);
    }
    return queued;
}

}  // namespace

Shared<SignalActions> SignalActions::copy() const {
    Shared<SignalActions> copy(new (std::nothrow) SignalActions);
    if (copy) {
        copy->actions = actions;
    }
    return copy;
}

void SignalActions::forget_handlers() {
    for (SignalAction& action : actions) {
        const UserAddress handler = action.handler == kIgnoreHandler ? kIgnoreHandler : kDefaultHandler;
        action = {};
        action.handler = handler;
    }
}

void send_signal(Process& process, const SignalInfo& info) {
    static_cast<void>(send_to(process, nullptr, info, Queueing::kIfPossible));
}

void send_signal_to_thread(Thread& thread, const SignalInfo& info) {
    static_cast<void>(send_to(thread.process(), &thread, info, Queueing::kIfPossible));
}

FileResult<void> queue_signal(Process& process, const SignalInfo& info) {
    return send_to(process, nullptr, info, Queueing::kMust);
}

FileResult<void> queue_signal_to_thread(Thread& thread, const SignalInfo& info) {
    return send_to(thread.process(), &thread, info, Queueing::kMust);
}

std::uint32_t send_signal_to_group(std::int32_t group, const SignalInfo& info) {
    std::uint32_t reached = 0;
    for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group) {
            send_signal(*process, info);
            ++reached;
        }
    }
    return reached;
}

bool has_deliverable_signal(const Thread& thread) {
    const ThreadSignals& own = thread.signals;
    if (!own.attention) {
        return false;
    }
    if (own.pending.set.has(signal::kKill)) {
        return true;
    }
    const Process& process = thread.process();
    return !own.only_kill &&
           (process.stopped_by != 0 ||
            !(own.pending.set | process.pending.set).without(own.mask.without(own.waited_for)).empty());
}

bool has_fatal_signal(const Thread& thread) {
    if (!has_deliverable_signal(thread)) {
        return false;
    }
    const Process& process = thread.process();
    std::uint64_t left = (thread.signals.pending.set | process.pending.set).without(thread.signals.mask).bits;
    for (; left != 0; left &= left - 1) {
        const auto signal = static_cast<Signal>(std::countr_zero(left) + 1);
        if (signal == signal::kKill || (process.actions->of(signal).handler == kDefaultHandler &&
                                        default_action(signal) == DefaultAction::kEnd)) {
            return true;
        }
    }
    return false;
}

void force_signal(Thread& thread, const SignalInfo& info) {
    Process& process = thread.process();
    if (info.signal == signal::kKill) {
        kill(process);
        return;
    }
    SignalAction& action = process.actions->of(info.signal);
    const bool blocked = thread.signals.mask.has(info.signal);
    if (blocked || action.handler == kIgnoreHandler) {
        action.handler = kDefaultHandler;
        thread.signals.mask.remove(info.signal);
    }
    static_cast<void>(enqueue(thread.signals.pending, info, Queueing::kIfPossible));
    thread.signals.attention = true;
}

bool take_signal(Thread& thread, SignalSet which, SignalInfo& info) {
    const SignalSet candidates = (thread.signals.pending.set | thread.process().pending.set) & which;
    if (candidates.empty()) {
        return false;
    }
    const SignalSet own_fault = thread.signals.pending.set & which & kSynchronous;
    const std::uint64_t bits = own_fault.empty() ? candidates.bits : own_fault.bits;
    const auto lowest = static_cast<Signal>(std::countr_zero(bits) + 1);
    return take_from(thread.signals.pending, lowest, info) ||
           take_from(thread.process().pending, lowest, info);
}

void drop_pending(PendingSignals& pending) {
    while (pending.first != nullptr) {
        QueuedSignal* const queued = pending.first;
        pending.first = queued->next;
        delete queued;
    }
    pending = {};
}

void drop_pending(PendingSignals& pending, Signal signal) {
    SignalInfo info;
    while (take_from(pending, signal, info)) {
    }
}

void set_signal_mask(Thread& thread, SignalSet mask) {
    Process& process = thread.process();
    const SignalSet newly_blocked = mask.without(thread.signals.mask);
    thread.signals.mask = mask.without(kUnblockable);
    thread.signals.attention = true;
    if (process.thread_count > 1 && !(process.pending.set & newly_blocked).empty()) {
        // It may have been this thread that was to take it.
        for (Thread* other = process.first_thread; other != nullptr; other = other->next_in_process) {
            alert(*other);
        }
    }
}

void set_signal_mask_for_call(Thread& thread, SignalSet mask) {
    thread.signals.mask_to_restore = thread.signals.mask;
    thread.signals.restore_mask = true;
    set_signal_mask(thread, mask);
}

void set_signal_action(Process& process, Signal signal, const SignalAction& action) {
    process.actions->of(signal) = action;
    process.actions->of(signal).mask = action.mask.without(kUnblockable);
    if (is_ignored(process, signal)) {
        drop_everywhere(process, signal);
    }
}

}  // namespace kernel
