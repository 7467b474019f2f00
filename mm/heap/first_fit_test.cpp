#include "mm/heap/first_fit.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "mm/heap/page_arena_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {

template class FirstFitHeap<PageSourceArchetype>;

namespace {

using Heap = FirstFitHeap<PageArena>;
constexpr PageCount kKept = Heap::kIdlePagesKept;

std::string broken(const Heap& heap) {
    const std::optional<HeapFault> fault = heap.check_invariants();
    return fault ? fault->what : "";
}

/// What the panic says that `misuse` must cause; checks that it is about `address`.
template <typename Misuse>
std::string panic_of(const void* address, Misuse misuse) {
    try {
        misuse();
    } catch (const host::Panic& panic) {
        EXPECT_EQ(panic.report.address, reinterpret_cast<std::uintptr_t>(address));
        return panic.what();
    }
    return "nothing";
}
constexpr const char* kSmashed = "heap: a block's header was overwritten, probably from the block before it";
constexpr const char* kOverrun = "heap: a block was written past its end";
constexpr const char* kDoubleFree = "heap: double free: the block is free already";
constexpr const char* kForeign = "heap: foreign pointer: it lies outside the heap's pages";
constexpr const char* kInterior = "heap: pointer into the middle of a block";

std::byte* bytes_of(void* block) {
    return static_cast<std::byte*>(block);
}

/// A heap, and every block of it that a test holds.
class FirstFit : public testing::Test {
  protected:
    void* allocate(std::size_t size_bytes) {
        void* const block = heap.allocate(size_bytes);
        EXPECT_NE(block, nullptr);
        std::memset(block, 0xab, size_bytes);
        return block;
    }
    /// A block that fills `pages` pages of its own to the last byte, its header included.
    void* allocate_pages(std::size_t pages) { return allocate(pages * kPageSize - 16 - 4); }

    PageArena arena;
    Heap heap{arena};
};

TEST_F(FirstFit, an_empty_heap_holds_no_page) {
    EXPECT_EQ(arena.takes(), 0u);
    EXPECT_EQ(heap.counts().pages_held, 0u);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, blocks_are_aligned_for_any_type_and_know_their_size) {
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 64u, 4095u, 4096u, 100000u}) {
        void* const block = allocate(size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0u);
        EXPECT_EQ(heap.size_bytes(block), size);
    }
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, blocks_of_size_zero_are_distinct) {
    void* const a = heap.allocate(0);
    void* const b = heap.allocate(0);
    EXPECT_NE(a, nullptr);
    EXPECT_NE(a, b);
    heap.release(a);
    heap.release(b);
    EXPECT_EQ(heap.counts().used_blocks, 0u);
}

TEST_F(FirstFit, sizes_that_cannot_be_met_fail_without_asking_for_pages) {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
    for (const std::size_t size :
         {kMost, kMost - 15, kMost - 35, kMost / 2, Heap::kLargestRequestBytes + 1}) {
        EXPECT_EQ(heap.allocate(size), nullptr);
        EXPECT_EQ(heap.allocate_aligned(size, kPageSize), nullptr);
    }
    EXPECT_EQ(arena.takes(), 0u);
}

TEST_F(FirstFit, growth_takes_just_enough_pages) {  // D1
    allocate(1);
    EXPECT_EQ(arena.pages_out(), 1u);
    allocate_pages(3);
    EXPECT_EQ(arena.pages_out(), 4u);
    allocate(3 * kPageSize - 16 - 3);
    EXPECT_EQ(arena.pages_out(), 8u);
}

TEST_F(FirstFit, a_request_is_met_from_a_released_block_before_new_pages) {  // D1
    void* const a = allocate(1000);
    allocate(1000);
    heap.release(a);
    for (int i = 0; i < 10; ++i) {
        heap.release(allocate(900));
    }
    EXPECT_EQ(arena.takes(), 1u);
}

TEST_F(FirstFit, neighbours_merge_in_whatever_order_they_are_released) {  // D1
    for (const std::vector<int>& order : {std::vector{0, 1, 2}, std::vector{0, 2, 1}, std::vector{1, 0, 2},
                                          std::vector{1, 2, 0}, std::vector{2, 0, 1}, std::vector{2, 1, 0}}) {
        std::vector<void*> blocks;
        for (int i = 0; i < 3; ++i) {
            blocks.push_back(allocate(300));
        }
        for (const int i : order) {
            heap.release(blocks[static_cast<std::size_t>(i)]);
            EXPECT_EQ(broken(heap), "");
        }
        EXPECT_EQ(heap.counts().free_blocks, 1u);
        EXPECT_EQ(heap.counts().largest_free_bytes, kPageSize);
    }
}

