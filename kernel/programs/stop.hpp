// Stopping and going on: a process's threads stop one by one, each on its way to ring 3.
//
// Main line only. I1 stopped_threads counts the threads that stopped since stopped_by was set.
#pragma once

#include "kernel/programs/process.hpp"

namespace kernel {

/// Every thread of `process` is to stop, on account of `by`. Sleepers come out of their sleep to do so.
void stop_process(Process& process, Signal by);
/// The process goes on, if it is stopped, and its parent is told.
void continue_process(Process& process);
/// The current thread's part of its process's stop: returns when the process goes on, or the thread is to end. The
/// last one to come tells the parent.
void stop_with_process(Thread& thread);
/// A thread of the process has gone, which the others may have waited for to be stopped.
void note_thread_end(Process& process);

}  // namespace kernel
