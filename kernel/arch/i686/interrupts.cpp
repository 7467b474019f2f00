#include "kernel/arch/i686/interrupts.hpp"

#include <array>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/exceptions.hpp"
#include "kernel/arch/i686/segments.hpp"
#include "kernel/boot/init.hpp"
#include "kernel/drivers/pic.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kFirstIrqVector = 32;
constexpr std::uint32_t kVectors = kFirstIrqVector + pic::kLines;
constexpr std::uint32_t kBreakpoint = 3;
constexpr std::uint32_t kOverflow = 4;
constexpr std::uint32_t kDoubleFault = 8;

struct Gate {
    std::uint16_t offset_low = 0;
    std::uint16_t selector = 0;
    std::uint8_t reserved = 0;
    std::uint8_t type = 0;
    std::uint16_t offset_high = 0;
};
static_assert(sizeof(Gate) == 8);

constexpr std::uint8_t kInterruptGate = 0x8E;  // present, ring 0, 32-bit; turns interrupts off
constexpr std::uint8_t kProgramGate = 0xEE;    // the same, and a program may ask for it
constexpr std::uint8_t kTaskGate = 0x85;       // present, ring 0

struct IrqUse {
    const char* name = nullptr;
    IrqHandler handler = nullptr;
    std::uint32_t count = 0;
};

// What lies between the last line and the system call is absent: a program that tries gets a protection
// fault.
constinit std::array<Gate, kSystemCallVector + 1> idt{};
constinit std::array<IrqUse, pic::kLines> irqs{};
constinit std::uint32_t spurious_count = 0;
constinit bool from_program = false;

Gate gate_to(std::uint32_t entry, std::uint8_t type) {
    return {.offset_low = static_cast<std::uint16_t>(entry),
            .selector = static_cast<std::uint16_t>(Selector::kKernelCode),
            .type = type,
            .offset_high = static_cast<std::uint16_t>(entry >> 16)};
}

/// What a system call returns when deliver_signals is to decide whether it is begun anew.
bool is_restart(std::uint32_t result) {
    constexpr std::uint32_t kFew = static_cast<int>(Errno::kRestartNoHandler);
    return -result - static_cast<int>(Errno::kRestart) <= kFew - static_cast<int>(Errno::kRestart);
}

void handle_irq(std::uint32_t line) {
    if (pic::is_spurious(line)) {
        ++spurious_count;
        return;
    }
    IrqUse& irq = irqs[line];
    ++irq.count;
    if (irq.handler != nullptr) {
        irq.handler();
    }
    pic::end_of_interrupt(line);
    request_attention();
}

}  // namespace

extern "C" {

/// One entry stub a vector, in order (interrupt_entry.S).
extern const std::uint32_t interrupt_entries[kVectors];

/// And the system call's.
extern const std::uint32_t system_call_entry;

/// Where every stub leads.
void dispatch_interrupt(TrapFrame* frame) {
    cpu::end_sleep();
    const bool is_from_program = is_from_ring_3(*frame);
    if (frame->vector >= kFirstIrqVector) {
        from_program = is_from_program;
        handle_irq(frame->vector - kFirstIrqVector);
    } else {
        handle_exception(*frame);
    }
    if (is_from_program && needs_attention()) {
        prepare_ring_3();
    }
}

/// A program's `int 0x80`. Interrupts are on.
void serve_system_call(TrapFrame* frame) {
    make_system_call(*frame);
    cpu::disable_interrupts();
    if (needs_attention() || is_restart(frame->eax)) [[unlikely]] {
        prepare_ring_3();
    }
}

/// Where a new thread runs first.
void begin_thread() {
    finish_switch();
    cpu::disable_interrupts();
    if (needs_attention()) {
        prepare_ring_3();
    }
}

}  // extern "C"

INIT_CODE void start_interrupts() {
    for (std::uint32_t vector = 0; vector < kVectors; ++vector) {
        const bool for_programs = vector == kBreakpoint || vector == kOverflow;
        idt[vector] = gate_to(interrupt_entries[vector], for_programs ? kProgramGate : kInterruptGate);
    }
    idt[kSystemCallVector] = gate_to(system_call_entry, kProgramGate);
    idt[kDoubleFault] = {.selector = static_cast<std::uint16_t>(Selector::kDoubleFaultTask),
                         .type = kTaskGate};
    struct [[gnu::packed]] {
        std::uint16_t limit;
        std::uint32_t base;
    } const pointer = {sizeof(idt) - 1,
                       static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(idt.data()))};
    asm volatile("lidt %0" : : "m"(pointer) : "memory");
    pic::start(kFirstIrqVector);
}

bool interrupted_a_program() {
    return from_program;
}

void enable_irq(IrqLine line, const char* name, IrqHandler handler) {
    const cpu::InterruptsOff guard;
    const auto index = static_cast<std::uint32_t>(line);
    irqs[index].name = name;
    irqs[index].handler = handler;
    pic::unmask(index);
}

void print_interrupts(Printer& out) {
    out.print("           CPU0\n");
    for (std::uint32_t line = 0; line < pic::kLines; ++line) {
        if (irqs[line].name != nullptr) {
            out.print("{3}: {10}   XT-PIC      {}\n", line, irqs[line].count, irqs[line].name);
        }
    }
    out.print("SPU: {10}   Spurious interrupts\n", spurious_count);
}

}  // namespace kernel
