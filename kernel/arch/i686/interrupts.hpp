// Interrupts: the IDT, and who handles which line of the interrupt controllers.
//
// Vectors 0..31 are the CPU's exceptions, 32..47 the sixteen interrupt lines, 0x80 the system call; the rest
// stay empty. Every gate turns interrupts off; handlers run with them off and must not wait. System calls and
// what is done about programs' exceptions run with interrupts on. Exception 8 is a task gate
// (segments.hpp). Cost: about 60 instructions around a handler. [intel/vol3] 6.10-6.14
#pragma once

#include <cstdint>

#include "kernel/files/printer.hpp"

namespace kernel {

/// What the entry stub leaves on the stack, lowest address first.
struct TrapFrame {
    std::uint32_t gs, fs, es, ds;
    std::uint32_t edi, esi, ebp, esp_of_pusha, ebx, edx, ecx, eax;
    std::uint32_t vector, error_code;
    std::uint32_t eip, cs, eflags;
    std::uint32_t user_esp, user_ss;  ///< There only when the interrupt came from ring 3.
};
static_assert(sizeof(TrapFrame) == 19 * 4);

/// TrapFrame::vector of a system call. A call that gives the program other registers than it came with
/// (sigreturn, execve) writes another one there, so that nobody takes them for a call's.
inline constexpr std::uint32_t kSystemCallVector = 0x80;

/// Whether a program was interrupted, and not the kernel.
inline bool is_from_ring_3(const TrapFrame& frame) {
    return (frame.cs & 3U) != 0;
}

/// Lines of the two interrupt controllers, where PCs wire them.
enum class IrqLine : std::uint8_t {
    kTimer = 0,
    kKeyboard = 1,
    kCascade = 2,
    kCom2 = 3,
    kCom1 = 4,
    kFirstAta = 14,
    kSecondAta = 15
};

/// Runs with interrupts off.
using IrqHandler = void (*)();

/// Loads the IDT and moves the controllers' lines to vectors 32..47, all masked. Interrupts stay off.
void start_interrupts();

/// For the handler of an interrupt: whether it interrupted a program.
bool interrupted_a_program();

/// From now on `line` calls `handler`. `name` (static storage) is what /proc/interrupts calls it.
void enable_irq(IrqLine line, const char* name, IrqHandler handler);

/// /proc/interrupts in Linux's format: interrupts so far by line, then the spurious ones.
void print_interrupts(Printer& out);

}  // namespace kernel
