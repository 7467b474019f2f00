#include "mm/heap/free_list.hpp"

namespace mm {

void HeapBlock::panic_smashed(const HeapBlock* block) {
    panic({"heap: a block's header was overwritten, probably from the block before it", __FILE__, __LINE__,
           reinterpret_cast<std::uintptr_t>(block->payload())});
}

void FreeList::unlink(HeapBlock* previous, HeapBlock* block) {
    previous->set_next_free(block->next_free());
    rover_ = previous;
}

/// Cuts the last `bytes` bytes off a sound free block that is longer than that.
HeapBlock* FreeList::cut_end(HeapBlock* block, std::uint32_t bytes) {
    idle_pages_ -= whole_pages(block);
    block->resize(block->bytes - bytes);
    idle_pages_ += whole_pages(block);
    rover_ = block;
    return HeapBlock::at(block->end_address());
}

HeapBlock* FreeList::take(std::uint32_t bytes) {
    rover_->expect_free();
    if (rover_->bytes > bytes) {
        return cut_end(rover_, bytes);
    }
    HeapBlock* previous = rover_;
    do {
        HeapBlock* const block = previous->next_free();
        block->expect_free();
        if (block->bytes > bytes) {
            return cut_end(block, bytes);
        }
        if (block->bytes == bytes) {
            idle_pages_ -= whole_pages(block);
            unlink(previous, block);
            return block;
        }
        previous = block;
    } while (previous != rover_);
    return nullptr;
}

HeapBlock* FreeList::take_aligned(std::uint32_t bytes, std::size_t alignment) {
    HeapBlock* previous = &head_;
    for (HeapBlock* block = first(); block != &head_; previous = block, block = block->next_free()) {
        block->expect_free();
        if (block->bytes < bytes) {
            continue;
        }
        const std::uintptr_t begin = block->address();
        const std::uintptr_t end = block->end_address();
        // The highest place in the block: what is left in front keeps the block's header and place in the
        // list.
        const std::uintptr_t payload = (end - bytes + sizeof(HeapBlock)) & ~(alignment - 1);
        if (payload < begin + sizeof(HeapBlock)) {
            continue;
        }
        const std::uintptr_t taken = payload - sizeof(HeapBlock);
        const std::uintptr_t taken_end = taken + bytes;
        idle_pages_ -= whole_pages(begin, end) - whole_pages(begin, taken) - whole_pages(taken_end, end);
        if (taken_end != end) {
            block->set_next_free(HeapBlock::make(reinterpret_cast<void*>(taken_end),
                                                 static_cast<std::uint32_t>(end - taken_end), block->link,
                                                 BlockState::kFree));
        }
        if (taken == begin) {
            unlink(previous, block);
        } else {
            block->resize(static_cast<std::uint32_t>(taken - begin));
            rover_ = block;
        }
        return HeapBlock::at(taken);
    }
    return nullptr;
}

HeapBlock* FreeList::insert(HeapBlock* block, std::uint32_t bytes) {
    HeapBlock* previous = rover_ < block ? rover_ : &head_;
    previous->expect_free();
    HeapBlock* next = previous->next_free();
    while (next < block && next != &head_) {
        previous = next;
        previous->expect_free();
        next = previous->next_free();
    }
    next->expect_free();
    HeapBlock* merged = HeapBlock::make(block, bytes, next->address(), BlockState::kFree);
    idle_pages_ += whole_pages(merged);
    // The head has no place of its own: that it may lie at this block's end means nothing.
    if (next != &head_ && merged->end_address() == next->address()) {
        idle_pages_ +=
            whole_pages(merged->address(), next->end_address()) - whole_pages(merged) - whole_pages(next);
        merged->resize(bytes + next->bytes);
        merged->set_next_free(next->next_free());
    }
    if (previous->end_address() == merged->address()) {
        idle_pages_ += whole_pages(previous->address(), merged->end_address()) - whole_pages(previous) -
                       whole_pages(merged);
        previous->resize(previous->bytes + merged->bytes);
        previous->set_next_free(merged->next_free());
        merged = previous;
    } else {
        previous->set_next_free(merged);
    }
    rover_ = merged;
    return merged;
}

void* FreeList::carve_pages(HeapBlock* block, PageCount count) {
    HeapBlock* previous = &head_;
    while (previous->next_free() != block) {
        previous = previous->next_free();
        previous->expect_free();
    }
    const std::uintptr_t begin = block->address();
    const std::uintptr_t end = block->end_address();
    const std::uintptr_t hole_end = end & ~(kPageSize - 1);
    const std::uintptr_t hole = hole_end - std::size_t{count} * kPageSize;
    if (hole_end != end) {
        block->set_next_free(HeapBlock::make(reinterpret_cast<void*>(hole_end),
                                             static_cast<std::uint32_t>(end - hole_end), block->link,
                                             BlockState::kFree));
    }
    idle_pages_ -= count;
    if (hole == begin) {
        unlink(previous, block);
    } else {
        block->resize(static_cast<std::uint32_t>(hole - begin));
        // The rover may have stood on the block as it was; it still stands in the list.
    }
    return reinterpret_cast<void*>(hole);
}

}  // namespace mm
