#include "kernel/programs/stop.hpp"

#include "kernel/programs/children.hpp"
#include "kernel/programs/scheduler.hpp"

namespace kernel {
namespace {

void report_when_all_stopped(Process& process) {
    if (process.stopped_by != 0 && process.thread_count != 0 &&
        process.stopped_threads == process.thread_count) {
        notify_of_stop(process);
    }
}

}  // namespace

void stop_process(Process& process, Signal by) {
    process.stopped_by = by;
    process.stopped_threads = 0;
    process.continue_unreported = false;
    for (Thread* thread = process.first_thread; thread != nullptr; thread = thread->next_in_process) {
        thread->signals.attention = true;
        if (has_deliverable_signal(*thread)) {
            interrupt_sleep(*thread);
        }
    }
}

void continue_process(Process& process) {
    if (process.stopped_by == 0) {
        return;
    }
    process.stopped_by = 0;
    for (Thread* thread = process.first_thread; thread != nullptr; thread = thread->next_in_process) {
        continue_thread(*thread);
    }
    notify_of_continue(process);
}

void stop_with_process(Thread& thread) {
    Process& process = thread.process();
    // It may go on and be stopped again before this thread has run: that is another stop, with a count of its own.
    while (process.stopped_by != 0) {
        ++process.stopped_threads;
        report_when_all_stopped(process);
        stop_current_thread();
    }
}

void note_thread_end(Process& process) {
    report_when_all_stopped(process);
}

}  // namespace kernel
