// /proc/benchmark: what the kernel's own paths cost, a line `NAME VALUE` each.
//
// Values are time-stamp counter ticks. Under QEMU's `-icount shift=0,sleep=off` one tick is one guest
// instruction, and the figures are exact; elsewhere they are the machine's. Each is the least of several runs
// with interrupts off, less the cost of reading the counter twice. Everything runs through the calls that the
// rest of the kernel uses.
//
//   entry-to-prompt            from the kernel's first instruction to the first prompt, without time asleep: until the
//                              built-in console asks for a line, or a program asks the terminal for input; for a
//                              command of the host, until the console, or a program's execve, is about to run it
//   frame-pair                 take a frame, give it back
//   heap-pair-64               allocate 64 bytes, release them
//   map-touch-unmap            in an existing page table: map a fresh frame, write to it, unmap, give it back
//   map-touch-unmap-new-table  the same where the page table has to be made, and goes again
//   bits-per-frame-allocator   the allocator's metadata
//   bytes-per-frame-account    every frame that the account holds for itself, over all frames, rounded up
#pragma once

#include <cstdint>

#include "kernel/files/file.hpp"
#include "kernel/memory/kernel_memory.hpp"

namespace kernel {

class BenchmarkFile final : public File {
  public:
    explicit BenchmarkFile(KernelMemory& memory) : memory_(memory) {}

    FileResult<void> read(Printer& out) override;

  private:
    KernelMemory& memory_;
};

/// The prompt has been reached: what the counter says at the first call is what booting cost. Later calls do nothing.
void note_prompt();

}  // namespace kernel
