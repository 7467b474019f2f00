// What the walker asks of a CPU's page tables: the shape, and how an entry is written.
#pragma once

#include <concepts>
#include <cstddef>

#include "mm/core/address.hpp"
#include "mm/paging/page_flags.hpp"

namespace mm {

/// The shape of one CPU's page tables; see layout_i686.hpp. `kAbsent`, all bits zero, is the entry that leads nowhere;
/// every other one is used: present, parked or stored.
template <typename T>
concept PageTableLayout =
    requires(VirtAddr address, FrameNumber frame, SlotNumber slot, PageFlags flags, typename T::Entry entry) {
        requires T::kLevels >= 2;
        requires T::kEntries * sizeof(typename T::Entry) == kPageSize;
        requires T::kAbsent == 0;
        { T::index(address, 0U) } -> std::same_as<std::size_t>;
        { T::entry_span(0U) } -> std::same_as<std::size_t>;
        { T::is_present(entry) } -> std::same_as<bool>;
        { T::frame(entry) } -> std::same_as<FrameNumber>;
        { T::flags(entry) } -> std::same_as<PageFlags>;
        { T::bits(flags) } -> std::same_as<typename T::Entry>;
        { T::page_entry(frame, flags) } -> std::same_as<typename T::Entry>;
        { T::parked(entry) } -> std::same_as<typename T::Entry>;
        { T::stored_entry(slot) } -> std::same_as<typename T::Entry>;
        { T::is_stored(entry) } -> std::same_as<bool>;
        { T::slot(entry) } -> std::same_as<SlotNumber>;
        { T::table_entry(frame) } -> std::same_as<typename T::Entry>;
    };

}  // namespace mm
