// The running kernel's memory as mm/exercise wants it: random sequences of everything, on the live objects.
#pragma once

#include "kernel/memory/kernel_memory.hpp"
#include "mm/exercise/exercise.hpp"

namespace kernel {

/// Runs `step_count` random steps from `seed` (see mm::Exercise), audits included, on the kernel's own
/// allocator, page tables and heap, and leaves them as they were. Without memory to remember the steps in,
/// none is run and the report has a refusal. Cost: some 2,000 instructions a step, and an audit every 8,192.
mm::ExerciseReport exercise_memory(KernelMemory& memory, std::uint32_t seed, std::uint32_t step_count);

}  // namespace kernel
