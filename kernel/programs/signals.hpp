// Signals: what waits for a thread or a process, and what each process wants done with them.
//
// Numbers, structures and rules are Linux's i386 ones; the frames on the program's stack are built and checked in
// kernel/arch/i686/signal_frame.*. Real-time signals queue; the others do not.
#pragma once

#include <array>
#include <cstdint>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/shared.hpp"

namespace kernel {

class Process;
class Thread;

/// A signal's number: 1..64.
using Signal = std::uint8_t;
inline constexpr UserAddress kDefaultHandler = 0, kIgnoreHandler = 1;
namespace signal {
inline constexpr Signal kHangUp = 1, kInterrupt = 2, kQuit = 3, kIllegal = 4, kTrap = 5, kAbort = 6, kBus = 7,
                        kFloatingPoint = 8, kKill = 9, kUser1 = 10, kSegmentation = 11, kUser2 = 12,
                        kPipe = 13, kAlarm = 14, kTerminate = 15, kChild = 17, kContinue = 18, kStop = 19,
                        kTerminalStop = 20, kTerminalInput = 21, kTerminalOutput = 22, kUrgent = 23,
                        kWindowChange = 28, kSystem = 31, kFirstRealTime = 32, kLast = 64;
}  // namespace signal

/// A set of signals, as sigset_t has it: bit n-1 for signal n.
struct SignalSet {
    std::uint64_t bits = 0;
    [[nodiscard]] bool has(Signal signal) const { return (bits >> (signal - 1) & 1U) != 0; }
    void add(Signal signal) { bits |= std::uint64_t{1} << (signal - 1); }
    void remove(Signal signal) { bits &= ~(std::uint64_t{1} << (signal - 1)); }
    [[nodiscard]] bool empty() const { return bits == 0; }
    [[nodiscard]] SignalSet without(SignalSet other) const { return {bits & ~other.bits}; }
    friend SignalSet operator&(SignalSet a, SignalSet b) { return {a.bits & b.bits}; }
    friend SignalSet operator|(SignalSet a, SignalSet b) { return {a.bits | b.bits}; }
};

/// SignalInfo's code, where the sender is a program: kill; sigqueue; tkill. The kernel's own are above 0.
namespace signal_code {
inline constexpr std::int32_t kKernel = 0x80, kUser = 0, kQueue = -1, kThread = -6;
}

/// What a handler may be told: the fields of siginfo_t that this system fills.
struct SignalInfo {
    Signal signal = 0;
    std::int32_t code = 0;  ///< SI_USER, SEGV_MAPERR, CLD_EXITED, ...
    std::int32_t error = 0;
    std::int32_t sender = 0;  ///< Process, for kill and SIGCHLD.
    std::uint32_t user = 0;
    std::uint32_t value = 0;    ///< sigqueue's; SIGCHLD's status.
    std::uint32_t address = 0;  ///< Of a fault.
};

/// sigaction's flags. [linux] arch/x86/include/uapi/asm/signal.h
namespace action_flag {
inline constexpr std::uint32_t kNoChildStop = 1, kNoChildWait = 2, kInformation = 4, kRestorer = 0x0400'0000,
                               kOnStack = 0x0800'0000, kRestart = 0x1000'0000, kNoDefer = 0x4000'0000,
                               kResetHandler = 0x8000'0000;
}

/// What a process wants done with one signal: struct sigaction.
struct SignalAction {
    UserAddress handler = 0;  ///< 0: default; 1: ignore.
    std::uint32_t flags = 0;
    UserAddress restorer = 0;
    SignalSet mask;
};

/// The actions of a process: CLONE_SIGHAND shares them.
class SignalActions final : public SharedObject {
  public:
    std::array<SignalAction, signal::kLast> actions{};

    [[nodiscard]] SignalAction& of(Signal signal) { return actions[signal - 1U]; }
    [[nodiscard]] const SignalAction& of(Signal signal) const { return actions[signal - 1U]; }
    /// For fork. Null when there is no memory.
    [[nodiscard]] Shared<SignalActions> copy() const;
    /// For execve: handlers become the default action, what is ignored stays so.
    void forget_handlers();
};

/// A pending signal with what its handler will be told.
struct QueuedSignal {
    SignalInfo info;
    QueuedSignal* next = nullptr;
};
/// What waits to be delivered, to a thread or to any thread of a process. A signal below kFirstRealTime is in the queue
/// once at most; one that there was no memory for is only in the set, and tells its handler nothing.
struct PendingSignals {
    SignalSet set;
    QueuedSignal* first = nullptr;
    std::uint32_t queued = 0;
};

/// A thread's own part.
struct ThreadSignals {
    static constexpr std::uint32_t kOnAlternateStack = 1, kNoAlternateStack = 2;  ///< SS_ONSTACK, SS_DISABLE

    SignalSet mask;
    PendingSignals pending;
    SignalSet mask_to_restore;  ///< sigsuspend's and ppoll's, once a handler has been entered (or none was).
    bool restore_mask = false;
    SignalSet waited_for;  ///< sigtimedwait's: they end its sleep though they are blocked.
    /// deliver_signals has something to do: looked at on every way back to ring 3. Kept by signals.cpp alone.
    bool attention = false;
    bool only_kill = false;  ///< While it waits for a vfork child: nothing but its end interrupts that.
    UserAddress alternate_stack = 0;
    std::uint32_t alternate_stack_bytes = 0;
    std::uint32_t alternate_stack_flags = kNoAlternateStack;
};

/// Sends to the process: any thread that does not block the signal takes it; or to one thread. When there is no memory
/// for the details, the handler is not told them.
void send_signal(Process& process, const SignalInfo& info);
void send_signal_to_thread(Thread& thread, const SignalInfo& info);
/// The same, but rather than lose an instance or the details of a real-time signal they fail, with kAgain.
FileResult<void> queue_signal(Process& process, const SignalInfo& info);
FileResult<void> queue_signal_to_thread(Thread& thread, const SignalInfo& info);
/// To every process of a group; how many there are.
std::uint32_t send_signal_to_group(std::int32_t group, const SignalInfo& info);

/// Whether a signal would end an interruptible sleep of this thread now: pending, not blocked, not ignored.
bool has_deliverable_signal(const Thread& thread);
/// Whether one of them would end the process, there being no handler for it.
bool has_fatal_signal(const Thread& thread);

/// An exception in ring 3: the thread gets `info` at once, even if it blocks or ignores that signal (then it dies);
/// SIGKILL is the end of the whole process.
void force_signal(Thread& thread, const SignalInfo& info);

/// Takes the next pending signal that is in `which` off the thread's or its process's list. False: there is none.
bool take_signal(Thread& thread, SignalSet which, SignalInfo& info);
/// Forgets every pending signal, or every instance of one.
void drop_pending(PendingSignals& pending);
void drop_pending(PendingSignals& pending, Signal signal);

/// The thread blocks `mask` from now on; SIGKILL and SIGSTOP cannot be blocked.
void set_signal_mask(Thread& thread, SignalSet mask);
/// Blocks `mask` for one call, sigsuspend or ppoll: what was blocked before is so again once the call has returned and
/// handlers, if any, have.
void set_signal_mask_for_call(Thread& thread, SignalSet mask);
/// The process does `action` on `signal` from now on; what is pending and now ignored is forgotten.
void set_signal_action(Process& process, Signal signal, const SignalAction& action);

/// On the way back to ring 3 with something to do (ThreadSignals::attention): enters handlers, stops, continues or ends
/// the process. What an interrupted call returned (kRestart and the like, in thread.frame) is resolved here.
void deliver_signals(Thread& thread);

}  // namespace kernel
