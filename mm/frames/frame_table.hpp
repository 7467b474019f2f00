// One record a frame: who owns it, whom it is charged to, how often it is referenced, where it is mapped.
//
//   byte  0               4               8       10      11      12
//         +---------------+---------------+-------+-------+-------+
//         |     page      |    holder     | refs  | owner | mark  |    the record of frame n: bytes 12n ..
//         +---------------+---------------+-------+-------+-------+    12n + 11 of the table
//
// A record is meaningful while its frame is *not* free. Free frames' records are never written, so the table
// needs no clearing at boot: with gigabytes of memory that is most of it. Who is free is the allocator's
// knowledge alone. The records of frames that are no memory at all must read as kHole; where a whole page of
// the table describes such frames, the embedder may back it with one shared page.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mm/core/address.hpp"
#include "mm/core/panic.hpp"

namespace mm {

/// Who has a frame. Every frame that exists has exactly one owner at every moment.
enum class FrameOwner : std::uint8_t {
    kHole,         ///< No usable memory at this number: outside the account.
    kFree,         ///< Waits in the allocator.
    kWithdrawn,    ///< Claimed by the firmware, found absent or broken when it was first tried.
    kFirmware,     ///< The firmware still uses it (real-mode vectors, EBDA, ROM area), whatever the map says.
    kKernelImage,  ///< Text, data and stacks of the kernel itself.
    kBootInformation,  ///< What the loader left: the information block, the map, strings.
    kModule,  ///< A file the loader brought along; `references` counts the modules that share the frame.
    kFrameMetadata,  ///< The allocator's bits and this table.
    kPageTable,      ///< `references` counts its used entries: present or parked.
    kKernelHeap,     ///< Mapped in the kernel heap's region.
    kExercise,       ///< Held by a self-test.
    kZeroFrame,      ///< The one frame of zeros that every first read shows. Borrowed by its mappings.
    kAnonymous,      ///< Private memory of programs; `references` counts the spaces that share it.
    kSharedMemory,   ///< A page of a memory object; `references`: its mappings, and one for the object.
    kObjectIndex,    ///< Where a memory object keeps which page is in which frame.
    kKernelStack,    ///< A thread's stack in the kernel.
    kBufferPool,  ///< Holds a page that is on the swap disk, too, and that nothing maps: the next to be reused.
    kReading,     ///< A page is on its way into it from a disk.
    kWriting,     ///< The page in it, which nothing maps any more, is on its way to a disk.
};
inline constexpr std::size_t kFrameOwnerCount = 19;

/// The name in /proc/frames: one lower-case word.
constexpr const char* to_string(FrameOwner owner) {
    constexpr std::array<const char*, kFrameOwnerCount> kNames = {
        "hole",      "free",           "withdrawn",    "firmware",     "kernel-image", "boot-information",
        "module",    "frame-metadata", "page-table",   "kernel-heap",  "exercise",     "zero",
        "anonymous", "shared",         "object-index", "kernel-stack", "buffer-pool",  "reading",
        "writing"};
    const auto index = static_cast<std::size_t>(owner);
    return index < kNames.size() ? kNames[index] : "unknown";
}

/// What is known of one frame.
struct FrameRecord {
    std::uint32_t page = 0;        ///< The virtual page that maps it; the same in every space that does.
    std::uint32_t holder = 0;      ///< The id of the space it is charged to; 0: nobody's, or the kernel's.
    std::uint16_t references = 0;  ///< Mappings of it; for a page table, its used entries.
    FrameOwner owner = FrameOwner::kHole;
    std::uint8_t audit_mark = 0;  ///< Written by the audit alone.
};
static_assert(sizeof(FrameRecord) == 12);

/// No frame is referenced more often: whoever needs one more reference gets kNoMemory.
inline constexpr std::uint16_t kMostReferences = 0xffff;

/// The records of the frames [0, limit). Refers to memory of the embedder; copies refer to the same.
class FrameTable {
  public:
    explicit FrameTable(std::span<FrameRecord> records) : records_(records) {}

    /// Bytes to describe the frames [0, frame_limit).
    static constexpr std::size_t metadata_size(FrameCount frame_limit) {
        return std::size_t{frame_limit} * sizeof(FrameRecord);
    }

    [[nodiscard]] FrameCount limit() const { return static_cast<FrameCount>(records_.size()); }
    [[nodiscard]] bool contains(FrameNumber frame) const { return frame.value() < records_.size(); }
    /// The record of `frame`, which must be below limit(). Writable only for a frame that is memory.
    [[nodiscard]] FrameRecord& operator[](FrameNumber frame) const { return records_[frame.value()]; }

  private:
    std::span<FrameRecord> records_;
};

}  // namespace mm
