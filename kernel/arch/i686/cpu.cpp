#include "kernel/arch/i686/cpu.hpp"

namespace kernel::cpu {
namespace {

std::uint64_t slept_ticks = 0;
std::uint64_t asleep_since = 0;  // 0: awake

}  // namespace

void wait_for_interrupt() {
    asleep_since = read_tsc();
    asm volatile("sti; hlt" : : : "memory");
}

std::uint64_t hlt_ticks() {
    return slept_ticks;
}

void end_sleep() {
    if (asleep_since != 0) {
        slept_ticks += read_tsc() - asleep_since;
        asleep_since = 0;
    }
}

}  // namespace kernel::cpu
