#include "kernel/arch/i686/probe.hpp"

extern "C" {
// In probe_word.S.
std::uint32_t probe_word(std::uintptr_t address, std::uint32_t* word);
extern const char probe_word_access[], probe_word_fault[];
}

namespace kernel {

std::optional<std::uint32_t> probe_read(mm::VirtAddr address) {
    std::uint32_t word = 0;
    if (probe_word(address.value(), &word) == 0) {
        return std::nullopt;
    }
    return word;
}

std::uintptr_t probe_resume_address(std::uintptr_t instruction) {
    return instruction == reinterpret_cast<std::uintptr_t>(probe_word_access)
               ? reinterpret_cast<std::uintptr_t>(probe_word_fault)
               : 0;
}

}  // namespace kernel
