#include "kernel/memory/kernel_half.hpp"

#include <cstdint>

#include "kernel/boot/image.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/program_memory.hpp"

namespace kernel {
namespace {

/// (Out of line, so that a change without programs saves no registers.)
[[gnu::noinline]] void tell_programs(ProgramMemory* first, std::size_t index) {
    for (ProgramMemory* memory = first; memory != nullptr; memory = memory->next()) {
        auto bytes = kernel_memory()->window().open(memory->page_directory().frame());
        reinterpret_cast<volatile std::uint32_t*>(bytes.bytes())[index] = image::page_directory()[index];
    }
}

}  // namespace

void KernelHalf::root_entry_changed(std::size_t index) {
    if (ProgramMemory* const first = ProgramMemory::first(); first != nullptr) {
        tell_programs(first, index);
    }
}

}  // namespace kernel
