// The kernel's own image: where it lies and which part is what.
//
// Owns: nothing. The linker script defines the labels, the entry code the stacks; this is the one place where
// C++ takes their addresses. All ranges are whole pages. Callable at any time; every call is a few constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mm/core/range.hpp"

namespace kernel::image {

/// What lies between a low physical address and its virtual one, for the image and the early map.
inline constexpr std::uintptr_t kKernelBase = 0xC000'0000;
/// The entry code maps physical [0, kEarlyMapEnd) at kKernelBase; the window's pages follow, mapped to
/// nothing.
inline constexpr std::uintptr_t kEarlyMapEnd = 0x003F'8000;

namespace labels {
extern "C" {
extern const char kernel_physical_start[], kernel_physical_end[];
extern const char kernel_virtual_start[], kernel_virtual_end[];
extern const char text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[];
extern const char bss_start[], bss_end[], init_begin[], init_end[], symbols_start[], symbols_end[];
extern const char init_bss_begin[], init_bss_end[];
extern const char boot_stack_guard[], boot_stack[], boot_stack_end[];
extern const char double_fault_stack_guard[], double_fault_stack[], double_fault_stack_end[];
extern std::uint32_t kernel_page_directory[1024], kernel_first_page_table[1024];
extern const std::uint64_t entry_tsc;
}
}  // namespace labels

namespace detail {
inline mm::VirtRange range(const char* begin, const char* end) {
    return {mm::VirtAddr::of(begin), mm::VirtAddr::of(end)};
}
}  // namespace detail

/// Everything the loader placed, .bss and the symbol table included.
inline mm::PhysRange physical() {
    return {mm::PhysAddr(reinterpret_cast<std::uintptr_t>(labels::kernel_physical_start)),
            mm::PhysAddr(reinterpret_cast<std::uintptr_t>(labels::kernel_physical_end))};
}
/// The same bytes as the kernel sees them.
inline mm::VirtRange whole() {
    return detail::range(labels::kernel_virtual_start, labels::kernel_virtual_end);
}
/// Code: read and execute only.
inline mm::VirtRange text() {
    return detail::range(labels::text_start, labels::text_end);
}
/// Constants: read only.
inline mm::VirtRange rodata() {
    return detail::range(labels::rodata_start, labels::rodata_end);
}
/// Variables with a value, the page directory and the first page table among them.
inline mm::VirtRange data() {
    return detail::range(labels::data_start, labels::data_end);
}
/// Variables that start as zero, the stacks and their guard pages among them.
inline mm::VirtRange bss() {
    return detail::range(labels::bss_start, labels::bss_end);
}
/// Code and data that only booting uses (kernel/boot/init.hpp): its frames may be released when booting is
/// over.
inline mm::VirtRange init() {
    return detail::range(labels::init_begin, labels::init_end);
}
/// Variables that only booting uses and that start as zero. The image ends with them: where memory ends earlier, their
/// end is not there.
inline mm::VirtRange init_bss() {
    return detail::range(labels::init_bss_begin, labels::init_bss_end);
}
/// The table behind kernel/symbols.hpp: read only.
inline mm::VirtRange symbols() {
    return detail::range(labels::symbols_start, labels::symbols_end);
}

/// The stack `kernel_main` runs on.
inline mm::VirtRange boot_stack() {
    return detail::range(labels::boot_stack, labels::boot_stack_end);
}
/// The page below it, to be left unmapped: an overflow faults instead of reaching other data.
inline mm::VirtRange boot_stack_guard() {
    return detail::range(labels::boot_stack_guard, labels::boot_stack);
}
/// The stack on which a double fault is reported.
inline mm::VirtRange double_fault_stack() {
    return detail::range(labels::double_fault_stack, labels::double_fault_stack_end);
}
/// The page below that one, to be left unmapped likewise.
inline mm::VirtRange double_fault_stack_guard() {
    return detail::range(labels::double_fault_stack_guard, labels::double_fault_stack);
}

/// The page directory the CPU runs on from the entry code on, and the page table of kKernelBase's first 4
/// MiB. Both are one page, page-aligned, in data().
inline std::uint32_t* page_directory() {
    return labels::kernel_page_directory;
}
inline std::uint32_t* first_page_table() {
    return labels::kernel_first_page_table;
}

/// The physical address of a byte of the image.
inline mm::PhysAddr to_physical(mm::VirtAddr address) {
    return mm::PhysAddr(address.value() - kKernelBase);
}

/// The time-stamp counter at the kernel's first instruction.
inline std::uint64_t entry_tsc() {
    return labels::entry_tsc;
}

}  // namespace kernel::image
