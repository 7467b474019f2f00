// What a terminal asks of processes before it lets one in the background use it.
// Main line only. [POSIX] 11.1.4
#pragma once

#include "kernel/programs/process.hpp"

namespace kernel {

/// Whether `wanted` would have no effect on `thread`.
bool is_ignored_or_blocked(const Thread& thread, Signal wanted);

/// Whether `group` has a member at all; one in `session`.
bool has_members(ProcessId group);
bool is_group_of_session(ProcessId group, ProcessId session);

}  // namespace kernel
