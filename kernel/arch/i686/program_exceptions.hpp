// The CPU's exceptions in ring 3: each is a signal of the thread that caused it, with Linux's number and code.
//
// A page fault first goes to the program's memory, which brings the page in if the program may have it. Called with
// the thread that runs, on its way into the kernel. [linux] arch/x86/kernel/traps.c, arch/x86/mm/fault.c (behaviour)
#pragma once

#include <cstdint>

#include "kernel/arch/i686/interrupts.hpp"

namespace kernel {

/// Forces the signal of the exception in `frame`, which came from ring 3 and is no page fault.
void raise_exception_signal(const TrapFrame& frame);

/// A page fault in ring 3 at `address`: when this returns the access can be repeated, or the thread has a signal.
/// Interrupts are on.
void handle_program_page_fault(const TrapFrame& frame, std::uint32_t address);

}  // namespace kernel
