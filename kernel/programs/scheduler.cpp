#include "kernel/programs/scheduler.hpp"

#include <new>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/clock.hpp"
#include "kernel/drivers/pit.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/run_queue.hpp"
#include "kernel/programs/signals.hpp"
#include "kernel/programs/wait.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

/// The kernel's own thread, which idles once there are programs. Never destroyed, and in no queue.
class IdleThread {
  public:
    IdleThread() {
        ::new (static_cast<void*>(bytes_)) Thread(0, idle_process());
        detail::running_thread = &thread();
        thread().state = ThreadState::kRunning;
    }
    Thread& thread() { return *std::launder(reinterpret_cast<Thread*>(bytes_)); }

  private:
    alignas(Thread) std::byte bytes_[sizeof(Thread)]{};
};

IdleThread idle;

constinit RunQueue<Thread> queue;
constinit Thread* vector_owner = nullptr;  // whose vector registers are in the CPU
constinit volatile bool switch_due = false;

// Sleepers with a deadline, the earliest first, linked as threads in the run queue are.
constinit Thread* first_sleeper = nullptr;

// The thread that has ended, until somebody else stands on another stack.
constinit Thread* ended = nullptr;
using Reap = void (*)(Thread&);
constinit Reap reap_ended = nullptr;

constinit DeferredWork* first_work = nullptr;

constinit SchedulerFigures figures{};

bool is_idle(const Thread& thread) {
    return &thread == &idle.thread();
}

// The kernel's load: a decaying average of how many threads want to run, taken every 5 s, in 1/2048.
// e^(-5/60), e^(-5/300), e^(-5/900). [linux] kernel/sched/loadavg.c (the figures that programs expect)
constexpr std::uint32_t kOne = 2048;
constexpr std::uint32_t kDecay[3] = {1884, 2014, 2037};
constexpr std::uint32_t kTicksPerSample = 5 * pit::kTicksPerSecond;

void sample_load() {
    const std::uint32_t wanting = queue.count() + (is_idle(current_thread()) ? 0 : 1);
    for (std::size_t i = 0; i < 3; ++i) {
        figures.load[i] =
            (figures.load[i] * kDecay[i] + wanting * kOne * (kOne - kDecay[i]) + kOne / 2) / kOne;
    }
}

void add_sleeper(Thread& thread) {
    Thread* before = nullptr;
    Thread* after = first_sleeper;
    while (after != nullptr && after->schedule.deadline <= thread.schedule.deadline) {
        before = after;
        after = after->schedule.next;
    }
    thread.schedule.previous = before;
    thread.schedule.next = after;
    (before != nullptr ? before->schedule.next : first_sleeper) = &thread;
    if (after != nullptr) {
        after->schedule.previous = &thread;
    }
}

void remove_sleeper(Thread& thread) {
    Schedule& schedule = thread.schedule;
    (schedule.previous != nullptr ? schedule.previous->schedule.next : first_sleeper) = schedule.next;
    if (schedule.next != nullptr) {
        schedule.next->schedule.previous = schedule.previous;
    }
    schedule.deadline = kNever;
}

void wake_sleepers() {
    if (first_sleeper == nullptr) {
        return;
    }
    const Moment now = clock().microseconds_since_entry();
    while (first_sleeper != nullptr && first_sleeper->schedule.deadline <= now) {
        first_sleeper->schedule.timed_out = true;
        end_sleep_of(*first_sleeper);
    }
}

void make_runnable(Thread& thread) {
    const Schedule& schedule = thread.schedule;
    const std::int8_t nice = current_thread().schedule.nice;
    thread.state = ThreadState::kRunnable;
    // What waited for a page has not had its slice: it goes on at once, or whoever computes would halt it at each page.
    schedule.awaits_page ? queue.add_first(thread) : queue.add(thread);
    if (schedule.nice < nice || (schedule.awaits_page && schedule.nice == nice)) {
        switch_due = true;
        request_attention();
    }
}

void load_vectors(Thread& thread) {
    if (vector_owner != &thread) {
        if (vector_owner != nullptr) {
            vector_owner->vectors.save();
        }
        vector_owner = &thread;
        thread.vectors.load_trusted();
    }
}

void load_state(Thread& thread) {
    load_vectors(thread);
    ProgramMemory* const memory = memory_of(thread);
    detail::running_memory = memory;
    load_thread_state(
        thread.stack.end(), thread.tls,
        memory != nullptr ? memory->page_directory() : kernel_memory()->tables().root().address());
}

/// Goes on with whoever is next; the current thread's state says already why it does not run, and it is in
/// the queue if it may run again. The idle thread keeps what the one before it left in the CPU.
void switch_away() {
    mm::expect(kernel_memory()->window().depth() == 0, "switch: a frame is open");
    mm::expect(!NoPageWaits::any(), "switch: where nothing may wait for a page");
    Thread& from = current_thread();
    Thread* const next = queue.take();
    Thread& to = next != nullptr ? *next : idle.thread();
    to.state = ThreadState::kRunning;
    if (&to == &from) {
        return;
    }
    switch_due = false;
    ++figures.switches;
    detail::running_thread = &to;
    if (!is_idle(to)) {
        load_state(to);
    }
    switch_context(from.context, to.context);
    finish_switch();
}

/// Whether a signal that the thread has ends a sleep that is interruptible so.
bool ends_sleep(const Thread& thread, Interruptible interruptible) {
    switch (interruptible) {
        case Interruptible::kNo:
            return false;
        case Interruptible::kByEnd:
            return has_fatal_signal(thread);
        case Interruptible::kYes:
            return has_deliverable_signal(thread);
    }
    return false;
}

