// The end of threads and processes.
//
//   thread ends --> the last one of its process? --> zombie --> its parent waits, or nobody will --> gone
//
// What a process had goes before it is a zombie: memory, files, its terminal if it led the session. Its children
// become process 1's, which never asked for them: when those end, the kernel itself forgets them. Main line only.
#pragma once

#include "kernel/programs/process.hpp"

namespace kernel {

/// The current thread ends; with the last one its process does, whose status is that of its first thread.
[[noreturn]] void end_thread(ExitInfo info);

/// The current process ends: this thread now, each other one on its way to ring 3. If it is ending already, with what
/// was said first.
[[noreturn]] void end_process(ExitInfo info);

/// Makes every thread of `process` end on its way to ring 3, but `except`; sleepers and stopped ones go there now.
void kill_threads(Process& process, const Thread* except);

/// What other threads were promised at the end of `thread`, the current one, or of its program: the heirs of its locks
/// get them, and the word that it said would be zeroed is.
void keep_thread_promises(Thread& thread);

/// Every thread of the current process but the current one ends; waits for that. Error: kInterrupted, when the current
/// one is to end itself.
FileResult<void> end_other_threads();

/// Forgets a process that has ended: its number is free.
void forget_process(Process& zombie);

/// What happens when process 1 has ended; never returns. Set once, before it starts.
void set_end_of_init(void (*ended)(ExitInfo info));

}  // namespace kernel
