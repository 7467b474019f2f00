// Every block of a heap, in order of address: what counting, checking and naming a wrong release are made of.
//
// Owns nothing, changes nothing. Trusts no header: a walk stops at the first one that is not sound. None of
// this is on the path of an allocation; cost is one step a block and one question to the page source a page.
//
// Invariants checked here, beside those of block.hpp and free_list.hpp:
//   I6  each run of held pages (as long as it can be) begins with a header, and its blocks follow each
//       other to its end.
#pragma once

#include <optional>

#include "mm/core/address.hpp"
#include "mm/core/range.hpp"
#include "mm/heap/free_list.hpp"

namespace mm {

/// The pages of a heap, whatever its source: a question, and the bounds within which the answer can be yes.
struct HeldPages {
    const void* source;
    bool (*holds)(const void* source, const void* address);
    VirtRange bounds;  ///< Whole pages.

    [[nodiscard]] bool hold(std::uintptr_t address) const {
        return holds(source, reinterpret_cast<const void*>(address));
    }
    /// The longest run of held pages with `address` in it; empty when its page is not held.
    [[nodiscard]] VirtRange run_around(VirtAddr address) const;
    /// The lowest run that begins at `address` (page-aligned) or above; empty when there is none.
    [[nodiscard]] VirtRange run_from(VirtAddr address) const;
};

/// What a heap consists of. used_bytes + free_bytes = pages_held * kPageSize.
struct HeapCounts {
    std::size_t used_bytes = 0;          ///< In used blocks, headers and rounding included.
    std::size_t requested_bytes = 0;     ///< What their holders asked for.
    std::size_t free_bytes = 0;          ///< In free blocks, headers included.
    std::size_t largest_free_bytes = 0;  ///< The longest free block, header included.
    std::size_t used_blocks = 0;
    std::size_t free_blocks = 0;
    PageCount pages_held = 0;
    PageCount idle_pages = 0;            ///< Whole pages inside free blocks.
    std::uint64_t pages_taken = 0;       ///< From the source, since the heap was made.
    std::uint64_t pages_given_back = 0;  ///< To the source, since the heap was made.
};

/// An invariant that does not hold.
struct HeapFault {
    const char* what;        ///< "I4: ...", static storage.
    std::uintptr_t address;  ///< The block or page it was noticed at.
};

/// Adds up all blocks (the page counters are left to the heap). Stops early where a header is broken.
HeapCounts count_blocks(const HeldPages& pages);

/// The first of I1..I6 that is broken, or nothing.
std::optional<HeapFault> check_blocks(const HeldPages& pages, const FreeList& free_list);

/// Panics, naming what is wrong with a pointer that was released (or asked about) but is no used block's
/// payload.
[[noreturn]] void panic_not_a_block(const HeldPages& pages, const void* pointer);

}  // namespace mm
