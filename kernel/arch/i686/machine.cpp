#include "kernel/arch/i686/machine.hpp"

#include "kernel/arch/i686/context.hpp"
#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/interrupts.hpp"
#include "kernel/arch/i686/port.hpp"
#include "kernel/arch/i686/segments.hpp"
#include "kernel/boot/init.hpp"
#include "kernel/clock.hpp"
#include "kernel/drivers/ata_disks.hpp"
#include "kernel/drivers/cmos_clock.hpp"
#include "kernel/drivers/keyboard.hpp"
#include "kernel/drivers/pit.hpp"
#include "kernel/drivers/serial.hpp"
#include "kernel/drivers/vga_text.hpp"
#include "kernel/log.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {
namespace {

constexpr port::Port kExitDevice = 0x501;
constexpr port::Port kAcpiPm1aControl = 0x604;  // where SeaBIOS puts it on QEMU's "pc"; v86 uses the same
constexpr port::Port kKeyboardCommand = 0x64;
constexpr std::uint8_t kPulseReset = 0xFE;  // the keyboard controller's line to the CPU's reset
constexpr port::Port kProgressCodes = 0x80;
constexpr unsigned kPowerOffMicroseconds = 1'000'000;
constexpr std::uint16_t kSleepEnable = 0x2000;  // sleep type 0: soft off, on both

void wait_for_output() {
    com1().wait_until_sent();
    com2().wait_until_sent();
}

}  // namespace

INIT_CODE void start_early_console() {
    pit::start();
    clock().start();
    com1().start();
    com2().start();
    vga().start();
    log().attach(&com1(), &vga());
}

INIT_CODE void start_machine() {
    start_segments();
    start_interrupts();
    start_system_calls();
    start_vector_registers();
    if (!can_run_programs()) {
        log().warning("This CPU has no FXSAVE: programs cannot run here.");
    }
    clock().start_real_time(cmos_clock::seconds_since_1970());
    keyboard().start();
    enable_irq(IrqLine::kTimer, "timer", [] {
        clock().tick();
        scheduler_tick(interrupted_a_program());
    });
    enable_irq(IrqLine::kKeyboard, "i8042", [] { keyboard().receive(); });
    enable_irq(IrqLine::kCom2, "ttyS1", [] { com2().receive(); });
    enable_irq(IrqLine::kCom1, "ttyS0", [] { com1().receive(); });
    start_ata_disks();
    // What came before its line was enabled has raised it unheard: an edge comes only once it has fallen.
    com1().receive();
    com2().receive();
    cpu::enable_interrupts();
}

void machine_exit(ExitCode code) {
    wait_for_output();
    port::out32(kExitDevice, static_cast<std::uint32_t>(code));
}

void power_off() {
    wait_for_output();
    port::out16(kAcpiPm1aControl, kSleepEnable);
    // The machine may run on for a moment. An access to the port of the firmware's progress codes takes a
    // microsecond.
    for (unsigned wait = 0; wait < kPowerOffMicroseconds; ++wait) {
        port::in8(kProgressCodes);
    }
    log().info("The machine may be switched off now.");
    cpu::stop();
}

void reset_machine() {
    wait_for_output();
    port::out8(kKeyboardCommand, kPulseReset);
    for (unsigned wait = 0; wait < kPowerOffMicroseconds; ++wait) {
        port::in8(kProgressCodes);
    }
    log().info("The machine may be reset now.");
    cpu::stop();
}

void refuse_to_boot() {
    machine_exit(ExitCode::kRefused);
    log().error("System halted.");
    cpu::stop();
}

}  // namespace kernel