/// The current thread has had its time, or somebody better woke.
void preempt() {
    Thread& thread = current_thread();
    switch_due = false;
    if (is_idle(thread)) {
        return;
    }
    if (queue.empty()) {
        if (thread.schedule.ticks_left <= 0) {
            thread.schedule.ticks_left = slice_ticks(thread.schedule.nice);
        }
        return;
    }
    ++thread.schedule.involuntary_switches;
    yield();
}

}  // namespace

namespace detail {
constinit Thread* running_thread = nullptr;
constinit volatile bool attention = false;
}  // namespace detail

void start_thread(Thread& thread) {
    thread.schedule.ticks_left = slice_ticks(thread.schedule.nice);
    make_runnable(thread);
}

void yield() {
    Thread& thread = current_thread();
    thread.state = ThreadState::kRunnable;
    queue.add(thread);
    switch_away();
}

void end_current_thread(void (*reap)(Thread&)) {
    Thread& thread = current_thread();
    thread.state = ThreadState::kDead;
    if (vector_owner == &thread) {
        vector_owner = nullptr;
    }
    mm::expect(ended == nullptr, "scheduler: two threads ended at once");
    ended = &thread;
    reap_ended = reap;
    switch_away();
    __builtin_unreachable();
}

void finish_switch() {
    if (ended != nullptr) [[unlikely]] {
        Thread& thread = *ended;
        ended = nullptr;
        reap_ended(thread);
    }
}

Wake sleep(Interruptible interruptible, Moment deadline) {
    Thread& thread = current_thread();
    Schedule& schedule = thread.schedule;
    if (schedule.woken) {
        schedule.woken = false;
        return Wake::kWoken;
    }
    if (thread.signals.attention && ends_sleep(thread, interruptible)) {
        return Wake::kSignal;
    }
    mm::expect(!is_idle(thread), "sleep: the kernel's own thread must not");
    if (deadline != kNever) {
        if (clock().microseconds_since_entry() >= deadline) {
            return Wake::kTimedOut;
        }
        schedule.deadline = deadline;
        add_sleeper(thread);
    }
    schedule.interruptible = interruptible;
    schedule.timed_out = false;
    thread.state = ThreadState::kSleeping;
    ++schedule.voluntary_switches;
    switch_away();
    if (schedule.woken) {
        schedule.woken = false;
        return Wake::kWoken;
    }
    return schedule.timed_out ? Wake::kTimedOut : Wake::kSignal;
}

Wake give_others_a_turn(Interruptible interruptible) {
    mm::expect(kernel_memory()->window().depth() == 0, "turn: a frame is open");
    if (detail::attention) {
        run_deferred_work();
    }
    const Thread& thread = current_thread();
    const Interruptible by =
        interruptible == Interruptible::kYes ? Interruptible::kYes : Interruptible::kByEnd;
    return thread.signals.attention && ends_sleep(thread, by) ? Wake::kSignal : Wake::kWoken;
}

void end_sleep_of(Thread& thread) {
    if (thread.schedule.deadline != kNever) {
        remove_sleeper(thread);
    }
    make_runnable(thread);
}

void interrupt_sleep(Thread& thread) {
    if (thread.state == ThreadState::kSleeping && ends_sleep(thread, thread.schedule.interruptible)) {
        end_sleep_of(thread);
    }
}

void stop_current_thread() {
    current_thread().state = ThreadState::kStopped;
    switch_away();
}

void continue_thread(Thread& thread) {
    if (thread.state == ThreadState::kStopped) {
        make_runnable(thread);
    }
}

void set_nice(Thread& thread, std::int8_t nice) {
    if (thread.state == ThreadState::kRunnable) {
        queue.remove(thread);
        thread.schedule.nice = nice;
        make_runnable(thread);
        return;
    }
    thread.schedule.nice = nice;
    if (thread.state == ThreadState::kRunning) {
        switch_due = true;  // somebody may be better now
        request_attention();
    }
}

void run_deferred_work() {
    detail::attention = false;
    for (DeferredWork* work = first_work; work != nullptr; work = work->next) {
        if (work->pending()) {
            work->run();
        }
    }
    wake_sleepers();
    if (switch_due) {
        preempt();
    }
}

void add_deferred_work(DeferredWork& work) {
    work.next = first_work;
    first_work = &work;
}

void prepare_ring_3() {
    Thread& thread = current_thread();
    do {
        cpu::enable_interrupts();
        run_deferred_work();
        deliver_signals(thread);
        cpu::disable_interrupts();
    } while (detail::attention);
}

void scheduler_tick(bool from_user) {
    Thread& thread = current_thread();
    Schedule& schedule = thread.schedule;
    if (is_idle(thread)) {
        figures.idle_microseconds += pit::kMicrosecondsPerTick;
    } else if (from_user) {
        schedule.user_microseconds += pit::kMicrosecondsPerTick;
        (schedule.nice > 0 ? figures.nice_microseconds : figures.user_microseconds) +=
            pit::kMicrosecondsPerTick;
    } else {
        schedule.system_microseconds += pit::kMicrosecondsPerTick;
        figures.system_microseconds += pit::kMicrosecondsPerTick;
    }
    if (--schedule.ticks_left <= 0) {
        switch_due = true;
    }
    if (clock().ticks() % kTicksPerSample == 0) {
        sample_load();
    }
}

void run_scheduler() {
    for (;;) {
        run_deferred_work();
        if (!queue.empty()) {
            switch_away();
            continue;
        }
        cpu::disable_interrupts();
        if (detail::attention) {
            cpu::enable_interrupts();
            continue;
        }
        cpu::wait_for_interrupt();
    }
}

SchedulerFigures scheduler_figures() {
    SchedulerFigures now = figures;
    now.runnable = queue.count() + (is_idle(current_thread()) ? 0 : 1);
    return now;
}

}  // namespace kernel
