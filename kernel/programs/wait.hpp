// Waiting: how a thread sleeps inside a system call until something has happened.
//
//   Waiter place(pipe.readers);                 // in the queue first, so that no wake-up is missed
//   while (pipe.empty()) {
//       if (const Wake wake = sleep(Interruptible::kYes); wake != Wake::kWoken) return ...;
//   }
//
// The kernel is never preempted, so nothing changes between the look and the sleep except by interrupt
// handlers, and those wake nobody: what they collected is looked at by run_deferred_work() (scheduler.hpp),
// on the main line. A thread may stand in many queues at once (poll). Never sleep with a window handle open, nor
// under NoPageWaits (user_memory.hpp). A copy to or from a program may sleep, too.
// Cost: O(1) to enter, leave and wake one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

class Thread;
class Waiter;

/// Threads that wait for one kind of event, in order of arrival. Owned by what the event happens to.
class WaitQueue {
  public:
    constexpr WaitQueue() = default;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;
    /// Nobody waits any more.
    ~WaitQueue();

    /// Makes every waiting thread runnable. They stay in the queue until their Waiter ends.
    void wake_all();
    /// Makes the first thread runnable that has no wake still to look at: one that was woken, but slept on
    /// because somebody else came first, is woken again.
    void wake_one();
    [[nodiscard]] bool empty() const { return first_ == nullptr; }

  private:
    friend class Waiter;
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

/// The current thread's place in a queue, for as long as this lives (on its stack).
class Waiter {
  public:
    /// Not in any queue yet: see enter().
    Waiter() = default;
    explicit Waiter(WaitQueue& queue) { enter(queue); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { leave(); }

    void enter(WaitQueue& queue);
    void leave();

  private:
    friend class WaitQueue;
    WaitQueue* queue_ = nullptr;
    Thread* thread_ = nullptr;
    Waiter* next_ = nullptr;
    Waiter* previous_ = nullptr;
};

/// Whether a signal ends the sleep. kNo only for waits that end by themselves soon; kByEnd: one that ends the process.
enum class Interruptible : std::uint8_t { kNo, kByEnd, kYes };

/// Why a sleep ended.
enum class Wake : std::uint8_t {
    kWoken,     ///< Some queue woke the thread: look again.
    kSignal,    ///< A signal wants to be delivered: return kRestart or kInterrupted.
    kTimedOut,  ///< The deadline has passed.
};

/// A moment: microseconds since the kernel's first instruction (Clock::microseconds_since_entry).
using Moment = std::uint64_t;
inline constexpr Moment kNever = UINT64_MAX;

/// Gives the CPU away until a queue that this thread stands in wakes it, a deliverable signal comes, or
/// `deadline`. Returns at once when one of these is so already (a wake since the Waiter entered counts).
Wake sleep(Interruptible interruptible, Moment deadline = kNever);

/// How many bytes a call moves at most between two of these: well below a millisecond's work.
inline constexpr std::size_t kTurnBytes = 64 * 1024;

/// In the middle of long work in a system call: does what interrupt handlers left, lets others run if that is due, and
/// looks for a signal that is to end the work (kSignal; else kWoken). With kNo only one that ends the process does:
/// for calls that programs rely on to do all of their work. Never with a window handle open. Cost: a few instructions
/// when nothing is due.
Wake give_others_a_turn(Interruptible interruptible);

}  // namespace kernel
