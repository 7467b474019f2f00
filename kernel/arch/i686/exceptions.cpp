#include "kernel/arch/i686/exceptions.hpp"

#include <array>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/probe.hpp"
#include "kernel/arch/i686/program_exceptions.hpp"
#include "kernel/arch/i686/segments.hpp"
#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/fixed_text.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/kernel_stacks.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/programs/scheduler.hpp"

extern "C" {
// In interrupt_entry.S: where a segment register is loaded on the way back to a program.
extern const char leave_kernel_gs[], leave_kernel_fs[], leave_kernel_es[], leave_kernel_ds[];
extern const char leave_kernel_iret[], leave_kernel_failed[];
}

namespace kernel {
namespace {

constexpr std::uint32_t kNonMaskable = 2;
constexpr std::uint32_t kMachineCheck = 18;
constexpr std::uint32_t kPageFault = 14;
constexpr std::uint32_t kFirstWithSelector = 10;  // 10..13: the error code names a segment
constexpr std::uint32_t kLastWithSelector = 13;

// [intel/vol3] table 6-1
constexpr std::array<const char*, 32> kNames = {
    "divide error",
    "debug exception",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack-segment fault",
    "general protection fault",
    "page fault",
    "reserved exception 15",
    "x87 floating-point error",
    "alignment check",
    "machine check",
    "SIMD floating-point error",
    "virtualization exception",
    "control protection exception",
    "reserved exception 22",
    "reserved exception 23",
    "reserved exception 24",
    "reserved exception 25",
    "reserved exception 26",
    "reserved exception 27",
    "hypervisor injection",
    "VMM communication exception",
    "security exception",
    "reserved exception 31",
};

using Headline = FixedText<160>;

/// [intel/vol3] 4.7: bit 0 protection (else not present), 1 write, 2 user, 3 reserved bit set, 4 a fetch
void describe_page_fault(Printer& out, std::uint32_t error_code, std::uint32_t address) {
    const char* const who = (error_code & 4U) != 0 ? "user" : "kernel";
    const char* access = (error_code & 2U) != 0 ? "write to" : "read of";
    if ((error_code & 16U) != 0) {
        access = "instruction fetch from";
    }
    const char* why = (error_code & 1U) != 0 ? "the page's protection forbids it" : "the page is not present";
    if ((error_code & 8U) != 0) {
        why = "a reserved bit is set in its page-table entry";
    }
    out.print(": {} {} 0x{08x}, {}", who, access, address, why);
    if (address < mm::kPageSize) {
        out.print(" (a null pointer)");
    }
}

/// [intel/vol3] 6.13: bit 0 external, 1 IDT, 2 LDT (else GDT), 15..3 index
void describe_selector(Printer& out, std::uint32_t error_code) {
    if (error_code == 0) {
        return;
    }
    const char* table = (error_code & 4U) != 0 ? "LDT" : "GDT";
    if ((error_code & 2U) != 0) {
        table = "IDT";
    }
    out.print(": entry {} of the {}{}", error_code >> 3, table,
              (error_code & 1U) != 0 ? ", met by an external event" : "");
}

Registers registers_of(const TrapFrame& frame, std::uint32_t cr2) {
    const bool from_user = (frame.cs & 3U) != 0;
    // From ring 0 the CPU pushes no stack pointer: it pointed behind what the CPU did push.
    const auto kernel_esp = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&frame.user_esp));
    return {.eax = frame.eax,
            .ebx = frame.ebx,
            .ecx = frame.ecx,
            .edx = frame.edx,
            .esi = frame.esi,
            .edi = frame.edi,
            .ebp = frame.ebp,
            .esp = from_user ? frame.user_esp : kernel_esp,
            .eip = frame.eip,
            .eflags = frame.eflags,
            .cs = frame.cs,
            .ss = from_user ? frame.user_ss : static_cast<std::uint32_t>(Selector::kKernelData),
            .cr0 = cpu::read_cr0(),
            .cr2 = cr2,
            .cr3 = cpu::read_cr3()};
}

Registers registers_of(const TaskState& task) {
    return {.eax = task.eax,
            .ebx = task.ebx,
            .ecx = task.ecx,
            .edx = task.edx,
            .esi = task.esi,
            .edi = task.edi,
            .ebp = task.ebp,
            .esp = task.esp,
            .eip = task.eip,
            .eflags = task.eflags,
            .cs = task.cs,
            .ss = task.ss,
            .cr0 = cpu::read_cr0(),
            .cr2 = cpu::read_cr2(),
            .cr3 = cpu::read_cr3()};
}

/// What lay on top of the stack when the exception in `frame`, which came from ring 0, was raised.
std::uint32_t& top_of_stack(TrapFrame& frame) {
    return frame.user_esp;
}

