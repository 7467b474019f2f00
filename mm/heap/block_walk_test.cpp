// The checks themselves: each invariant broken by hand, and found by its name. What misuse through the heap's
// own calls can break is in first_fit_test.cpp.
#include "mm/heap/block_walk.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "mm/heap/first_fit.hpp"
#include "mm/heap/page_arena_test.hpp"

namespace mm {
namespace {

/// Two pages of blocks, written by hand:  |free 4096|used 1024|free 1024|used 2048|
class BlockWalk : public testing::Test {
  protected:
    BlockWalk() {
        list.insert(first, kPageSize);
        list.insert(second, 1024);
        use(kPageSize, 1024);
        use(kPageSize + 2048, 2048);
    }
    HeapBlock* at(std::size_t offset) { return HeapBlock::at(VirtAddr::of(memory).value() + offset); }
    HeapBlock* use(std::size_t offset, std::uint32_t bytes) {
        HeapBlock* const block = HeapBlock::make(at(offset), bytes, bytes - 20, BlockState::kUsed);
        block->write_tail();
        return block;
    }
    std::string broken() {
        const VirtRange bounds{VirtAddr::of(memory), VirtAddr::of(memory + sizeof(memory))};
        const HeldPages pages{
            &bounds,
            [](const void* source, const void* address) {
                return static_cast<const VirtRange*>(source)->contains(VirtAddr::of(address));
            },
            bounds};
        const std::optional<HeapFault> fault = check_blocks(pages, list);
        return fault ? fault->what : "";
    }

    alignas(kPageSize) std::byte memory[2 * kPageSize];
    FreeList list;
    HeapBlock* const first = at(0);
    HeapBlock* const second = at(kPageSize + 1024);
};

TEST_F(BlockWalk, finds_nothing_wrong_with_a_sound_heap) {
    EXPECT_EQ(broken(), "");
}

TEST_F(BlockWalk, finds_a_free_block_that_left_the_list) {
    first->set_next_free(second->next_free());
    EXPECT_EQ(broken(), "I3: a free block is not in the free list");
}

TEST_F(BlockWalk, finds_a_list_out_of_order) {
    second->set_next_free(first);
    EXPECT_EQ(broken(), "I3: the free list is out of order");
}

TEST_F(BlockWalk, finds_a_list_that_leads_out_of_the_heap) {
    std::array<HeapBlock, 1> outside;
    second->set_next_free(outside.data());
    EXPECT_EQ(broken(), "I3: the free list leads out of the heap");
}

TEST_F(BlockWalk, finds_a_used_block_in_the_list) {
    use(kPageSize + 1024, 1024);
    EXPECT_EQ(broken(), "I3: the free list holds something that is no free block");
}

TEST_F(BlockWalk, finds_a_listed_block_inside_another) {
    HeapBlock* const inside =
        HeapBlock::make(at(kPageSize + 2048 + 512), 64, second->link, BlockState::kFree);
    second->set_next_free(inside);
    EXPECT_EQ(broken(), "I3: the free list holds something that is no block");
}

TEST_F(BlockWalk, finds_free_blocks_that_touch) {
    HeapBlock* const half = HeapBlock::make(at(kPageSize + 1536), 512, second->link, BlockState::kFree);
    second->resize(512);
    second->set_next_free(half);
    EXPECT_EQ(broken(), "I4: two free blocks touch");
}

TEST_F(BlockWalk, finds_a_wrong_count_of_idle_pages) {
    first->resize(kPageSize - 64);
    use(kPageSize - 64, 64);
    EXPECT_EQ(broken(), "I5: the count of idle pages is wrong");
}

TEST_F(BlockWalk, finds_a_gap_between_blocks) {
    use(kPageSize, 1008);
    EXPECT_EQ(broken(), "I1, I6: no sound header where a block must begin");
}

TEST_F(BlockWalk, finds_a_block_that_runs_out_of_its_pages) {
    use(kPageSize + 2048, 2064);
    EXPECT_EQ(broken(), "I1, I6: no sound header where a block must begin");
}

TEST_F(BlockWalk, finds_a_tail_word_that_was_written_over) {
    reinterpret_cast<std::byte*>(second)[-1] ^= std::byte{1};
    EXPECT_EQ(broken(), "I2: a block was written past its end");
}

TEST(HeapChecks, find_pages_that_were_taken_away_behind_the_heaps_back) {
    PageArena arena(PageArena::Placement::kApart);
    FirstFitHeap<PageArena> heap(arena);
    void* const block = heap.allocate(kPageSize - 20);
    ASSERT_NE(block, nullptr);
    ASSERT_NE(heap.allocate(1), nullptr);
    EXPECT_FALSE(heap.check_invariants());
    arena.give_pages(static_cast<std::byte*>(block) - 16, 1);
    EXPECT_STREQ(heap.check_invariants().value().what,
                 "I8: the source does not hold what was taken and not given back");
}

TEST(FreeList, a_block_that_ends_where_the_head_happens_to_lie_does_not_merge_with_it) {
    alignas(kPageSize) std::byte memory[kPageSize];
    auto* const list = new (memory + 256) FreeList;
    HeapBlock* const block = HeapBlock::at(list->head()->address() - 128);
    HeapBlock* const lower = HeapBlock::at(VirtAddr::of(memory).value());
    list->insert(lower, 64);
    list->insert(block, 128);
    EXPECT_EQ(list->first(), lower);
    EXPECT_EQ(lower->next_free(), block);
    EXPECT_EQ(block->next_free(), list->head());
    EXPECT_EQ(block->bytes, 128u);
}

}  // namespace
}  // namespace mm
