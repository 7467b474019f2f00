// Misuse of the heap: each kind is detected, and named for what it is.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "mm/heap/first_fit_fixture_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

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

using FirstFitMisuse = FirstFit;

TEST_F(FirstFitMisuse, releasing_null_does_nothing) {
    heap.release(nullptr);
    EXPECT_EQ(arena.takes(), 0u);
}

TEST_F(FirstFitMisuse, a_double_free_is_named_at_once) {
    void* const block = allocate(64);
    allocate(64);
    heap.release(block);
    EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kDoubleFree);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFitMisuse, a_double_free_of_the_block_allocated_last_is_named_at_once) {
    allocate(64);
    void* const block = allocate(64);
    heap.release(block);
    EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kDoubleFree);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFitMisuse, a_double_free_is_named_after_the_block_merged_with_both_neighbours) {
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

TEST_F(FirstFitMisuse, a_double_free_after_the_memory_went_to_a_larger_block_is_named_as_interior) {
    void* const first = allocate(64);
    void* const second = allocate(64);
    heap.release(second);
    heap.release(first);
    allocate(200);
    void* const stale = second < first ? first : second;
    EXPECT_EQ(panic_of(stale, [&] { heap.release(stale); }), kInterior);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFitMisuse, a_double_free_after_the_page_went_back_is_named_as_foreign) {
    void* const block = allocate_pages(3);
    heap.release(block);
    heap.give_back_idle_pages();
    EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kForeign);
}

TEST_F(FirstFitMisuse, an_interior_pointer_is_named) {
    std::byte* const block = bytes_of(allocate(500));
    for (const std::size_t offset : {1u, 4u, 16u, 64u, 499u}) {
        EXPECT_EQ(panic_of(block + offset, [&] { heap.release(block + offset); }), kInterior);
        EXPECT_EQ(panic_of(block + offset, [&] { (void)heap.size_bytes(block + offset); }), kInterior);
    }
    EXPECT_EQ(panic_of(block - 16, [&] { heap.release(block - 16); }), kInterior);
    EXPECT_EQ(heap.size_bytes(block), 500u);
    EXPECT_EQ(broken(heap), "");
}

TEST_F(FirstFitMisuse, a_copy_of_a_whole_block_is_no_block) {
    std::byte* const block = bytes_of(allocate(64));
    std::byte* const other = bytes_of(allocate(500));
    std::memcpy(other + 16, block - 16, 96);
    EXPECT_EQ(panic_of(other + 32, [&] { heap.release(other + 32); }), kInterior);
}

TEST_F(FirstFitMisuse, a_foreign_pointer_is_named_wherever_it_points) {
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

TEST_F(FirstFitMisuse, a_pointer_just_past_the_pages_is_foreign_although_a_free_block_ends_there) {
    std::byte* const block = bytes_of(allocate(64));
    heap.release(block);
    void* const past = block + 64 + 16 + 16;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(past) % kPageSize, 16u);
    EXPECT_EQ(panic_of(past, [&] { heap.release(past); }), kForeign);
}

TEST_F(FirstFitMisuse, one_byte_written_past_the_end_is_found_at_release) {
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

TEST_F(FirstFitMisuse, a_header_smashed_by_the_block_before_is_named) {
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

TEST_F(FirstFitMisuse, a_smashed_header_of_the_block_allocated_last_is_named) {
    allocate(64);
    std::byte* const block = bytes_of(allocate(64));
    for (std::size_t offset = 0; offset < 4 + 4 + sizeof(void*); ++offset) {
        block[offset - 16] ^= std::byte{0x10};
        EXPECT_EQ(panic_of(block, [&] { heap.release(block); }), kSmashed) << offset;
        block[offset - 16] ^= std::byte{0x10};
    }
    heap.release(block);
}

TEST_F(FirstFitMisuse, a_smashed_neighbour_in_the_free_list_is_named_before_it_is_merged_with) {
    void* const top = allocate(64);
    void* const smashed = allocate(64);
    void* const below = allocate(64);
    allocate(64);
    heap.release(smashed);
    std::memset(bytes_of(below) + 64 + 16, 0x41, 16);
    EXPECT_EQ(panic_of(smashed, [&] { heap.release(below); }), kSmashed);
    EXPECT_EQ(panic_of(smashed, [&] { heap.release(top); }), kSmashed);
}

TEST_F(FirstFitMisuse, a_smashed_free_block_in_the_way_of_a_search_is_named) {
    void* const large = allocate(1000);
    std::byte* const before = bytes_of(allocate(64));
    void* const small = allocate(100);
    allocate(64);
    heap.release(large);
    heap.release(small);  // The search begins here, and goes on to the large one.
    std::memset(before + 64 + 16, 0x41, 16);
    EXPECT_EQ(panic_of(large, [&] { (void)heap.allocate(900); }), kSmashed);
}

TEST_F(FirstFitMisuse, a_smashed_free_block_is_named_before_its_link_is_followed) {
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

TEST_F(FirstFitMisuse, misuse_changes_no_byte_of_the_heap) {
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
