// Segments and task states: the GDT, the TSS the CPU finds the kernel's stack in, and the one a double fault
// runs on.
//
//   0x00 null    0x08 kernel code    0x10 kernel data    0x18 user code    0x20 user data
//   0x28 task state (TSS)            0x30 0x38 0x40 the running thread's own segments (context.hpp)
//   0x48 task state of a double fault
//
// Every code and data segment but the threads' own is flat, 0 to 4 GiB: protection is paging's. The threads'
// own have the numbers they have on Linux. Started once while booting. [intel/vol3] 3.4.5 (descriptors), 8.2
// (task state)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mm/core/address.hpp"

namespace kernel {

enum class Selector : std::uint16_t {
    kKernelCode = 0x08,
    kKernelData = 0x10,
    kUserCode = 0x18 | 3,
    kUserData = 0x20 | 3,
    kTaskState = 0x28,
    kDoubleFaultTask = 0x48,
};

/// The thread-local segments: GDT slots kFirstTlsSlot and those behind it.
inline constexpr std::uint32_t kFirstTlsSlot = 6;
inline constexpr std::uint32_t kTlsSlots = 3;

/// The 32-bit task-state segment, as the CPU lays it out.
struct TaskState {
    std::uint32_t previous;
    std::uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    std::uint32_t cr3;
    std::uint32_t eip, eflags;
    std::uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    std::uint32_t es, cs, ss, ds, fs, gs;
    std::uint32_t ldt;
    std::uint16_t trap, io_map_base;
};
static_assert(sizeof(TaskState) == 104);

/// Loads the GDT, the segment registers and the task register. Interrupts are off.
void start_segments();

inline constexpr std::size_t kGdtEntries = 10;
namespace detail {
extern std::uint64_t gdt[kGdtEntries];
extern TaskState main_task;
}  // namespace detail

/// Where the CPU finds the stack when ring 3 is interrupted, from now on.
inline void set_kernel_stack(mm::VirtAddr end) {
    detail::main_task.esp0 = static_cast<std::uint32_t>(end.value());
}
/// The contents of the GDT's thread-local slots, from now on; registers that hold their selectors are not
/// reloaded.
inline void set_tls_descriptors(std::span<const std::uint64_t, kTlsSlots> descriptors) {
    for (std::uint32_t i = 0; i < kTlsSlots; ++i) {
        detail::gdt[kFirstTlsSlot + i] = descriptors[i];
    }
}
/// Whether `selector` is one that ring 3 may have in a data segment register now: null, user data or code, or
/// a thread-local slot that is in use.
bool is_user_data_selector(std::uint32_t selector);

/// What the CPU was doing when a double fault stopped it: the task switch saves it here.
const TaskState& interrupted_task();

}  // namespace kernel
