// The first-fit heap: Kernighan and Ritchie's free-list storage allocator on page frames.
//
// Owns the pages that it took from its source and has not given back, and every block in them. Pages come
// when no free block is long enough, just as many as the request needs, and go back as soon as free blocks
// span more than kIdlePagesKept whole pages: the hole is cut out of the free block, wherever in the heap it
// lies. Up to that many stay, so that an allocation and a release at the edge of a page do not map and unmap
// it each time. A request longer than what is kept pays for its pages each time; it has that many pages to
// write, too.
//
// Never: moves a block, changes a byte of a used one, or goes on after misuse. A smashed header, an overrun,
// a double free and a foreign pointer each panic with a name of their own, the heap as it was found. Null is
// not misuse.
//
// Invariants: I1-I2 block.hpp, I3-I5 free_list.hpp, I6 block_walk.hpp, and
//   I7  idle pages <= kIdlePagesKept, between any two calls;
//   I8  pages held = taken - given back.
//
// Cost: a pair of allocate(64) and release(p) within one page, which is the rule, runs 93 instructions on
// i386 with all checks; see free_list.hpp for the worst case. Not for interrupt handlers; the caller excludes
// other threads. [k&r] 8.7, "Example - A Storage Allocator". D1, D2, D3.
#pragma once

#include <bit>

#include "mm/core/panic.hpp"
#include "mm/heap/block_walk.hpp"
#include "mm/heap/free_list.hpp"
#include "mm/heap/page_source.hpp"

namespace mm {

template <PageSource Source>
class FirstFitHeap {
  public:
    /// Whole free pages that are kept for the next allocation rather than given back.
    static constexpr PageCount kIdlePagesKept = 8;
    /// A longer request fails like one for which there is no memory.
    static constexpr std::size_t kLargestRequestBytes = std::size_t{1} << 30;
    /// The heap grows no further than 2 GiB, so that a block's length always fits its header.
    static constexpr PageCount kMostPages = PageCount{1} << (31 - kPageShift);
    /// What every block is aligned to without being asked: enough for any type.
    static constexpr std::size_t kAlignment = alignof(HeapBlock);

    /// An empty heap: takes no page yet. `source` must outlive it; pages held at the end are not given back.
    explicit FirstFitHeap(Source& source) : source_(source) {}
    FirstFitHeap(const FirstFitHeap&) = delete;
    FirstFitHeap& operator=(const FirstFitHeap&) = delete;

    /// A block of `size_bytes` (0 counts as a size: the block is one of its own), aligned to kAlignment,
    /// contents undefined; nullptr when no memory is left, and then nothing has changed.
    [[nodiscard]] void* allocate(std::size_t size_bytes) {
        if (size_bytes > kLargestRequestBytes) [[unlikely]] {
            return nullptr;
        }
        const std::uint32_t length = block_bytes(size_bytes);
        if (free_.rover_has(length)) [[likely]] {
            return hand_out(free_.take_from_rover(length), length, size_bytes);
        }
        return allocate_anywhere(length, size_bytes, kAlignment);
    }

    /// As allocate, with the block's address a multiple of `alignment`: a power of two, at most a page.
    [[nodiscard]] void* allocate_aligned(std::size_t size_bytes, std::size_t alignment) {
        expect(std::has_single_bit(alignment) && alignment <= kPageSize,
               "heap: alignment is no power of two up to a page");
        if (alignment <= kAlignment || size_bytes > kLargestRequestBytes) {
            return allocate(size_bytes);
        }
        return allocate_anywhere(block_bytes(size_bytes), size_bytes, alignment);
    }

    /// Takes back a block. Null does nothing; whatever else is no block in use panics, and so does an overrun
    /// one.
    void release(void* pointer) {
        const std::uintptr_t address = HeapBlock::address_for(pointer);
        if (free_.rover_ends_at(address)) [[likely]] {
            HeapBlock* const block = HeapBlock::at(address);
            if (block->is(BlockState::kUsed) && block->tail_is_intact() && free_.insert_at_rover(block))
                [[likely]] {
                return;
            }
        }
        release_anywhere(pointer);
    }

    /// The size that was asked for when this block was allocated, in bytes. Panics as release does, null
    /// included.
    [[nodiscard]] std::size_t size_bytes(const void* pointer) const { return used_block(pointer)->link; }

    /// Gives back every whole free page, those kept for later too. For when memory is short elsewhere.
    void give_back_idle_pages() { give_back(0, nullptr); }

    [[nodiscard]] PageCount pages_held() const {
        return static_cast<PageCount>(pages_taken_ - pages_given_back_);
    }
    /// Adds up the heap. Cost: a walk over every block.
    [[nodiscard]] HeapCounts counts() const;
    /// The first of I1..I8 that is broken, or nothing. Cost: a walk over every block, and every page between
    /// the lowest and the highest ever held.
    [[nodiscard]] std::optional<HeapFault> check_invariants() const;

  private:
    /// The length of the block for a request: header, the bytes, the tail word, rounded up.
    static constexpr std::uint32_t block_bytes(std::size_t size_bytes) {
        constexpr std::size_t kAdded = sizeof(HeapBlock) + sizeof(HeapBlock::kTail) + HeapBlock::kUnit - 1;
        return static_cast<std::uint32_t>(size_bytes + kAdded) & ~std::uint32_t{HeapBlock::kUnit - 1};
    }
    static void* hand_out(HeapBlock* memory, std::uint32_t length, std::size_t size_bytes) {
        HeapBlock* const block = HeapBlock::make(memory, length, size_bytes, BlockState::kUsed);
        block->write_tail();
        return block->payload();
    }
    /// The block whose payload `pointer` is; panics, with the name of what is wrong, when there is none.
    [[nodiscard]] HeapBlock* used_block(const void* pointer) const {
        const std::uintptr_t address = HeapBlock::address_for(pointer);
        if (address % HeapBlock::kUnit != 0 || !pages().hold(address) ||
            !HeapBlock::at(address)->is(BlockState::kUsed)) {
            panic_not_a_block(pages(), pointer);
        }
        return HeapBlock::at(address);
    }
    [[nodiscard]] HeldPages pages() const {
        return {&source_,
                [](const void* source, const void* address) {
                    return static_cast<const Source*>(source)->holds(address);
                },
                bounds_};
    }

