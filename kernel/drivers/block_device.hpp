// A disk as the rest of the kernel sees it: pages' worth of sectors, moved to and from frames, in the background.
//
//   start(request) --> queue --> the device --interrupt--> request.done(request)
//
// A request belongs to its maker, who leaves it alone from start() until its `done` is called. Owns nothing of it.
// All calls, and `done`, happen in the kernel's main line (never inside an interrupt handler): nothing waits in here.
// A disk whose size is no whole number of pages ends with a part page: a request reaches it with a short last frame,
// and one for the whole page fails, as everything beyond the end does. What fails may have been done in part.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mm/core/address.hpp"

namespace kernel {

inline constexpr std::uint32_t kSectorBytes = 512;
inline constexpr std::uint32_t kSectorsPerFrame = 8;

/// What a device does for a request.
enum class BlockOperation : std::uint8_t { kRead, kWrite, kFlush };
inline constexpr std::size_t kBlockOperations = 3;

class BlockDevice;

struct BlockRequest {
    static constexpr std::size_t kMostFrames = 32;

    BlockOperation operation = BlockOperation::kRead;
    std::uint64_t first_sector = 0;  ///< Of 512 bytes; on a page's boundary is fastest.
    std::uint32_t frame_count = 0;   ///< 1 to kMostFrames; 0 for kFlush.
    std::array<mm::FrameNumber, kMostFrames>
        frames{};  ///< A whole frame each, one after another on the disk. Below 4 GiB, as all that are handed out.
    std::uint32_t last_frame_sectors = kSectorsPerFrame;  ///< 1 to 8: how much of the last frame takes part.
    void (*done)(BlockRequest& request) = nullptr;        ///< Called once; may start the request anew.
    bool failed = false;                                  ///< For `done`: it could not be done.
    BlockRequest* next = nullptr;                         ///< The device's, like those that follow.
    BlockDevice* device = nullptr;
    std::uint64_t started = 0;

    /// How many sectors take part.
    [[nodiscard]] std::uint32_t sector_count() const {
        return frame_count == 0 ? 0 : (frame_count - 1) * kSectorsPerFrame + last_frame_sectors;
    }
};

/// What a disk has done, since boot: an element of the arrays for each BlockOperation.
struct BlockFigures {
    std::array<std::uint64_t, kBlockOperations> requests{}, sectors{};  ///< Done; not those that failed.
    std::array<std::uint64_t, kBlockOperations> microseconds{};         ///< From start to done, added up.
    std::uint32_t in_flight = 0;                                        ///< Started, not done.
    std::uint64_t busy_microseconds = 0;  ///< While any was in flight, up to the last such moment.
    std::uint64_t busy_since = 0;         ///< When the first of those in flight was started.
    std::uint64_t errors = 0;             ///< Requests that failed.
};

/// Whether a disk may be written.
enum class BlockAccess : std::uint8_t { kReadWrite, kReadOnly };

class BlockDevice {
  public:
    /// "sda": the name in /dev and /proc.
    [[nodiscard]] virtual const char* name() const = 0;
    [[nodiscard]] virtual std::uint64_t sector_count() const = 0;
    /// Takes `request`; it is done some time after this has returned. Never fails itself: requests beyond the end fail,
    /// and writes to a disk that is kReadOnly.
    virtual void start(BlockRequest& request) = 0;
    /// What the host has attached it for: "swap", "archive"; empty when it said nothing.
    [[nodiscard]] virtual std::string_view role() const { return {}; }
    [[nodiscard]] virtual BlockAccess access() const { return BlockAccess::kReadWrite; }
    [[nodiscard]] const BlockFigures& figures() const { return figures_; }

  protected:
    BlockDevice() = default;
    BlockDevice(const BlockDevice&) = default;
    BlockDevice& operator=(const BlockDevice&) = default;
    ~BlockDevice() = default;

    BlockFigures figures_;
};

/// There are never more disks.
inline constexpr std::size_t kMostBlockDevices = 4;

/// The disks of this machine, in the order in which they are attached; null where there are no more.
BlockDevice* block_device(std::size_t index);
/// The first disk attached for `role`; null when there is none.
BlockDevice* block_device_for(std::string_view role);

}  // namespace kernel
