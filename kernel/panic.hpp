// The end of the machine, with as good an account of it as can be had.
//
// A report goes to COM1 and to the screen: the reason in a line that begins "PANIC: ", registers, a
// backtrace with names, the frame account; the screen shows what fits, the reason first. Then the machine
// tells the emulator and stops. A fault while reporting is reported in one line, a fault while doing that
// in none: it always stops. Callable anywhere: allocates nothing, takes no lock, uses about 1 KiB of
// stack.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/printer.hpp"

namespace kernel {

/// A CPU's state at the moment it went wrong.
struct Registers {
    std::uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp;
    std::uint32_t eip, eflags, cs, ss;
    std::uint32_t cr0, cr2, cr3;
};

/// What is to be reported.
struct PanicScene {
    std::string_view headline;  ///< The reason, one line, no newline.
    const Registers* registers =
        nullptr;                       ///< nullptr: the program noticed by itself, there are none to show.
    std::uintptr_t instruction = 0;    ///< Where it happened; 0: the caller of frame_pointer's function.
    std::uintptr_t frame_pointer = 0;  ///< Where the backtrace begins.
};

/// Reports `scene` and stops the machine: exit code kPanic for an emulator that listens, else halted for
/// ever.
[[noreturn]] void stop_with_report(const PanicScene& scene);

/// What a report ends with: `print` prints the frame account. nullptr: nothing.
using PanicAccount = void (*)(Printer& out);
void set_panic_account(PanicAccount print);

/// What happens between a report and the machine's end: `send` sends on what somebody has collected but not
/// yet sent. nullptr: nothing.
using LastWords = void (*)();
void set_last_words(LastWords send);

}  // namespace kernel
