// The debug status register: why the last debug exception came. [intel/vol3] 18.2.3
#pragma once

#include <cstdint>

namespace kernel {

/// Whether it was a single step (EFLAGS.TF); the register is cleared, which the CPU never does.
inline bool take_single_step() {
    constexpr std::uint32_t kSingleStep = 1U << 14;
    constexpr std::uint32_t kNothing = 0xFFFF'0FF0;
    std::uint32_t status = 0;
    asm volatile("movl %%db6, %0" : "=r"(status));
    asm volatile("movl %0, %%db6" : : "r"(kNothing));
    return (status & kSingleStep) != 0;
}

}  // namespace kernel
