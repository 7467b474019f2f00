// The steps of mm::Exercise: what exercise.hpp declares. Included by it, and by nobody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace mm {

template <ExerciseWorld World>
void Exercise<World>::perform(ExerciseStep step) {
    if (report_.fault != nullptr) {
        return;
    }
    const std::size_t index = step.slot % slots_.size();
    ExerciseSlot& slot = slots_[index];
    switch (slot.kind) {
        case Kind::kEmpty:
            if (step.choice % 2 == 0) {
                allocate_block(slot, step);
            } else {
                take_frame(slot);
            }
            break;
        case Kind::kFrame:
            if (step.choice % 4 == 0) {
                release_frame(slot);
            } else {
                map_frame(slot, step.choice / 4);
            }
            break;
        case Kind::kPage:
            // Mostly one page; now and then a batch so long that the whole Tlb is told to forget.
            unmap_pages(index, step.choice % 8 == 0 ? UnmapBatch::kCapacity : 1);
            break;
        case Kind::kBlock:
            release_block(slot);
            break;
    }
    ++report_.steps;
    if (report_.steps % kAuditInterval == 0) {
        check_everything();
    }
}

template <ExerciseWorld World>
ExerciseReport Exercise<World>::finish() {
    for (std::size_t index = 0; index < slots_.size() && report_.fault == nullptr; ++index) {
        let_go(index);
    }
    if (report_.fault == nullptr) {
        check_everything();
        find(world_.free_frames() == free_frames_before_, "a frame leaked, or came from nowhere");
    }
    return report_;
}

template <ExerciseWorld World>
void Exercise<World>::let_go(std::size_t index) {
    switch (slots_[index].kind) {
        case Kind::kEmpty:
            break;
        case Kind::kFrame:
            release_frame(slots_[index]);
            break;
        case Kind::kPage:
            unmap_pages(index, UnmapBatch::kCapacity);
            break;
        case Kind::kBlock:
            release_block(slots_[index]);
            break;
    }
}

template <ExerciseWorld World>
void Exercise<World>::take_frame(ExerciseSlot& slot) {
    Result<OwnedFrame> frame = world_.take_frame();
    if (!frame) {
        ++report_.refusals;
        return;
    }
    ++report_.frames_taken;
    expect_frame_is_nobodys(frame->number());
    slot.kind = Kind::kFrame;
    slot.number = next_number_++;
    slot.frame = frame->number();
    slot.size_bytes = kPageSize;
    slot.in_hand.emplace(std::move(*frame));
    ++frames_held_;
    fill(world_.open(slot.frame).bytes(), slot);
}

template <ExerciseWorld World>
void Exercise<World>::release_frame(ExerciseSlot& slot) {
    find(is_filled(world_.open(slot.frame).bytes(), slot), "the contents of a frame in hand changed");
    slot.in_hand.reset();
    slot.kind = Kind::kEmpty;
    --frames_held_;
}

/// Each slot has pages of its own to choose from, spread over the range: page tables come and go, and a page
/// that was unmapped is soon mapped to another frame.
template <ExerciseWorld World>
void Exercise<World>::map_frame(ExerciseSlot& slot, std::uint32_t choice) {
    const std::size_t stripe = world_.pages().size() / kPageSize / slots_.size();
    constexpr std::size_t kChoices = 2;
    const std::size_t index = static_cast<std::size_t>(&slot - slots_.data());
    const std::size_t page = index * stripe + choice % (stripe < kChoices ? stripe : kChoices);
    const VirtAddr address = world_.pages().begin + page * kPageSize;
    if (!world_.map(address, std::move(*slot.in_hand))) {
        ++report_.refusals;
        find(is_filled(world_.open(slot.frame).bytes(), slot), "a mapping that failed changed the frame");
        return;
    }
    ++report_.pages_mapped;
    slot.in_hand.reset();
    slot.kind = Kind::kPage;
    slot.address = address;
    std::byte* const bytes = world_.reach(address);
    find(bytes != nullptr, "a mapped page cannot be reached");
    if (bytes == nullptr) {
        return;
    }
    find(is_filled(bytes, slot), "a page does not show the frame that it was mapped to");
    slot.number = next_number_++;
    fill(bytes, slot);
    find(is_filled(world_.open(slot.frame).bytes(), slot), "what was written to a page is not in its frame");
}

