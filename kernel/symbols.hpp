// The kernel's function names: the table that the second link adds to the image (tools/symbols.py).
//
// Owns nothing, writes nothing. Cost: a binary search, about 200 instructions. Callable anywhere.
#pragma once

#include <optional>
#include <string_view>

#include "mm/core/address.hpp"

namespace kernel {

struct Symbol {
    std::string_view name;  ///< Demangled, without parameters; lives as long as the kernel.
    mm::VirtAddr address;   ///< The function's first instruction.
};

/// The function that `address` lies in; none when it is not in the kernel's code.
std::optional<Symbol> find_symbol(mm::VirtAddr address);

}  // namespace kernel