TEST_F(FirstFit, aligned_blocks_are_aligned_and_waste_nothing_around_them) {
    std::vector<void*> blocks;
    for (std::size_t alignment = 1; alignment <= kPageSize; alignment *= 2) {
        for (const std::size_t size : {0u, 1u, 100u, 4096u, 5000u}) {
            void* const block = heap.allocate_aligned(size, alignment);
            ASSERT_NE(block, nullptr);
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0u);
            std::memset(block, 0x55, size);
            blocks.push_back(block);
            EXPECT_EQ(broken(heap), "");
        }
    }
    for (void* const block : blocks) {
        heap.release(block);
        EXPECT_EQ(broken(heap), "");
    }
    EXPECT_EQ(heap.counts().used_blocks, 0u);
}

TEST_F(FirstFit, a_page_aligned_page_costs_two_pages_and_gives_both_back) {
    void* const block = heap.allocate_aligned(kPageSize - 4, kPageSize);
    EXPECT_EQ(arena.pages_out(), 2u);
    heap.release(block);
    heap.give_back_idle_pages();
    EXPECT_EQ(arena.pages_out(), 0u);
}

TEST_F(FirstFit, growth_for_an_aligned_block_counts_the_way_to_its_alignment) {
    EXPECT_NE(heap.allocate_aligned(1024, 2048), nullptr);
    EXPECT_EQ(arena.pages_out(), 1u);
    EXPECT_NE(heap.allocate_aligned(3000, 2048), nullptr);
    EXPECT_EQ(arena.pages_out(), 3u);
    EXPECT_NE(heap.allocate_aligned(64, kPageSize), nullptr);
    EXPECT_EQ(arena.takes(), 2u) << "the end of a page and the beginning of the next were free";
}

TEST_F(FirstFit, an_alignment_that_is_no_power_of_two_up_to_a_page_is_a_bug) {
    EXPECT_THROW((void)heap.allocate_aligned(8, 24), host::Panic);
    EXPECT_THROW((void)heap.allocate_aligned(8, 0), host::Panic);
    EXPECT_THROW((void)heap.allocate_aligned(8, 2 * kPageSize), host::Panic);
}

TEST_F(FirstFit, the_counts_add_up) {
    void* const a = allocate(100);
    allocate(200);
    heap.release(a);
    const HeapCounts counts = heap.counts();
    EXPECT_EQ(counts.used_blocks, 1u);
    EXPECT_EQ(counts.requested_bytes, 200u);
    EXPECT_EQ(counts.used_bytes, 224u);
    EXPECT_EQ(counts.pages_held, 1u);
    EXPECT_EQ(counts.used_bytes + counts.free_bytes, kPageSize);
    EXPECT_EQ(counts.largest_free_bytes, kPageSize - 224 - 128);
    EXPECT_EQ(counts.free_blocks, 2u);
}

// --- failure of the page source
// ---------------------------------------------------------------------------------------

TEST_F(FirstFit, a_refused_page_fails_the_request_and_changes_nothing) {  // E2
    void* const block = allocate(2000);
    const HeapCounts before = heap.counts();
    arena.fail_take(1);
    EXPECT_EQ(heap.allocate(3000), nullptr);
    arena.fail_take(1);
    EXPECT_EQ(heap.allocate_aligned(64, kPageSize), nullptr);
    const HeapCounts after = heap.counts();
    EXPECT_EQ(before.free_bytes, after.free_bytes);
    EXPECT_EQ(before.used_bytes, after.used_bytes);
    EXPECT_EQ(after.pages_held, 1u);
    EXPECT_EQ(broken(heap), "");
    EXPECT_NE(heap.allocate(3000), nullptr);
    heap.release(block);
}

TEST_F(FirstFit, failing_at_every_single_request_for_pages_leaves_the_heap_sound) {
    for (std::size_t n = 1; n <= 12; ++n) {
        PageArena own_arena(PageArena::Placement::kAnywhere);
        Heap own_heap(own_arena);
        own_arena.fail_take(n);
        std::vector<void*> blocks;
        int failures = 0;
        for (std::size_t size = 1; size < 40000; size = size * 2 + 7) {
            void* const block = own_heap.allocate(size);
            failures += block == nullptr ? 1 : 0;
            blocks.push_back(block);
            ASSERT_EQ(broken(own_heap), "");
        }
        EXPECT_EQ(failures, own_arena.takes() >= n ? 1 : 0);
        for (void* const block : blocks) {
            own_heap.release(block);
        }
        own_heap.give_back_idle_pages();
        EXPECT_EQ(own_arena.pages_out(), 0u);
    }
}

