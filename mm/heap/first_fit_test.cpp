#include "mm/heap/first_fit.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "mm/heap/first_fit_fixture_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {

template class FirstFitHeap<PageSourceArchetype>;

namespace {

constexpr PageCount kKept = Heap::kIdlePagesKept;

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

// --- failure of the page source ---

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

// --- D3: pages go back ---

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

}  // namespace
}  // namespace mm
