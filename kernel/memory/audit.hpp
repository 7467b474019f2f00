// The audit of the frame account: everything is counted again, from sources that do not know of each other,
// and compared.
//
//   the firmware's map      how many frames there are
//   the allocator           which of them are free
//   the page tables         which are mapped where, which are tables, how full each table is
//   the CPU                 whether it translates as the page tables say: stale translations
//   the image, the modules  which frames they must have
//   loader and firmware     which frames their own structures say they have
//   the heap                how many pages it believes to hold
//   programs, files         which frames their page tables and objects have (program_audit.hpp)
//   the frame table         who is said to own each frame
//
// Counters that merely echo each other would pass anything. Changes nothing but the audit marks of the
// records. Cost: a few dozen instructions a frame, some hundred a page of the heap's region. Not for
// interrupt handlers.
#pragma once

#include <cstdint>

#include "kernel/memory/kernel_memory.hpp"

namespace kernel {

/// Whether a self-test is running, and may hold frames and pages of its own.
enum class SelfTest : std::uint8_t { kIdle, kRunning };

/// Counts again. Each contradiction is logged (the first few of each kind in words, the rest by number);
/// returns how many there are: 0 is a clean account.
std::uint32_t audit(KernelMemory& memory, SelfTest self_test = SelfTest::kIdle);

}  // namespace kernel
