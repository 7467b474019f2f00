// Where the allocator's bits and the frame table live: frames out of the map, mapped before there is an
// allocator.
#pragma once

#include <cstddef>
#include <span>

#include "kernel/arch/i686/window.hpp"
#include "kernel/boot/options.hpp"
#include "kernel/memory/boot_memory.hpp"
#include "mm/frames/frame_table.hpp"

namespace kernel {

/// Memory for the frame allocator and its table, contents as each expects them at its beginning.
struct FrameMetadata {
    mm::FrameCount frame_limit;            ///< Frames [0, frame_limit) are described.
    std::span<std::byte> free_bitmap;      ///< One bit a frame.
    std::span<mm::FrameRecord> records;    ///< Those of frames that are no memory read as kHole.
    std::span<std::byte> verified_bitmap;  ///< Empty unless frames are to be verified.
};

/// Takes the frames and maps them at the places of address_space.hpp. The frame table is sparse: a page of it
/// that describes no memory at all is one shared page of holes, read-only. Refuses to boot when memory is too
/// little. Cost: some 20 instructions a page of metadata (2 MiB of memory each).
FrameMetadata map_frame_metadata(BootMemory& memory, Window& window, FrameChecks checks);

}  // namespace kernel
