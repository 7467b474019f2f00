// The CPU's exceptions: a program's become its signals, the kernel's are told to a person.
//
// An exception in the kernel is a bug and ends in a report, but for three kinds: a page fault of the
// user-memory door or of probe_read's, and a segment register that cannot be loaded on the way back to a
// program (interrupt_entry.S). The report is safe on any stack and with any state of the rest of the kernel.
#pragma once

#include "kernel/arch/i686/interrupts.hpp"

namespace kernel {

/// Deals with the exception in `frame`, which is none of handle_page_fault's: returns when the program or the
/// kernel can go on with `frame` as it is then. Else it reports everything known about it, and stops the
/// machine.
void handle_exception(TrapFrame& frame);

/// The double-fault task begins here, on its own stack; what was interrupted is in interrupted_task().
[[noreturn]] void report_double_fault();

}  // namespace kernel