    [[nodiscard]] HeapBlock* take(std::uint32_t length, std::size_t alignment) {
        return alignment > kAlignment ? free_.take_aligned(length, alignment) : free_.take(length);
    }
    [[gnu::noinline]] void* allocate_anywhere(std::uint32_t length, std::size_t size_bytes,
                                              std::size_t alignment);
    [[gnu::noinline]] void release_anywhere(void* pointer);
    HeapBlock* grow_and_take(std::uint32_t length, std::size_t alignment);
    void give_back(PageCount pages_to_keep, const HeapBlock* spared);

    FreeList free_;
    Source& source_;
    VirtRange bounds_{};  ///< From the lowest to the highest page ever held.
    std::uint64_t pages_taken_ = 0;
    std::uint64_t pages_given_back_ = 0;
};

template <PageSource Source>
void* FirstFitHeap<Source>::allocate_anywhere(std::uint32_t length, std::size_t size_bytes,
                                              std::size_t alignment) {
    HeapBlock* memory = take(length, alignment);
    if (memory == nullptr) {
        memory = grow_and_take(length, alignment);
    }
    return memory == nullptr ? nullptr : hand_out(memory, length, size_bytes);
}

template <PageSource Source>
void FirstFitHeap<Source>::release_anywhere(void* pointer) {
    if (pointer == nullptr) {
        return;
    }
    HeapBlock* const block = used_block(pointer);
    if (!block->tail_is_intact()) {
        panic({"heap: a block was written past its end", __FILE__, __LINE__,
               reinterpret_cast<std::uintptr_t>(pointer), block->link});
    }
    const HeapBlock* const merged = free_.insert(block, block->bytes);
    give_back(kIdlePagesKept, merged);
}

template <PageSource Source>
HeapBlock* FirstFitHeap<Source>::grow_and_take(std::uint32_t length, std::size_t alignment) {
    // The first header lies on a page boundary, so that the first payload aligned to more than a header is
    // `alignment` on.
    const std::size_t lead_bytes = alignment > kAlignment ? alignment - sizeof(HeapBlock) : 0;
    const std::size_t bytes = lead_bytes + length;
    const auto count = static_cast<PageCount>((bytes + (kPageSize - 1)) / kPageSize);
    if (count > kMostPages - pages_held()) {
        return nullptr;
    }
    const Result<void*> taken = source_.take_pages(count);
    if (!taken) {
        return nullptr;
    }
    pages_taken_ += count;
    const VirtAddr begin = VirtAddr::of(*taken);
    const VirtAddr end = begin + std::size_t{count} * kPageSize;
    if (bounds_.empty()) {
        bounds_ = {begin, end};
    }
    bounds_ = {begin < bounds_.begin ? begin : bounds_.begin, end < bounds_.end ? bounds_.end : end};

    HeapBlock* const merged = free_.insert(begin.as<HeapBlock>(), static_cast<std::uint32_t>(end - begin));
    HeapBlock* const memory = take(length, alignment);
    // Joined to free blocks beside them, the new pages may leave one page too many idle.
    give_back(kIdlePagesKept, merged);
    return memory;
}

/// Gives back idle pages until `pages_to_keep` are left, those of `spared` only when all others are gone: the
/// block that was in use last is wanted again first.
template <PageSource Source>
void FirstFitHeap<Source>::give_back(PageCount pages_to_keep, const HeapBlock* spared) {
    for (HeapBlock* block = free_.first(); block != free_.head() && free_.idle_pages() > pages_to_keep;) {
        HeapBlock* const next = block->next_free();
        const PageCount whole = FreeList::whole_pages(block);
        if (block != spared && whole != 0) {
            const PageCount excess = free_.idle_pages() - pages_to_keep;
            const PageCount count = whole < excess ? whole : excess;
            void* const pages = free_.carve_pages(block, count);
            pages_given_back_ += count;
            source_.give_pages(pages, count);
        }
        block = next;
    }
    if (spared != nullptr && free_.idle_pages() > pages_to_keep) {
        give_back(pages_to_keep, nullptr);
    }
}

template <PageSource Source>
HeapCounts FirstFitHeap<Source>::counts() const {
    HeapCounts counts = count_blocks(pages());
    counts.pages_held = pages_held();
    counts.idle_pages = free_.idle_pages();
    counts.pages_taken = pages_taken_;
    counts.pages_given_back = pages_given_back_;
    return counts;
}

template <PageSource Source>
std::optional<HeapFault> FirstFitHeap<Source>::check_invariants() const {
    const HeldPages held = pages();
    if (const std::optional<HeapFault> broken = check_blocks(held, free_)) {
        return broken;
    }
    if (free_.idle_pages() > kIdlePagesKept) {
        return HeapFault{"I7: more idle pages than are kept", bounds_.begin.value()};
    }
    std::size_t bytes_held = 0;
    for (VirtRange run = held.run_from(bounds_.begin); !run.empty(); run = held.run_from(run.end)) {
        bytes_held += run.size();
    }
    if (bytes_held != std::size_t{pages_held()} * kPageSize) {
        return HeapFault{"I8: the source does not hold what was taken and not given back",
                         bounds_.begin.value()};
    }
    return std::nullopt;
}

}  // namespace mm
