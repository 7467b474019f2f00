#include "kernel/arch/i686/provoke.hpp"

#include <cstdint>

#include "kernel/boot/image.hpp"
#include "kernel/panic.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

/// Where nothing is ever mapped, whichever program runs: below it its stack begins.
constexpr std::uintptr_t kUnmapped = image::kKernelBase;
constexpr std::uint32_t kMagic = 0x600D'BAD0;

std::uint32_t read_word(std::uintptr_t address) {
    std::uint32_t value = 0;
    asm volatile("movl (%1), %0" : "=r"(value) : "r"(address) : "memory");
    return value;
}

void write_word(std::uintptr_t address) {
    asm volatile("movl %0, (%1)" : : "r"(kMagic), "r"(address) : "memory");
}

void divide_by_zero() {
    asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx", "cc");
}

/// Grows the stack by more than 256 bytes with each call; the array and the sum keep the compiler from making
/// a loop of it.
std::uint32_t recurse(std::uint32_t calls_left) {
    volatile std::uint32_t local[64] = {calls_left};
    return calls_left == 0 ? 0 : recurse(calls_left - 1) + local[calls_left % 64];
}

/// What a buffer overrun leaves behind: a frame pointer that points nowhere.
void smash_frame_pointer() {
    asm volatile("movl %0, %%ebp; ud2" : : "r"(kMagic) : "memory");
}

void fault_in_report() {
    set_panic_account([](Printer& out) { out.print("{}", read_word(kUnmapped)); });
    mm::panic({.what = "provoked, with a frame account that faults", .file = __FILE__, .line = __LINE__});
}

struct Provocation {
    std::string_view name;
    void (*act)();
};

constexpr Provocation kProvocations[] = {
    {"divide-error", divide_by_zero},
    {"breakpoint", [] { asm volatile("int3"); }},
    {"invalid-opcode", [] { asm volatile("ud2"); }},
    {"general-protection", [] { asm volatile("movl %0, %%fs"
                                             :
                                             : "r"(0xFFF8U)); }},
    {"page-fault-read", [] { read_word(kUnmapped); }},
    {"page-fault-write", [] { write_word(kUnmapped); }},
    {"null", [] { read_word(0); }},
    {"call-null", [] { asm volatile("call *%0"
                                    :
                                    : "r"(0)
                                    : "memory"); }},
    {"write-text", [] { write_word(image::text().begin.value()); }},
    {"write-rodata", [] { write_word(image::rodata().begin.value()); }},
    {"stack-overflow", [] { recurse(UINT32_MAX); }},
    {"smashed-stack", smash_frame_pointer},
    {"panic",
     [] {
         mm::panic({.what = "provoked",
                    .file = __FILE__,
                    .line = __LINE__,
                    .address = image::kKernelBase,
                    .size_bytes = mm::kPageSize});
     }},
    {"fault-in-report", fault_in_report},
};

}  // namespace

FileResult<void> Provoke::read(Printer& out) {
    for (const Provocation& provocation : kProvocations) {
        out.print("{}\n", provocation.name);
    }
    return {};
}

FileResult<void> Provoke::write(std::string_view text) {
    for (const Provocation& provocation : kProvocations) {
        if (provocation.name == text) {
            provocation.act();
            return file_error(Errno::kIo);
        }
    }
    return file_error(Errno::kInvalid);
}

}  // namespace kernel
