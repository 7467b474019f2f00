#include "mm/heap/block_walk.hpp"

namespace mm {
namespace {

/// Steps over the blocks of one run.
class BlocksOfRun {
  public:
    explicit BlocksOfRun(VirtRange run) : next_(run.begin.value()), end_(run.end.value()) {}

    /// The next block, or nullptr at the end of the run or at a header that is not sound: broken_at() tells
    /// which.
    const HeapBlock* next() {
        if (next_ == end_) {
            return nullptr;
        }
        const auto* block = HeapBlock::at(next_);
        const bool is_marked = block->is(BlockState::kUsed) || block->is(BlockState::kFree);
        if (!is_marked || block->bytes == 0 || block->bytes > end_ - next_) {
            broken_ = block;
            return nullptr;
        }
        next_ = block->end_address();
        return block;
    }
    [[nodiscard]] const HeapBlock* broken_at() const { return broken_; }

  private:
    std::uintptr_t next_;
    std::uintptr_t end_;
    const HeapBlock* broken_ = nullptr;
};

bool tail_lies_inside(const HeapBlock* block) {
    return block->link <= block->bytes - sizeof(HeapBlock) - sizeof(HeapBlock::kTail);
}

HeapFault fault(const char* what, const HeapBlock* block) {
    return {what, block->address()};
}

/// I3's second half and the sum of I5: the list, on its own.
std::optional<HeapFault> check_list(const HeldPages& pages, const FreeList& free_list) {
    PageCount idle_pages = 0;
    const HeapBlock* previous = free_list.head();
    for (const HeapBlock* block = free_list.first(); block != free_list.head(); block = block->next_free()) {
        if (block->address() % sizeof(HeapBlock) != 0 || !pages.hold(block->address())) {
            return fault("I3: the free list leads out of the heap", block);
        }
        if (!block->is(BlockState::kFree)) {
            return fault("I3: the free list holds something that is no free block", block);
        }
        if (previous != free_list.head() && block <= previous) {
            return fault("I3: the free list is out of order", block);
        }
        idle_pages += FreeList::whole_pages(block);
        previous = block;
    }
    if (idle_pages != free_list.idle_pages()) {
        return HeapFault{"I5: the count of idle pages is wrong", free_list.head()->address()};
    }
    return std::nullopt;
}

}  // namespace

VirtRange HeldPages::run_around(VirtAddr address) const {
    const VirtAddr page = address.page().address();
    if (!hold(page.value())) {
        return {page, page};
    }
    VirtRange run{page, page + kPageSize};
    while (bounds.begin < run.begin && hold(run.begin.value() - kPageSize)) {
        run.begin = VirtAddr(run.begin.value() - kPageSize);
    }
    while (run.end < bounds.end && hold(run.end.value())) {
        run.end = run.end + kPageSize;
    }
    return run;
}

VirtRange HeldPages::run_from(VirtAddr address) const {
    for (; address < bounds.end; address = address + kPageSize) {
        if (hold(address.value())) {
            return run_around(address);
        }
    }
    return {bounds.end, bounds.end};
}

HeapCounts count_blocks(const HeldPages& pages) {
    HeapCounts counts;
    for (VirtRange run = pages.run_from(pages.bounds.begin); !run.empty(); run = pages.run_from(run.end)) {
        BlocksOfRun blocks(run);
        while (const HeapBlock* block = blocks.next()) {
            if (block->is(BlockState::kUsed)) {
                ++counts.used_blocks;
                counts.used_bytes += block->bytes;
                counts.requested_bytes += block->link;
            } else {
                ++counts.free_blocks;
                counts.free_bytes += block->bytes;
                if (counts.largest_free_bytes < block->bytes) {
                    counts.largest_free_bytes = block->bytes;
                }
            }
        }
    }
    return counts;
}

std::optional<HeapFault> check_blocks(const HeldPages& pages, const FreeList& free_list) {
    if (const std::optional<HeapFault> broken = check_list(pages, free_list)) {
        return broken;
    }
    const HeapBlock* next_in_list = free_list.first();
    for (VirtRange run = pages.run_from(pages.bounds.begin); !run.empty(); run = pages.run_from(run.end)) {
        BlocksOfRun blocks(run);
        bool previous_is_free = false;
        while (const HeapBlock* block = blocks.next()) {
            const bool is_free = block->is(BlockState::kFree);
            if (is_free && previous_is_free) {
                return fault("I4: two free blocks touch", block);
            }
            if (is_free && block != next_in_list) {
                return fault("I3: a free block is not in the free list", block);
            }
            if (is_free) {
                next_in_list = block->next_free();
            } else if (!tail_lies_inside(block) || !block->tail_is_intact()) {
                return fault("I2: a block was written past its end", block);
            }
            previous_is_free = is_free;
        }
        if (blocks.broken_at() != nullptr) {
            return fault("I1, I6: no sound header where a block must begin", blocks.broken_at());
        }
    }
    if (next_in_list != free_list.head()) {
        return fault("I3: the free list holds something that is no block", next_in_list);
    }
    return std::nullopt;
}

void panic_not_a_block(const HeldPages& pages, const void* pointer) {
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    const VirtRange run = pages.run_around(VirtAddr(address));
    if (run.empty()) {
        panic({"heap: foreign pointer: it lies outside the heap's pages", __FILE__, __LINE__, address});
    }
    BlocksOfRun blocks(run);
    while (const HeapBlock* block = blocks.next()) {
        if (address >= block->end_address()) {
            continue;
        }
        if (block->is(BlockState::kFree)) {
            panic(
                {"heap: double free: the block is free already", __FILE__, __LINE__, address, block->bytes});
        }
        panic({"heap: pointer into the middle of a block", __FILE__, __LINE__, address, block->bytes});
    }
    // Either the header asked about or one below it is gone; that one is where the damage began.
    HeapBlock::panic_smashed(blocks.broken_at());
}

}  // namespace mm
