// Interrupts: the IDT, and who handles which line of the interrupt controllers.
//
// Vectors 0..31 are the CPU's exceptions, 32..47 the sixteen interrupt lines; the rest stay empty. Every gate
// turns interrupts off; handlers run with them off and must not wait. Exception 8 is a task gate
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

/// Lines of the two interrupt controllers, where PCs wire them.
enum class IrqLine : std::uint8_t { kTimer = 0, kKeyboard = 1, kCascade = 2, kCom2 = 3, kCom1 = 4 };

/// Runs with interrupts off.
using IrqHandler = void (*)();

/// Loads the IDT and moves the controllers' lines to vectors 32..47, all masked. Interrupts stay off.
void start_interrupts();

/// From now on `line` calls `handler`. `name` (static storage) is what /proc/interrupts calls it.
void enable_irq(IrqLine line, const char* name, IrqHandler handler);

/// /proc/interrupts in Linux's format: interrupts so far by line, then the spurious ones.
void print_interrupts(Printer& out);

}  // namespace kernel