// --- D3: pages go back
// ------------------------------------------------------------------------------------------------

TEST_F(FirstFit, pages_of_a_large_block_go_back_when_it_is_released) {  // D3
    void* const block = allocate_pages(100);
    EXPECT_EQ(arena.pages_out(), 100u);
    heap.release(block);
    EXPECT_EQ(arena.pages_out(), kKept);
    EXPECT_EQ(heap.counts().pages_given_back, 100u - kKept);
    EXPECT_EQ(heap.counts().idle_pages, kKept);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_hole_of_whole_pages_is_cut_out_of_the_middle_of_the_heap) {  // D3
    void* const before = allocate(1000);
    void* const middle = allocate_pages(30);
    void* const after = allocate(5000);
    std::memset(before, 1, 1000);
    std::memset(after, 2, 5000);
    const std::size_t held = arena.pages_out();
    heap.release(middle);
    EXPECT_EQ(arena.pages_out(), held - 30 + kKept);
    EXPECT_EQ(broken(heap), "");
    EXPECT_EQ(bytes_of(before)[999], std::byte{1});
    EXPECT_EQ(bytes_of(after)[4999], std::byte{2});
    heap.release(before);
    heap.release(after);
    heap.give_back_idle_pages();
    EXPECT_EQ(arena.pages_out(), 0u);
}

TEST_F(FirstFit, many_small_blocks_give_their_pages_back_as_they_merge) {  // D3
    std::vector<void*> blocks;
    for (int i = 0; i < 5000; ++i) {
        blocks.push_back(allocate(64));
    }
    const std::size_t held = arena.pages_out();
    EXPECT_GT(held, 100u);
    for (std::size_t i = 0; i < blocks.size(); i += 2) {
        heap.release(blocks[i]);
    }
    EXPECT_EQ(arena.pages_out(), held);
    for (std::size_t i = 1; i < blocks.size(); i += 2) {
        heap.release(blocks[i]);
        ASSERT_LE(heap.counts().idle_pages, kKept);
    }
    EXPECT_LE(arena.pages_out(), kKept + 1);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_pair_at_the_edge_of_a_page_does_not_call_the_source_each_time) {  // D3
    // Every remainder of a page, and every length up to what is kept.
    for (std::size_t filler = 0; filler < kPageSize; filler += 272) {
        PageArena own_arena(PageArena::Placement::kApart);
        Heap own_heap(own_arena);
        ASSERT_NE(own_heap.allocate(filler), nullptr);
        for (std::size_t size = 64; size <= (kKept - 1) * kPageSize; size += 3000) {
            own_heap.release(own_heap.allocate(size));
            const std::size_t calls = own_arena.takes() + own_arena.gives();
            for (int i = 0; i < 100; ++i) {
                own_heap.release(own_heap.allocate(size));
            }
            EXPECT_EQ(own_arena.takes() + own_arena.gives(), calls) << size << " after " << filler;
        }
    }
}

TEST_F(FirstFit, what_was_released_last_is_kept_and_older_idle_pages_go) {  // D3
    // Idle pages in single holes that serve no long request; between them, blocks that stay.
    std::vector<void*> holes;
    for (PageCount i = 0; i < kKept; ++i) {
        holes.push_back(allocate_pages(2));
        allocate_pages(1);
    }
    for (void* const hole : holes) {
        heap.release(hole);
    }
    heap.release(allocate_pages(4));
    const std::size_t calls = arena.takes() + arena.gives();
    heap.release(allocate_pages(4));
    EXPECT_EQ(arena.takes() + arena.gives(), calls);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, growth_that_joins_free_blocks_leaves_no_more_idle_pages_than_are_kept) {  // D3
    void* const ten_pages = allocate_pages(10);
    void* const eight_pages = allocate_pages(8);
    allocate(2096 - 20);  // At the end of page 18: its first 2000 bytes stay free.
    heap.release(ten_pages);
    heap.give_back_idle_pages();
    heap.release(eight_pages);
    EXPECT_EQ(heap.counts().idle_pages, 8u);
    // Ten pages come below the free block and leave 2496 bytes more than the request: a ninth page.
    allocate(10 * kPageSize - 2496 - 20);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, everything_goes_back_on_request_when_nothing_is_in_use) {  // D3
    for (int i = 0; i < 3; ++i) {
        heap.release(allocate_pages(5));
    }
    heap.give_back_idle_pages();
    EXPECT_EQ(arena.pages_out(), 0u);
    EXPECT_EQ(heap.counts().pages_taken, heap.counts().pages_given_back);
    EXPECT_EQ(broken(heap), "");
    EXPECT_NE(heap.allocate(1), nullptr);
}

