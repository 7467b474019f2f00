#include "kernel/arch/i686/segments.hpp"

#include "kernel/arch/i686/exceptions.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/boot/init.hpp"

namespace kernel {
namespace {

// Access bytes: present, privilege, type. [intel/vol3] 3.4.5.1, table 3-2
constexpr std::uint8_t kKernelCodeAccess = 0x9A;
constexpr std::uint8_t kKernelDataAccess = 0x92;
constexpr std::uint8_t kUserCodeAccess = 0xFA;
constexpr std::uint8_t kUserDataAccess = 0xF2;
constexpr std::uint8_t kTaskAccess = 0x89;  // 32-bit TSS, available
constexpr std::uint8_t kFlat32Bit = 0xC;    // limit in pages, 32-bit operands
constexpr std::uint8_t kByteLimit = 0x0;
constexpr std::uint32_t kWholeSpace = 0xF'FFFF;

/// Base and limit lie scattered over a descriptor:
///   63..56 base 31..24 | 55..52 flags | 51..48 limit 19..16
///   47..40 access      | 39..16 base 23..0 | 15..0 limit 15..0
constexpr std::uint64_t descriptor(std::uint32_t base, std::uint32_t limit, std::uint8_t access,
                                   std::uint8_t flags) {
    return (std::uint64_t{base >> 24} << 56) | (std::uint64_t{flags} << 52) |
           (std::uint64_t{limit >> 16} << 48) | (std::uint64_t{access} << 40) |
           (std::uint64_t{base & 0xFF'FFFF} << 16) | (limit & 0xFFFF);
}

}  // namespace

namespace detail {
constinit std::uint64_t gdt[kGdtEntries] = {0, descriptor(0, kWholeSpace, kKernelCodeAccess, kFlat32Bit),
                                            descriptor(0, kWholeSpace, kKernelDataAccess, kFlat32Bit),
                                            descriptor(0, kWholeSpace, kUserCodeAccess, kFlat32Bit),
                                            descriptor(0, kWholeSpace, kUserDataAccess, kFlat32Bit)};
constinit TaskState main_task{};
}  // namespace detail

namespace {

using detail::gdt;
using detail::main_task;

constinit TaskState double_fault_task{};

constexpr std::uint32_t number(Selector selector) {
    return static_cast<std::uint32_t>(selector);
}

template <typename T>
std::uint32_t address_of(const T& object) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&object));
}

INIT_CODE void place_task(Selector selector, const TaskState& task) {
    gdt[number(selector) / sizeof(gdt[0])] =
        descriptor(address_of(task), sizeof(TaskState) - 1, kTaskAccess, kByteLimit);
}

INIT_CODE void fill_tasks() {
    main_task.ss0 = number(Selector::kKernelData);
    main_task.io_map_base = sizeof(TaskState);  // none: ports are the kernel's
    place_task(Selector::kTaskState, main_task);

    TaskState& task = double_fault_task;
    task.cr3 =
        static_cast<std::uint32_t>(image::to_physical(mm::VirtAddr::of(image::page_directory())).value());
    task.eip = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&report_double_fault));
    task.esp = static_cast<std::uint32_t>(image::double_fault_stack().end.value());
    task.eflags = 2;  // interrupts off; bit 1 is always set
    task.cs = number(Selector::kKernelCode);
    task.ds = task.es = task.ss = task.fs = task.gs = number(Selector::kKernelData);
    task.io_map_base = sizeof(TaskState);
    place_task(Selector::kDoubleFaultTask, double_fault_task);
}

}  // namespace

const TaskState& interrupted_task() {
    return main_task;
}

bool is_user_data_selector(std::uint32_t selector) {
    if (selector <= 3 || selector == number(Selector::kUserData) || selector == number(Selector::kUserCode)) {
        return true;
    }
    const std::uint32_t slot = selector / sizeof(gdt[0]);
    return selector % sizeof(gdt[0]) == 3 && slot >= kFirstTlsSlot && slot < kFirstTlsSlot + kTlsSlots &&
           gdt[slot] != 0;
}

INIT_CODE void start_segments() {
    fill_tasks();
    struct [[gnu::packed]] {
        std::uint16_t limit;
        std::uint32_t base;
    } const pointer = {sizeof(gdt) - 1, address_of(gdt)};
    asm volatile(
        "lgdt %[pointer]\n\t"
        "ljmp %[code], $1f\n"
        "1:\n\t"
        "movl %[data], %%ds\n\t"
        "movl %[data], %%es\n\t"
        "movl %[data], %%ss\n\t"
        "movl %[data], %%fs\n\t"
        "movl %[data], %%gs\n\t"
        "ltr %w[task]"
        :
        : [pointer] "m"(pointer), [code] "i"(number(Selector::kKernelCode)),
          [data] "r"(number(Selector::kKernelData)), [task] "r"(number(Selector::kTaskState))
        : "memory");
}

}  // namespace kernel
