// The CPU's exceptions in ring 3: each is a signal of the thread that caused it, with Linux's number and
// code.
//
// A page fault has been to the program's memory first, which brings the page in if the program may have it.
// Called with the thread that runs, on its way into the kernel. [linux] arch/x86/kernel/traps.c,
// arch/x86/mm/fault.c (behaviour)
#pragma once

#include <cstdint>

#include "kernel/arch/i686/interrupts.hpp"
#include "mm/space/requests.hpp"

namespace kernel {

/// Forces the signal of the exception in `frame`, which came from ring 3 and is no page fault.
void raise_exception_signal(const TrapFrame& frame);

/// Forces the signal of a page fault at `address` that ended in `outcome`. Does nothing about one that was
/// resolved, nor about one that nobody waits for any more because the process is to end (kWaiting).
void raise_page_fault_signal(mm::FaultOutcome outcome, std::uint32_t address);

}  // namespace kernel
