// The page tables of i686 without PAE, as plain data: the walker is written against any layout.
//
//   virtual address   31        22 21        12 11         0
//                    | directory  |   table    |  offset   |      1,024 entries of 4 bytes at both levels
//
//   entry             31                    12 11  9  8   6  5  4   3   2   1  0
//                    |  frame number          | AVL |G|-|D| A|PCD|PWT|U/S|R/W|P|
//
// [intel/vol3] 4.3, tables 4-5 and 4-6
// The AVL bits are ours: 9, the mapping owns its frame; 10, the entry is parked; 11, it is stored. The flags of a
// directory entry allow everything; the table's decide.
//
// An entry is absent (0), present (P), parked or stored. A parked entry has all that a present one has, but the CPU
// takes it for absent: the page keeps its frame while nobody may use it. A stored one has the number of the slot on the
// swap disk where the page is, in the frame's place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mm/core/address.hpp"
#include "mm/paging/page_flags.hpp"

namespace mm {

struct LayoutI686 {
    using Entry = std::uint32_t;

    static constexpr unsigned kLevels = 2;         ///< Level 1: the directory. Level 0: the tables.
    static constexpr std::size_t kEntries = 1024;  ///< In a table of either level.
    static constexpr unsigned kIndexBits = 10;
    static constexpr Entry kAbsent = 0;  ///< An entry that maps nothing.

    /// Which entry of a table of `level` leads to `address`.
    static constexpr std::size_t index(VirtAddr address, unsigned level) {
        return (address.value() >> (kPageShift + level * kIndexBits)) & (kEntries - 1);
    }
    /// Bytes of address space behind one entry of `level`.
    static constexpr std::size_t entry_span(unsigned level) { return kPageSize << (level * kIndexBits); }

    static constexpr bool is_present(Entry entry) { return (entry & kPresent) != 0; }
    /// `entry`, present, as a parked one.
    static constexpr Entry parked(Entry entry) { return (entry & ~kPresent) | kParked; }
    /// The page is in `slot`, below kSlotLimit.
    static constexpr Entry stored_entry(SlotNumber slot) { return (slot.value() << kPageShift) | kStored; }
    static constexpr bool is_stored(Entry entry) { return (entry & kStored) != 0; }
    static constexpr SlotNumber slot(Entry entry) { return SlotNumber(entry >> kPageShift); }
    static constexpr std::uint32_t kSlotLimit = 1U << 20;  ///< No entry can say a slot from here on.
    static constexpr FrameNumber frame(Entry entry) { return FrameNumber(entry >> kPageShift); }

    /// A last-level entry: `frame`, allowed what `flags` say.
    static constexpr Entry page_entry(FrameNumber frame, PageFlags flags) {
        return (frame.value() << kPageShift) | flags.bits() | kPresent;
    }
    /// A directory entry: the page table in `frame`.
    static constexpr Entry table_entry(FrameNumber frame) {
        return (frame.value() << kPageShift) | kPresent | kWritable | kUser;
    }
    /// The bits of an entry that say `flags`.
    static constexpr Entry bits(PageFlags flags) { return flags.bits(); }
    static constexpr PageFlags flags(Entry entry) {
        return PageFlags::from_bits(static_cast<std::uint16_t>(entry & kFlagBits));
    }

  private:
    static constexpr Entry kPresent = 1U << 0;
    static constexpr Entry kWritable = 1U << 1;
    static constexpr Entry kUser = 1U << 2;
    static constexpr Entry kParked = 1U << 10;
    static constexpr Entry kStored = 1U << 11;

    // PageFlags has each flag at this CPU's place for it, so that neither direction costs more than a mask.
    static_assert(page_flags::kWritable.bits() == kWritable && page_flags::kUser.bits() == kUser &&
                  page_flags::kUncached.bits() == 1U << 4 && page_flags::kAccessed.bits() == 1U << 5 &&
                  page_flags::kDirty.bits() == 1U << 6 && page_flags::kOwned.bits() == 1U << 9 &&
                  page_flags::kParked.bits() == kParked && page_flags::kStored.bits() == kStored);
    static constexpr Entry kFlagBits =
        (page_flags::kWritable | page_flags::kUser | page_flags::kUncached | page_flags::kAccessed |
         page_flags::kDirty | page_flags::kOwned | page_flags::kParked | page_flags::kStored)
            .bits();
};

}  // namespace mm
