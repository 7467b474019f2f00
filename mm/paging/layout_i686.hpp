// The page tables of i686 without PAE, as plain data: the walker is written against any layout.
//
//   virtual address   31        22 21        12 11         0
//                    | directory  |   table    |  offset   |      1,024 entries of 4 bytes at both levels
//
//   entry             31                    12 11  9  8   6  5  4   3   2   1  0
//                    |  frame number          | AVL |G|-|D| A|PCD|PWT|U/S|R/W|P|     [intel/vol3] 4.3, table
//                    4-5, 4-6
//
// AVL bit 9 is ours: the mapping owns its frame. The flags of a directory entry allow everything; the table's
// decide.
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
    static constexpr FrameNumber frame(Entry entry) { return FrameNumber(entry >> kPageShift); }

    /// A last-level entry: `frame`, allowed what `flags` say.
    static constexpr Entry page_entry(FrameNumber frame, PageFlags flags) {
        Entry entry = (frame.value() << kPageShift) | kPresent;
        entry |= flags.has(page_flags::kWritable) ? kWritable : 0;
        entry |= flags.has(page_flags::kUser) ? kUser : 0;
        entry |= flags.has(page_flags::kUncached) ? kCacheDisable | kWriteThrough : 0;
        entry |= flags.has(page_flags::kAccessed) ? kAccessed : 0;
        entry |= flags.has(page_flags::kDirty) ? kDirty : 0;
        entry |= flags.has(page_flags::kOwned) ? kOwned : 0;
        return entry;
    }
    /// A directory entry: the page table in `frame`.
    static constexpr Entry table_entry(FrameNumber frame) {
        return (frame.value() << kPageShift) | kPresent | kWritable | kUser;
    }
    static constexpr PageFlags flags(Entry entry) {
        PageFlags flags = page_flags::kReadOnly;
        flags = (entry & kWritable) != 0 ? flags | page_flags::kWritable : flags;
        flags = (entry & kUser) != 0 ? flags | page_flags::kUser : flags;
        flags = (entry & kCacheDisable) != 0 ? flags | page_flags::kUncached : flags;
        flags = (entry & kAccessed) != 0 ? flags | page_flags::kAccessed : flags;
        flags = (entry & kDirty) != 0 ? flags | page_flags::kDirty : flags;
        flags = (entry & kOwned) != 0 ? flags | page_flags::kOwned : flags;
        return flags;
    }

  private:
    static constexpr Entry kPresent = 1U << 0;
    static constexpr Entry kWritable = 1U << 1;
    static constexpr Entry kUser = 1U << 2;
    static constexpr Entry kWriteThrough = 1U << 3;
    static constexpr Entry kCacheDisable = 1U << 4;
    static constexpr Entry kAccessed = 1U << 5;
    static constexpr Entry kDirty = 1U << 6;
    static constexpr Entry kOwned = 1U << 9;
};

}  // namespace mm