/// Unmaps the page of slot `first`, and of the slots after it that have one, up to `most` in a batch.
template <ExerciseWorld World>
void Exercise<World>::unmap_pages(std::size_t first, std::size_t most) {
    UnmapBatch batch;
    for (std::size_t index = first; index < slots_.size() && most > 0 && batch.has_room(); ++index) {
        ExerciseSlot& slot = slots_[index];
        if (slot.kind != Kind::kPage) {
            continue;
        }
        --most;
        const std::byte* const bytes = world_.reach(slot.address);
        find(bytes != nullptr && is_filled(bytes, slot), "the contents of a mapped page changed");
        find(is_filled(world_.open(slot.frame).bytes(), slot),
             "the contents of a mapped page's frame changed");
        find(world_.unmap(slot.address, batch).has_value(), "a page that was mapped is not");
        slot.kind = Kind::kEmpty;
        --frames_held_;
        ++report_.pages_unmapped;
    }
    world_.flush(batch);
}

template <ExerciseWorld World>
void Exercise<World>::allocate_block(ExerciseSlot& slot, ExerciseStep step) {
    // Sizes of every magnitude up to some pages, alike; one in eight with an alignment of any magnitude.
    constexpr std::uint32_t kMagnitudes = 15;
    const std::size_t limit = std::size_t{1} << (step.choice / 2 % kMagnitudes);
    const std::size_t size_bytes = step.size % limit;
    const bool is_aligned = step.size / limit % 8 == 0;
    const std::size_t alignment = is_aligned ? std::size_t{1} << (step.choice / 64 % (kPageShift + 1)) : 1;
    auto* const block = static_cast<std::byte*>(world_.allocate_block(size_bytes, alignment));
    if (block == nullptr) {
        ++report_.refusals;
        return;
    }
    ++report_.blocks_allocated;
    find(VirtAddr::of(block).value() % alignment == 0, "a heap block is not aligned as asked");
    expect_no_overlap(block, size_bytes);
    slot.kind = Kind::kBlock;
    slot.number = next_number_++;
    slot.address = VirtAddr::of(block);
    slot.size_bytes = size_bytes;
    fill(block, slot);
}

template <ExerciseWorld World>
void Exercise<World>::release_block(ExerciseSlot& slot) {
    auto* const block = slot.address.template as<std::byte>();
    find(is_filled(block, slot), "the contents of a heap block changed");
    if (report_.fault == nullptr) {
        world_.release_block(block);
    }
    slot.kind = Kind::kEmpty;
}

template <ExerciseWorld World>
void Exercise<World>::expect_frame_is_nobodys(FrameNumber frame) {
    for (const ExerciseSlot& other : slots_) {
        const bool has_frame = other.kind == Kind::kFrame || other.kind == Kind::kPage;
        find(!has_frame || other.frame != frame, "a frame was handed out twice");
    }
}

/// A block without bytes still has an address of its own.
template <ExerciseWorld World>
void Exercise<World>::expect_no_overlap(const std::byte* begin, std::size_t size_bytes) {
    const VirtAddr block = VirtAddr::of(begin);
    const VirtRange bytes{block, block + (size_bytes == 0 ? 1 : size_bytes)};
    for (const ExerciseSlot& other : slots_) {
        if (other.kind == Kind::kBlock) {
            const VirtRange others{other.address,
                                   other.address + (other.size_bytes == 0 ? 1 : other.size_bytes)};
            find(!bytes.overlaps(others), "two heap blocks overlap");
        }
    }
}

template <ExerciseWorld World>
void Exercise<World>::check_everything() {
    find(world_.audit(), "the audit found a contradiction");
    find(world_.frames_out() == frames_held_, "the account has another number of frames out than were taken");
}

}  // namespace mm
