// The ExerciseWorld seam: a machine's memory, all of it behind one interface, for the exerciser to work on.
//
// The kernel's world is the running machine; a host test's is an array of frames with page tables, a small
// Tlb and a heap over it, in which bugs can be planted.
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include "mm/core/frame_access.hpp"
#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/owned_frame.hpp"
#include "mm/paging/tlb.hpp"

namespace mm {

/// What is exercised: a machine's memory, all of it behind one interface.
/// `take_frame`      a frame of owner kExercise. Error: kNoMemory.
/// `frames_out`      how many frames kExercise has by the account.
/// `free_frames`     how many frames are free once the heap has given back every idle page.
/// `open`            FrameAccess: a handle on the frame's bytes.
/// `pages`           the range of virtual addresses to map pages in; nobody else does.
/// `map`             maps the page, writable; on an error the frame stays the caller's. Error: kNoMemory.
/// `unmap`           removes a mapping into the batch. `flush` empties the batch, and releases the frames.
/// `reach`           the page's bytes as the CPU reaches them; null for a page fault.
/// `allocate_block`  a heap block, null when memory is out. `release_block` gives it back.
/// `audit`           everything recounted: whether it agrees.
template <typename T>
concept ExerciseWorld = requires(T world, VirtAddr page, OwnedFrame frame, UnmapBatch batch, void* block) {
    { world.take_frame() } -> std::same_as<Result<OwnedFrame>>;
    { world.frames_out() } -> std::same_as<FrameCount>;
    { world.free_frames() } -> std::same_as<FrameCount>;
    { world.open(frame.number()).bytes() } -> std::same_as<std::byte*>;
    { world.pages() } -> std::same_as<VirtRange>;
    { world.map(page, std::move(frame)) } -> std::same_as<Result<void>>;
    { world.unmap(page, batch) } -> std::same_as<Result<void>>;
    { world.flush(batch) } -> std::same_as<void>;
    { world.reach(page) } -> std::same_as<std::byte*>;
    { world.allocate_block(std::size_t{}, std::size_t{}) } -> std::same_as<void*>;
    { world.release_block(block) } -> std::same_as<void>;
    { world.audit() } -> std::same_as<bool>;
};

/// The contract as a type: instantiates the exerciser.
struct ExerciseWorldArchetype {
    Result<OwnedFrame> take_frame();
    FrameCount frames_out();
    FrameCount free_frames();
    FrameAccessArchetype::Handle open(FrameNumber frame);
    VirtRange pages();
    Result<void> map(VirtAddr page, OwnedFrame&& frame);
    Result<void> unmap(VirtAddr page, UnmapBatch& batch);
    void flush(UnmapBatch& batch);
    std::byte* reach(VirtAddr page);
    void* allocate_block(std::size_t size_bytes, std::size_t alignment);
    void release_block(void* block);
    bool audit();
};
static_assert(ExerciseWorld<ExerciseWorldArchetype>);

}  // namespace mm
