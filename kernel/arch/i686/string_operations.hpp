// Runs of equal words by the CPU's string instructions: one instruction a word under an emulator that counts
// them. [intel/vol2] STOS, SCAS
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

/// Writes `value` to the `count` words from `words` on.
inline void fill_words(std::uint32_t* words, std::size_t count, std::uint32_t value) {
    asm volatile("rep stosl" : "+D"(words), "+c"(count) : "a"(value) : "memory");
}

/// Whether each of the `count` (at least one) words from `words` on is `value`.
inline bool are_words(const std::uint32_t* words, std::size_t count, std::uint32_t value) {
    bool equal = false;
    asm volatile("repe scasl" : "+D"(words), "+c"(count), "=@ccz"(equal) : "a"(value) : "memory");
    return equal;
}

}  // namespace kernel
