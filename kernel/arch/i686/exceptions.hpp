// The CPU's exceptions, told to a person. An exception in the kernel is a bug and ends in a report; the one
// that is not is a page fault of probe_read's.
//
// Safe on any stack and with any state of the rest of the kernel.
#pragma once

#include "kernel/arch/i686/interrupts.hpp"

namespace kernel {

/// Reports the exception in `frame` with everything known about it, and stops the machine. Returns only when
/// `frame` has been changed so that a probe goes on.
void handle_exception(TrapFrame& frame);

/// The double-fault task begins here, on its own stack; what was interrupted is in interrupted_task().
[[noreturn]] void report_double_fault();

}  // namespace kernel
