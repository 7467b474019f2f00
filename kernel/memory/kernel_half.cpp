#include "kernel/memory/kernel_half.hpp"

#include <cstdint>

#include "kernel/boot/image.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/program_memory.hpp"

namespace kernel {

void KernelHalf::root_entry_changed(std::size_t index) {
    for (ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        auto bytes = kernel_memory()->window().open(memory->page_directory().frame());
        reinterpret_cast<volatile std::uint32_t*>(bytes.bytes())[index] = image::page_directory()[index];
    }
}

}  // namespace kernel
