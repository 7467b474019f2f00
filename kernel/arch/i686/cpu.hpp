// The CPU's instructions that C++ has no word for, and the one way to sleep.
//
// Cost: one or a few instructions each. Callable anywhere. [intel/vol2], [intel/vol3] 2.5
#pragma once

#include <cstdint>

#include "mm/core/address.hpp"

namespace kernel::cpu {

inline std::uint32_t read_cr0() {
    std::uint32_t value = 0;
    asm volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}
inline void write_cr0(std::uint32_t value) {
    asm volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}

/// The address whose access caused the last page fault.
inline std::uint32_t read_cr2() {
    std::uint32_t value = 0;
    asm volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}

inline std::uint32_t read_cr3() {
    std::uint32_t value = 0;
    asm volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}
/// Changes the address space; writing the value read forgets every translation that is not global.
inline void write_cr3(std::uint32_t value) {
    asm volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}

inline std::uint32_t read_cr4() {
    std::uint32_t value = 0;
    asm volatile("movl %%cr4, %0" : "=r"(value));
    return value;
}
inline void write_cr4(std::uint32_t value) {
    asm volatile("movl %0, %%cr4" : : "r"(value) : "memory");
}

/// Forgets the translation of the page that holds `address`.
inline void invalidate_page(mm::VirtAddr address) {
    asm volatile("invlpg (%0)" : : "r"(address.value()) : "memory");
}

/// The time-stamp counter. Under QEMU's -icount shift=0 it counts instructions, and the time slept as well.
inline std::uint64_t read_tsc() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return (std::uint64_t{high} << 32) | low;
}

struct CpuidResult {
    std::uint32_t eax, ebx, ecx, edx;
};
inline CpuidResult cpuid(std::uint32_t leaf) {
    CpuidResult result{};
    asm volatile("cpuid"
                 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                 : "a"(leaf), "c"(0U));
    return result;
}

inline void disable_interrupts() {
    asm volatile("cli" : : : "memory");
}
inline void enable_interrupts() {
    asm volatile("sti" : : : "memory");
}

/// Stops this CPU for ever.
[[noreturn]] inline void stop() {
    for (;;) {
        asm volatile("cli; hlt" : : : "memory");
    }
}

/// No interrupts while one of these lives; afterwards as before. They nest.
class InterruptsOff {
  public:
    InterruptsOff() { asm volatile("pushfl; popl %0; cli" : "=r"(flags_) : : "memory"); }
    ~InterruptsOff() { asm volatile("pushl %0; popfl" : : "r"(flags_) : "memory", "cc"); }
    InterruptsOff(const InterruptsOff&) = delete;
    InterruptsOff& operator=(const InterruptsOff&) = delete;

  private:
    std::uint32_t flags_ = 0;
};

/// Sleeps until an interrupt has been handled; returns with interrupts on. Call with interrupts off, after
/// looking whether there is anything to do: `sti` takes effect after `hlt` has begun, so no wake-up is
/// missed.
void wait_for_interrupt();

/// Time-stamp counter ticks slept in wait_for_interrupt since boot: what to subtract to count instructions.
std::uint64_t hlt_ticks();

/// For the interrupt dispatcher, first thing: the sleep, if there was one, is over.
void end_sleep();

}  // namespace kernel::cpu
