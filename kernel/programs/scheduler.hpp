// Who runs: round robin by priority, preemptive in ring 3, never in the kernel.
//
// Each nice level has a time slice (more for favoured ones); a runnable thread of better standing goes first,
// but nobody starves. A switch happens in sleep(), in exit, and on the way back to ring 3 when the slice is
// over or somebody better woke. When nothing is runnable the idle thread halts the CPU until an interrupt.
// Cost: a switch about 150 instructions; wake and tick O(1); deadlines O(sleepers with one).
#pragma once

#include <cstdint>

#include "kernel/programs/thread.hpp"

namespace kernel {

namespace detail {
extern volatile bool attention;
}

/// Makes a prepared thread runnable for the first time.
void start_thread(Thread& thread);
/// Gives the CPU to whoever is next; the thread stays runnable.
void yield();
/// The current thread is done: never returns. Its stack and Thread are freed later by `reap`, called once on
/// the main line when nothing stands on them.
[[noreturn]] void end_current_thread(void (*reap)(Thread&));
/// Makes a sleeping thread runnable if a signal that it has is one that ends its sleep.
void interrupt_sleep(Thread& thread);
/// A stop signal's and SIGCONT's effect: a stopped thread is not run. A thread stops itself on its way to
/// ring 3.
void stop_current_thread();
void continue_thread(Thread& thread);

/// Time slices and standing follow `nice`, -20..19.
void set_nice(Thread& thread, std::int8_t nice);

/// On the way back to ring 3, and in the idle loop: what interrupt handlers left to do (terminal input,
/// timers that expired), then a switch if one is due. Called with interrupts off or on; leaves them as they
/// were.
void run_deferred_work();

/// From interrupt handlers: somebody is to look at what they left before a program goes on.
inline void request_attention() {
    detail::attention = true;
}
/// Whether the current thread has something to do before it goes on in ring 3. Interrupts are off.
inline bool needs_attention() {
    return detail::attention || current_thread().signals.attention;
}
/// Does it: deferred work, a switch if one is due, signals. Interrupts are off before and after, on
/// meanwhile.
void prepare_ring_3();
/// For the place where a thread goes on after a switch, and a new one begins: what the one before it left to
/// do.
void finish_switch();

/// Makes a sleeping thread runnable: for WaitQueue, which notes why.
void end_sleep_of(Thread& thread);

/// Adds work that run_deferred_work runs each time `pending` answers true; static storage. A handful exist.
struct DeferredWork {
    bool (*pending)();
    void (*run)();
    DeferredWork* next = nullptr;
};
void add_deferred_work(DeferredWork& work);

/// From the timer's interrupt handler: charges the running thread a tick, in ring 3 or in the kernel.
void scheduler_tick(bool from_user);

/// Turns the main line into the idle thread, once the first program is runnable.
[[noreturn]] void run_scheduler();

/// For /proc/stat and /proc/loadavg.
struct SchedulerFigures {
    std::uint64_t user_microseconds, nice_microseconds, system_microseconds, idle_microseconds;
    std::uint64_t switches;
    std::uint32_t runnable;
    std::uint32_t load[3];  ///< 1, 5 and 15 minutes, in 1/2048 (Linux's FIXED_1).
};
SchedulerFigures scheduler_figures();

}  // namespace kernel
