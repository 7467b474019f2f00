// The machine as a whole: switching its devices on, and leaving it: power off, or tell the emulator how it
// went.
#pragma once

#include <cstdint>

namespace kernel {

/// Makes the log visible, on COM1 and on the screen, and starts the clock. The first thing kernel_main does.
void start_early_console();

/// Segments, exceptions, interrupts, timer, keyboard, serial ports and disks. Afterwards interrupts are on.
void start_machine();

/// What the exit device of an emulator is told; QEMU's exit status is twice that plus one.
enum class ExitCode : std::uint32_t {
    kRefused = 1,  ///< The configuration makes no sense: an unknown option value, too little memory.
    kPanic = 35,   ///< A panic report has been printed.
};

/// Tells QEMU's isa-debug-exit device, port 0x501, which ends the emulator. Returns where there is no such
/// device. (Not port 0xF4, where the device usually sits: browser emulators stop there on any write.)
void machine_exit(ExitCode code);

/// Switches the machine off through QEMU's ACPI; where that does nothing, says so and stops for ever.
[[noreturn]] void power_off();

/// Starts the machine anew, as if it had just been switched on; where nothing does that, stops for ever.
[[noreturn]] void reset_machine();

/// Refuses to boot: exit device if there is one, else stops for ever. The reason has been logged.
[[noreturn]] void refuse_to_boot();

}  // namespace kernel
