#include "mm/core/panic.hpp"
#include "kernel/arch/i686/cpu.hpp"
#include "kernel/log.hpp"
namespace mm {
[[noreturn]] void panic(const PanicReport& report) {
    kernel::log().error("PANIC: {}", report.what);
    kernel::cpu::stop();
}
}  // namespace mm
