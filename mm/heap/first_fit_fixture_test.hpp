// What the tests of the first-fit heap share.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>

#include "mm/heap/first_fit.hpp"
#include "mm/heap/page_arena_test.hpp"

namespace mm {

using Heap = FirstFitHeap<PageArena>;

/// Which invariant is broken; empty when none is.
inline std::string broken(const Heap& heap) {
    const std::optional<HeapFault> fault = heap.check_invariants();
    return fault ? fault->what : "";
}

inline std::byte* bytes_of(void* block) {
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

}  // namespace mm