// --- misuse is detected and named
// -------------------------------------------------------------------------------------

TEST_F(FirstFit, releasing_null_does_nothing) {
    heap.release(nullptr);
    EXPECT_EQ(arena.takes(), 0u);
}

TEST_F(FirstFit, a_double_free_is_named_at_once) {
    void* const block = allocate(64);
    allocate(64);
    heap.release(block);
    EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kDoubleFree);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_double_free_of_the_block_allocated_last_is_named_at_once) {
    allocate(64);
    void* const block = allocate(64);
    heap.release(block);
    EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kDoubleFree);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_double_free_is_named_after_the_block_merged_with_both_neighbours) {
    void* const a = allocate(64);
    void* const b = allocate(64);
    void* const c = allocate(64);
    for (void* const block : {b, a, c}) {
        heap.release(block);
    }
    for (void* const block : {b, a, c}) {
        EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kDoubleFree);
    }
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_double_free_after_the_memory_went_to_a_larger_block_is_named_as_interior) {
    void* const first = allocate(64);
    void* const second = allocate(64);
    heap.release(second);
    heap.release(first);
    allocate(200);
    void* const stale = second < first ? first : second;
    EXPECT_EQ(panic_of(stale, [&] { heap.release(stale); }), kInterior);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_double_free_after_the_page_went_back_is_named_as_foreign) {
    void* const block = allocate_pages(3);
    heap.release(block);
    heap.give_back_idle_pages();
    EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kForeign);
}

TEST_F(FirstFit, an_interior_pointer_is_named) {
    std::byte* const block = bytes_of(allocate(500));
    for (const std::size_t offset : {1u, 4u, 16u, 64u, 499u}) {
        EXPECT_EQ(panic_of(block + offset, [&] { heap.release(block + offset); }), kInterior);
        EXPECT_EQ(panic_of(block + offset, [&] { (void)heap.size_bytes(block + offset); }), kInterior);
    }
    EXPECT_EQ(panic_of(block - 16, [&] { heap.release(block - 16); }), kInterior);
    EXPECT_EQ(heap.size_bytes(block), 500u);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_copy_of_a_whole_block_is_no_block) {
    std::byte* const block = bytes_of(allocate(64));
    std::byte* const other = bytes_of(allocate(500));
    std::memcpy(other + 16, block - 16, 96);
    EXPECT_EQ(panic_of(other + 32, [&] { heap.release(other + 32); }), kInterior);
}

TEST_F(FirstFit, a_foreign_pointer_is_named_wherever_it_points) {
    std::byte* const block = bytes_of(allocate(64));
    alignas(16) std::byte local[64];
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(block) & ~(kPageSize - 1);
    for (const std::uintptr_t address :
         {reinterpret_cast<std::uintptr_t>(&local[16]), std::uintptr_t{16}, std::uintptr_t{1},
          ~std::uintptr_t{0}, ~std::uintptr_t{15}, page + kPageSize, page + kPageSize + 16, page - 16,
          reinterpret_cast<std::uintptr_t>(&heap) + 16, reinterpret_cast<std::uintptr_t>(&heap) + 32}) {
        auto* const pointer = reinterpret_cast<void*>(address);
        EXPECT_EQ(panic_of(pointer, [&] { heap.release(pointer); }), kForeign);
    }
    auto* const first_header = reinterpret_cast<void*>(page);
    EXPECT_EQ(panic_of(first_header, [&] { heap.release(first_header); }), kDoubleFree)
        << "the page's first block is a free one";
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFit, a_pointer_just_past_the_pages_is_foreign_although_a_free_block_ends_there) {
    std::byte* const block = bytes_of(allocate(64));
    heap.release(block);
    void* const past = block + 64 + 16 + 16;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(past) % kPageSize, 16u);
    EXPECT_EQ(panic_of(past, [&] { heap.release(past); }), kForeign);
}

