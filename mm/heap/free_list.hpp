// The free blocks of a first-fit heap: Kernighan and Ritchie's circular list in order of address.
//
// Owns: which blocks are free. Never asks for pages and never gives any back; it says how many could be.
//
// A search begins where the last one ended (the rover), takes the first block that is long enough, and cuts
// the wanted piece from its end, so that the rest keeps its header and its place. A release finds its
// neighbours in the list from the rover on and merges with those it touches. The list's head is a block of
// length zero that counts as lower than any other and never merges.
//
// Invariants (numbered on from block.hpp):
//   I3  going round from the head, addresses rise; every block in the list is a sound free block.
//   I4  no two free blocks touch.
//   I5  idle_pages() is the number of whole pages inside free blocks, headers counted as inside.
//
// Cost: take and insert are constant where the rover stands right, which is the rule in an allocate/release
// pair, and otherwise proportional to the number of free blocks. Not for interrupt handlers; the caller
// excludes other threads. [k&r] 8.7, "Example - A Storage Allocator".
#pragma once

#include "mm/core/address.hpp"
#include "mm/heap/block.hpp"

namespace mm {

class FreeList {
  public:
    FreeList() { HeapBlock::make(&head_, 0, head_.address(), BlockState::kFree); }
    FreeList(const FreeList&) = delete;
    FreeList& operator=(const FreeList&) = delete;

    /// Raw memory of `bytes` bytes (whole units), for the caller to put a header on; nullptr when no block
    /// is long enough. Panics on a smashed free block in its way.
    [[nodiscard]] HeapBlock* take(std::uint32_t bytes);
    /// As take, with the payload (16 bytes on) at a multiple of `alignment`, a power of two.
    [[nodiscard]] HeapBlock* take_aligned(std::uint32_t bytes, std::size_t alignment);
    /// Whether take would cut the end off the block at the rover, within one page: the rule. Panics when that
    /// block is smashed.
    [[nodiscard]] bool rover_has(std::uint32_t bytes) const {
        const HeapBlock* const block = rover_;
        if (block->bytes <= bytes) [[unlikely]] {
            return false;
        }
        block->expect_free();
        return in_same_page(block->end_address() - bytes, block->end_address());
    }
    /// Does it, given rover_has(bytes).
    [[nodiscard]] HeapBlock* take_from_rover(std::uint32_t bytes) {
        HeapBlock* const block = rover_;
        block->resize(block->bytes - bytes);
        return HeapBlock::at(block->end_address());
    }

    /// Makes `bytes` bytes at `block` free; what was in the header there counts for nothing. Returns the free
    /// block that they are now part of. Panics on a smashed free block in its way.
    HeapBlock* insert(HeapBlock* block, std::uint32_t bytes);
    /// Whether `address` (any) is, not at the start of a page, where the block at the rover ends.
    /// Then it is a unit's and in a page of the heap: the rover's own.
    [[nodiscard]] bool rover_ends_at(std::uintptr_t address) const {
        return rover_->end_address() == address && address % kPageSize != 0;
    }
    /// What insert does nearly always, and nothing else: given that rover_ends_at it, lengthens the rover's
    /// block by this one, within one page. False says nothing but that this is a case for insert.
    [[nodiscard]] bool insert_at_rover(HeapBlock* block) {
        const std::uintptr_t end = block->end_address();
        if (rover_->link == end || !in_same_page(block->address(), end)) [[unlikely]] {
            return false;
        }
        rover_->resize(rover_->bytes + block->bytes);
        block->erase();
        return true;
    }

    /// Takes the last `count` whole pages of `block` out of it: what lies before and behind stays free.
    /// Returns the first page's address. `count` is at least 1 and at most whole_pages(block). Cost: one walk
    /// of the list.
    void* carve_pages(HeapBlock* block, PageCount count);

    [[nodiscard]] PageCount idle_pages() const { return idle_pages_; }

    /// For walks: from head() over next_free() back to head(). The head itself is no block.
    [[nodiscard]] const HeapBlock* head() const { return &head_; }
    [[nodiscard]] HeapBlock* first() const { return head_.next_free(); }

    /// Whole pages in [begin, end).
    static PageCount whole_pages(std::uintptr_t begin, std::uintptr_t end) {
        const std::uintptr_t first = page_of(begin + (kPageSize - 1));
        const std::uintptr_t last = page_of(end);
        return first < last ? static_cast<PageCount>(last - first) : 0;
    }
    static PageCount whole_pages(const HeapBlock* block) {
        return whole_pages(block->address(), block->end_address());
    }

  private:
    static constexpr std::uintptr_t page_of(std::uintptr_t address) { return address >> kPageShift; }

    /// Where no page boundary lies between, the idle pages stay what they are.
    static constexpr bool in_same_page(std::uintptr_t a, std::uintptr_t b) { return (a ^ b) < kPageSize; }
    HeapBlock* cut_end(HeapBlock* block, std::uint32_t bytes);
    void unlink(HeapBlock* previous, HeapBlock* block);

    HeapBlock* rover_ = &head_;
    PageCount idle_pages_ = 0;
    HeapBlock head_;
};

}  // namespace mm
