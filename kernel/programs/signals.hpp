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
namespace signal {
inline constexpr Signal kHangUp = 1, kInterrupt = 2, kQuit = 3, kIllegal = 4, kTrap = 5, kAbort = 6, kBus = 7,
                        kFloatingPoint = 8, kKill = 9, kUser1 = 10, kSegmentation = 11, kUser2 = 12,
                        kPipe = 13, kAlarm = 14, kTerminate = 15, kChild = 17, kContinue = 18, kStop = 19,
                        kTerminalStop = 20, kTerminalInput = 21, kTerminalOutput = 22, kUrgent = 23,
                        kWindowChange = 28, kSystem = 31, kLast = 64;
}  // namespace signal

/// A set of signals, as sigset_t has it: bit n-1 for signal n.
struct SignalSet {
    std::uint64_t bits = 0;
    [[nodiscard]] bool has(Signal signal) const { return (bits >> (signal - 1) & 1U) != 0; }
    void add(Signal signal) { bits |= std::uint64_t{1} << (signal - 1); }
    void remove(Signal signal) { bits &= ~(std::uint64_t{1} << (signal - 1)); }
};

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
};

/// Queued real-time signals and details of the pending ones.
struct QueuedSignal {
    SignalInfo info;
    QueuedSignal* next = nullptr;
};
struct PendingSignals {
    SignalSet set;
    QueuedSignal* first = nullptr;
};

/// A thread's own part.
struct ThreadSignals {
    SignalSet mask;
    PendingSignals pending;
    SignalSet mask_to_restore;  ///< sigsuspend's and ppoll's, once a handler has been entered (or none was).
    bool restore_mask = false;
    /// deliver_signals has something to do: looked at on every way back to ring 3. Kept by signals.cpp alone.
    bool attention = false;
    bool only_kill = false;  ///< While it waits for a vfork child: nothing but its end interrupts that.
    UserAddress alternate_stack = 0;
    std::uint32_t alternate_stack_bytes = 0;
    std::uint32_t alternate_stack_flags = 2;  ///< SS_DISABLE
};

/// Sends: to the process (any thread that does not block it takes it), to one thread, to every process of a group.
void send_signal(Process& process, const SignalInfo& info);
void send_signal_to_thread(Thread& thread, const SignalInfo& info);
/// Returns how many processes it reached.
std::uint32_t send_signal_to_group(std::int32_t group, const SignalInfo& info);

/// Whether a signal would end an interruptible sleep of this thread now: pending, not blocked, not ignored.
bool has_deliverable_signal(const Thread& thread);

/// An exception in ring 3: the thread gets `info` at once, even if it blocks or ignores that signal (then it dies).
void force_signal(Thread& thread, const SignalInfo& info);

/// On the way back to ring 3 with something pending: enters handlers, stops, continues or ends the process. `result`
/// is what the system call returned (kRestart and the like are resolved here), if it was one.
void deliver_signals(Thread& thread);

}  // namespace kernel