TEST_F(FirstFit, one_byte_written_past_the_end_is_found_at_release) {
    for (const std::size_t size : {0u, 1u, 12u, 13u, 64u, 4076u}) {
        std::byte* const block = bytes_of(allocate(size));
        const std::byte kept = block[size];
        block[size] ^= std::byte{0x40};
        EXPECT_EQ(broken(heap), "I2: a block was written past its end");
        EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kOverrun);
        block[size] = kept;
        heap.release(block);
    }
}

TEST_F(FirstFit, a_header_smashed_by_the_block_before_is_named) {
    std::byte* upper = bytes_of(allocate(64));
    std::byte* lower = bytes_of(allocate(64));
    ASSERT_LT(lower, upper);
    // Every byte of the header, one at a time; then all that a long overrun hits.
    for (std::size_t offset = 0; offset < 4 + 4 + sizeof(void*); ++offset) {
        std::byte& smashed = *(upper - 16 + offset);
        smashed ^= std::byte{0x01};
        EXPECT_EQ(panic_of(upper, [&] { heap.release(upper); }), kSmashed) << offset;
        EXPECT_EQ(panic_of(upper, [&] { (void)heap.size_bytes(upper); }), kSmashed) << offset;
        EXPECT_EQ(broken(heap).substr(0, 2), "I1") << offset;
        smashed ^= std::byte{0x01};
    }
    std::memset(lower + 64, 0, 32);
    EXPECT_EQ(panic_of(upper, [&] { heap.release(upper); }), kSmashed);
    EXPECT_EQ(panic_of(lower, [&] { heap.release(lower); }), kOverrun);
}

TEST_F(FirstFit, a_smashed_header_of_the_block_allocated_last_is_named) {
    allocate(64);
    std::byte* const block = bytes_of(allocate(64));
    for (std::size_t offset = 0; offset < 4 + 4 + sizeof(void*); ++offset) {
        block[offset - 16] ^= std::byte{0x10};
        EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kSmashed) << offset;
        block[offset - 16] ^= std::byte{0x10};
    }
    heap.release(block);
}

TEST_F(FirstFit, a_smashed_neighbour_in_the_free_list_is_named_before_it_is_merged_with) {
    void* const top = allocate(64);
    void* const smashed = allocate(64);
    void* const below = allocate(64);
    allocate(64);
    heap.release(smashed);
    std::memset(bytes_of(below) + 64 + 16, 0x41, 16);
    EXPECT_EQ(panic_of(smashed, [&] { heap.release(below); }), kSmashed);
    EXPECT_EQ(panic_of(smashed, [&] { heap.release(top); }), kSmashed);
}

TEST_F(FirstFit, a_smashed_free_block_in_the_way_of_a_search_is_named) {
    void* const large = allocate(1000);
    std::byte* const before = bytes_of(allocate(64));
    void* const small = allocate(100);
    allocate(64);
    heap.release(large);
    heap.release(small);  // The search begins here, and goes on to the large one.
    std::memset(before + 64 + 16, 0x41, 16);
    EXPECT_EQ(panic_of(large, [&] { (void)heap.allocate(900); }), kSmashed);
}

TEST_F(FirstFit, a_smashed_free_block_is_named_before_its_link_is_followed) {
    void* const keep_free = allocate(1000);
    std::byte* const before = bytes_of(allocate(64));
    ASSERT_LT(before, keep_free);
    allocate(3000);
    heap.release(keep_free);
    // The free block lies behind `before`: an overrun of it breaks the list.
    std::memset(before + 64, 0x41, 48);
    EXPECT_EQ(panic_of(keep_free, [&] { (void)heap.allocate(900); }), kSmashed);
    EXPECT_EQ(panic_of(keep_free, [&] { (void)heap.allocate_aligned(3500, 32); }), kSmashed);
    EXPECT_EQ(broken(heap), "I3: the free list holds something that is no free block");
}

TEST_F(FirstFit, misuse_changes_no_byte_of_the_heap) {
    std::byte* const a = bytes_of(allocate(64));
    std::byte* const b = bytes_of(allocate(64));
    heap.release(b);
    b[-16] ^= std::byte{1};
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(a) & ~(kPageSize - 1);
    std::vector<std::byte> before(kPageSize);
    std::memcpy(before.data(), reinterpret_cast<void*>(page), kPageSize);
    EXPECT_THROW(heap.release(b), host::Panic);
    EXPECT_THROW(heap.release(a + 16), host::Panic);
    EXPECT_THROW(heap.release(a + 3), host::Panic);
    EXPECT_EQ(std::memcmp(before.data(), reinterpret_cast<void*>(page), kPageSize), 0);
}

}  // namespace
}  // namespace mm
