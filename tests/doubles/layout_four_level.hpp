// A page-table layout in the shape of x86_64's: four levels of 512 entries of 8 bytes. It exists to prove
// that the walker holds over any layout, with tables in the middle that can fail to be had.
//
//   virtual address   47    39 38    30 29    21 20    12 11      0
//                    | level 3 | level 2 | level 1 | level 0 | offset |
//
//   entry             51                12   9   6 5   2 1 0      [intel/vol3] 4.5, table 4-20
//                    |    frame number    | own |D|A| |U|W|P|      bit 10: parked
#pragma once

#include <cstddef>
#include <cstdint>

#include "mm/core/address.hpp"
#include "mm/paging/page_flags.hpp"

namespace host {

struct LayoutFourLevel {
    using Entry = std::uint64_t;

    static constexpr unsigned kLevels = 4;
    static constexpr std::size_t kEntries = 512;
    static constexpr unsigned kIndexBits = 9;
    static constexpr Entry kAbsent = 0;
    /// The last page of the lower half: the walker's last address in tests.
    static constexpr mm::VirtAddr kLastPage{(std::uintptr_t{1} << 48) - mm::kPageSize};

    static constexpr std::size_t index(mm::VirtAddr address, unsigned level) {
        return (address.value() >> (mm::kPageShift + level * kIndexBits)) & (kEntries - 1);
    }
    static constexpr std::size_t entry_span(unsigned level) { return mm::kPageSize << (level * kIndexBits); }

    static constexpr bool is_present(Entry entry) { return (entry & 1) != 0; }
    static constexpr Entry parked(Entry entry) { return (entry & ~Entry{1}) | (1U << 10); }
    static constexpr Entry stored_entry(mm::SlotNumber slot) {
        return (Entry{slot.value()} << mm::kPageShift) | (1U << 11);
    }
    static constexpr bool is_stored(Entry entry) { return (entry & (1U << 11)) != 0; }
    static constexpr mm::SlotNumber slot(Entry entry) {
        return mm::SlotNumber(static_cast<std::uint32_t>(entry >> mm::kPageShift));
    }
    static constexpr std::uint32_t kSlotLimit = UINT32_MAX;
    static constexpr mm::FrameNumber frame(Entry entry) {
        return mm::FrameNumber(static_cast<std::uint32_t>(entry >> mm::kPageShift));
    }
    static constexpr Entry page_entry(mm::FrameNumber frame, mm::PageFlags flags) {
        return (table_entry(frame) & ~kAllRights) | bits(flags);
    }
    static constexpr Entry table_entry(mm::FrameNumber frame) {
        return (Entry{frame.value()} << mm::kPageShift) | 1 | kAllRights;
    }
    static constexpr Entry bits(mm::PageFlags flags) {
        Entry entry = 0;
        for (const Bit& bit : kBits) {
            entry |= flags.has(bit.flag) ? bit.mask : 0;
        }
        return entry;
    }
    static constexpr mm::PageFlags flags(Entry entry) {
        mm::PageFlags flags = mm::page_flags::kReadOnly;
        for (const Bit& bit : kBits) {
            flags = (entry & bit.mask) != 0 ? flags | bit.flag : flags;
        }
        return flags;
    }

  private:
    struct Bit {
        mm::PageFlags flag;
        Entry mask;
    };
    static constexpr Entry kAllRights = 6;
    static constexpr Bit kBits[] = {
        {mm::page_flags::kWritable, 1U << 1}, {mm::page_flags::kUser, 1U << 2},
        {mm::page_flags::kUncached, 1U << 4}, {mm::page_flags::kAccessed, 1U << 5},
        {mm::page_flags::kDirty, 1U << 6},    {mm::page_flags::kOwned, 1U << 9},
        {mm::page_flags::kParked, 1U << 10},  {mm::page_flags::kStored, 1U << 11},
    };
};

}  // namespace host
