// Process groups and sessions: who is a job together, and who shares a terminal.
//
// A group is a number that processes bear; nothing else exists of it. Main line only. Cost: O(processes).
// [POSIX] 3.295 (orphaned process groups), setpgid, setsid
#pragma once

#include "kernel/programs/process.hpp"

namespace kernel {

/// setpgid. `process` 0: the caller; `group` 0: the process's own number. Errors: kNoProcess, kNotPermitted, kAccess
/// (a child that has executed), kInvalid.
FileResult<void> set_group(ProcessId process, ProcessId group);
/// setsid: the caller leads a new session and a new group in it, without a terminal; the session's number. Error:
/// kNotPermitted (it leads a group).
FileResult<ProcessId> start_session();

/// Whether nobody outside the group, but of its session, is parent of one in it: nobody could restart it, so that
/// terminals do not stop it.
bool is_orphaned_group(ProcessId group, ProcessId session);
/// When the group is orphaned and somebody in it is stopped: SIGHUP and SIGCONT to all in it.
void hang_up_orphaned_group(ProcessId group, ProcessId session);

}  // namespace kernel
