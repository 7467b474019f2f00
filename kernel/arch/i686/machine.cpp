#include "kernel/arch/i686/machine.hpp"

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/port.hpp"
#include "kernel/log.hpp"

namespace kernel {
namespace {

constexpr port::Port kExitDevice = 0x501;
constexpr port::Port kAcpiPm1aControl = 0x604;  // where SeaBIOS puts it on QEMU's "pc"; v86 uses the same
constexpr std::uint16_t kSleepEnable = 0x2000;  // sleep type 0: soft off, on both

}  // namespace

void machine_exit(ExitCode code) {
    port::out32(kExitDevice, static_cast<std::uint32_t>(code));
}

void power_off() {
    port::out16(kAcpiPm1aControl, kSleepEnable);
    log().info("The machine may be switched off now.");
    cpu::stop();
}

void refuse_to_boot() {
    machine_exit(ExitCode::kRefused);
    log().error("System halted.");
    cpu::stop();
}

}  // namespace kernel
