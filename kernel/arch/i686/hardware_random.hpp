// The CPU's own source of random bits. [intel/vol1] 7.3.17
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/arch/i686/cpu.hpp"

namespace kernel {

/// 32 random bits; none where the CPU has no RDRAND, or it has none at the moment.
inline std::optional<std::uint32_t> hardware_random() {
    constexpr std::uint32_t kHasRdrand = 1U << 30;
    if ((cpu::cpuid(1).ecx & kHasRdrand) == 0) {
        return std::nullopt;
    }
    std::uint32_t value = 0;
    bool valid = false;
    asm volatile("rdrand %0" : "=r"(value), "=@ccc"(valid));
    return valid ? std::optional(value) : std::nullopt;
}

}  // namespace kernel
