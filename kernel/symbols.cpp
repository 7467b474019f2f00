#include "kernel/symbols.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernel/boot/image.hpp"

namespace kernel {

// The section: count | address[count], ascending | offset[count] into the names | names, each NUL-terminated
std::optional<Symbol> find_symbol(mm::VirtAddr address) {
    const mm::VirtRange table = image::symbols();
    const bool is_code = image::text().contains(address) || image::init().contains(address);
    if (table.empty() || !is_code) {
        return std::nullopt;
    }
    const auto* const words = table.begin.as<const std::uint32_t>();
    const std::uint32_t count = words[0];
    const std::span<const std::uint32_t> addresses(words + 1, count);
    const std::uint32_t* const offsets = words + 1 + count;
    const char* const names = reinterpret_cast<const char*>(offsets + count);

    const auto after = std::ranges::upper_bound(addresses, address.value());
    if (after == addresses.begin()) {
        return std::nullopt;
    }
    const auto index = static_cast<std::size_t>(after - addresses.begin()) - 1;
    return Symbol{.name = names + offsets[index], .address = mm::VirtAddr(std::uintptr_t{addresses[index]})};
}

}  // namespace kernel