/// An exception while leave_kernel loads a program's segment registers: puts `frame` right, or tells that it
/// was none.
bool repair_return_to_program(TrapFrame& frame) {
    for (const char* const pop : {leave_kernel_gs, leave_kernel_fs, leave_kernel_es, leave_kernel_ds}) {
        if (frame.eip == reinterpret_cast<std::uintptr_t>(pop)) {
            top_of_stack(frame) = 0;
            return true;
        }
    }
    if (frame.eip == reinterpret_cast<std::uintptr_t>(leave_kernel_iret)) {
        frame.eip = reinterpret_cast<std::uintptr_t>(leave_kernel_failed);
        return true;
    }
    return false;
}

/// Waits for the page, and lets the access fault again, until that ends in something else. kWaiting: the thread is to
/// die instead.
[[gnu::noinline]] mm::FaultOutcome fault_until_it_is_there(std::uint32_t address, std::uint32_t error_code) {
    ++current_thread().major_faults;
    mm::FaultOutcome outcome = mm::FaultOutcome::kWaiting;
    while (outcome == mm::FaultOutcome::kWaiting && wait_for_page() == PageWait::kLookAgain) {
        outcome = handle_program_fault(address, error_code);
    }
    return outcome;
}

/// A fault of the kernel's at an instruction of the door to program memory: whether the access can be repeated.
bool handle_door_fault(std::uint32_t address, std::uint32_t error_code) {
    mm::FaultOutcome outcome = handle_program_fault(address, error_code);
    if (outcome == mm::FaultOutcome::kWaiting && !NoPageWaits::any() &&
        kernel_memory()->window().depth() == 0) [[unlikely]] {
        cpu::enable_interrupts();
        outcome = fault_until_it_is_there(address, error_code);
        cpu::disable_interrupts();
    }
    return outcome == mm::FaultOutcome::kResolved;
}

[[noreturn]] void report_exception(const TrapFrame& frame, std::uint32_t cr2) {
    Headline headline;
    Printer out(headline);
    out.print("{}", kNames[frame.vector % kNames.size()]);
    if (frame.vector == kPageFault) {
        describe_page_fault(out, frame.error_code, cr2);
    } else if (frame.vector >= kFirstWithSelector && frame.vector <= kLastWithSelector) {
        describe_selector(out, frame.error_code);
    }
    const Registers registers = registers_of(frame, cr2);
    stop_with_report({.headline = headline.text(),
                      .registers = &registers,
                      .instruction = registers.eip,
                      .frame_pointer = registers.ebp});
}

}  // namespace

void handle_exception(TrapFrame& frame) {
    const bool is_the_machines = frame.vector == kNonMaskable || frame.vector == kMachineCheck;
    if (is_from_ring_3(frame) && !is_the_machines) {
        cpu::enable_interrupts();
        raise_exception_signal(frame);
        cpu::disable_interrupts();
        return;
    }
    if (!repair_return_to_program(frame)) {
        report_exception(frame, cpu::read_cr2());
    }
}

extern "C" void handle_page_fault(TrapFrame* frame) {
    const std::uint32_t address = cpu::read_cr2();  // before anything here can fault
    if (is_from_ring_3(*frame)) [[likely]] {
        cpu::enable_interrupts();
        // A kernel address is in no region: the program's memory says so.
        mm::FaultOutcome outcome = handle_program_fault(address, frame->error_code);
        if (outcome == mm::FaultOutcome::kResolved) [[likely]] {
            ++current_thread().minor_faults;
        } else {
            if (outcome == mm::FaultOutcome::kWaiting) {
                outcome = fault_until_it_is_there(address, frame->error_code);
            }
            raise_page_fault_signal(outcome, address);
        }
        cpu::disable_interrupts();
        if (needs_attention()) [[unlikely]] {
            prepare_ring_3();
        }
        return;
    }
    if (is_user_copy(frame->eip) && address < ProgramMemory::kEnd &&
        handle_door_fault(address, frame->error_code)) {
        return;
    }
    const std::uintptr_t resume = user_copy_resume_address(frame->eip);
    if (resume == 0) {
        report_exception(*frame, address);
    }
    frame->eip = resume;
}

void report_double_fault() {
    const Registers registers = registers_of(interrupted_task());
    const mm::VirtAddr fault(std::uintptr_t{registers.cr2});
    const bool overflow = image::boot_stack_guard().contains(fault) || is_kernel_stack_guard(fault);
    stop_with_report({.headline = overflow ? "double fault: the kernel stack overflowed into its guard page"
                                           : "double fault: an exception while another was being delivered",
                      .registers = &registers,
                      .instruction = registers.eip,
                      .frame_pointer = registers.ebp});
}

}  // namespace kernel
