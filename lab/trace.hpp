// A page trace: which pages a program referenced, in which order.
//
// Pages are numbered densely from 0, in the order of their addresses; neighbours keep neighbouring numbers, and where
// addresses leave a gap, one number is left out. Consecutive references to one page are one. A file is the numbers as
// 16-bit little-endian words and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lab {

struct Trace {
    std::string name;
    std::vector<std::uint32_t> references;
    std::uint32_t numbers = 0;    ///< References are below this.
    std::uint32_t footprint = 0;  ///< Different pages.
};

/// A trace of `pages`, in numbers of the caller's; renumbered, repetitions taken out.
Trace make_trace(std::string name, const std::vector<std::uint64_t>& pages);
/// Throws std::runtime_error when the file cannot be read or written, or has too many pages for 16 bits.
Trace read_trace(const std::filesystem::path& file);
void write_trace(const Trace& trace, const std::filesystem::path& file);

}  // namespace lab
