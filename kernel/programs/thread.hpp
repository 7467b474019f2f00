// A thread: what the scheduler runs. A process has one or more; the kernel itself runs as one (the idle
// thread).
//
// Owns: its kernel stack, its saved registers, its place in the scheduler, its own part of the signals.
// Created by fork and clone (programs/fork.hpp), ended by exit; its memory is reclaimed by the next thread
// that runs (a thread cannot free the stack it stands on).
#pragma once

#include <cstdint>

#include "kernel/arch/i686/context.hpp"
#include "kernel/memory/kernel_stacks.hpp"
#include "kernel/programs/signals.hpp"
#include "kernel/programs/wait.hpp"
#include "kernel/shared.hpp"

namespace kernel {

class Process;
class ProgramMemory;

using ThreadId = std::int32_t;  ///< Linux's pid_t: of a thread; a process's is its first thread's.

/// kNew: others can find it already, but it is not to run yet.
enum class ThreadState : std::uint8_t { kNew, kRunnable, kRunning, kSleeping, kStopped, kDead };

/// What the scheduler keeps in each thread; the scheduler's alone.
struct Schedule {
    Thread* next = nullptr;  // in a run queue, or in the list of sleepers with a deadline
    Thread* previous = nullptr;
    Moment deadline = kNever;
    std::int32_t ticks_left = 0;
    std::int8_t nice = 0;   // -20 (favoured) .. 19
    std::uint8_t half = 0;  // of the run queue
    bool woken = false;     // since it last began to sleep
    bool timed_out = false;
    bool awaits_page = false;  // sleeps in wait_for_page
    Interruptible interruptible = Interruptible::kNo;
    Interruptible page_waits = Interruptible::kByEnd;  // what ends its waits for pages
    std::uint32_t places = 0;                          // Waiters that stand for it
    std::uint64_t user_microseconds = 0;
    std::uint64_t system_microseconds = 0;
    std::uint32_t voluntary_switches = 0;
    std::uint32_t involuntary_switches = 0;
};

class Thread {
  public:
    Thread(ThreadId id, Process& process) : id_(id), process_(process) {}
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;
    ~Thread() = default;

    [[nodiscard]] ThreadId id() const { return id_; }
    [[nodiscard]] Process& process() const { return process_; }

    /// Its user registers while it is in the kernel: at the top of its kernel stack.
    TrapFrame* frame = nullptr;
    /// None for the kernel's own thread, which runs on the boot stack.
    KernelStack stack;
    Context context;
    VectorState vectors;
    TlsSegments tls;

    ThreadState state = ThreadState::kNew;
    Schedule schedule;

    ThreadSignals signals;

    /// What it works in instead of its process's memory, while a MemoryInUse says so.
    ProgramMemory* memory_in_use = nullptr;

    UserAddress clear_child_tid = 0;  ///< Zeroed, and its futex woken, when the thread ends.
    UserAddress robust_list = 0;
    /// When a timed call that is begun anew would have ended. deliver_signals forgets it (kNever) when it
    /// enters a handler: then the call is not begun anew.
    Moment restart_deadline = kNever;
    std::uint32_t system_call = 0;  ///< The number of the call it is in, or was in last.
    std::uint32_t minor_faults = 0;
    std::uint32_t major_faults = 0;

    Thread* next_in_process = nullptr;
    Thread* next_with_hash = nullptr;  ///< The table's (process.cpp).
    /// The table's: execve by another thread than the first takes the first one's number.
    void set_id(ThreadId id) { id_ = id; }

  private:
    ThreadId id_;
    Process& process_;
};

namespace detail {
extern Thread* running_thread;  // scheduler.cpp's
}

/// The thread that runs. There is always one: before the first program, the kernel's own.
inline Thread& current_thread() {
    return *detail::running_thread;
}
/// Its process. Only where a program called: the kernel's own thread belongs to the idle process, number 0.
inline Process& current_process() {
    return current_thread().process();
}

}  // namespace kernel
