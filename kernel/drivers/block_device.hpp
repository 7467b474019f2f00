// A disk as the rest of the kernel sees it: pages' worth of sectors, moved to and from frames, in the background.
//
//   start(request) --> queue --> the device --interrupt--> request.done(request)
//
// A request belongs to its maker, who leaves it alone from start() until its `done` is called. Owns nothing of it.
// All calls, and `done`, happen in the kernel's main line (never inside an interrupt handler): nothing waits in here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "mm/core/address.hpp"

namespace kernel {

/// What a device does for a request.
enum class BlockOperation : std::uint8_t { kRead, kWrite, kFlush };

struct BlockRequest {
    static constexpr std::size_t kMostFrames = 32;

    BlockOperation operation = BlockOperation::kRead;
    std::uint64_t first_sector = 0;  ///< Of 512 bytes; on a page's boundary is fastest.
    std::uint32_t frame_count = 0;   ///< 1 to kMostFrames; 0 for kFlush.
    std::array<mm::FrameNumber, kMostFrames>
        frames{};                                   ///< A whole frame each, one after another on the disk.
    void (*done)(BlockRequest& request) = nullptr;  ///< Called once; may start the request anew.
    bool failed = false;                            ///< For `done`: the device could not do it, or is gone.
    BlockRequest* next = nullptr;                   ///< The device's.
};

class BlockDevice {
  public:
    /// "sda": the name in /dev and /proc.
    [[nodiscard]] virtual const char* name() const = 0;
    [[nodiscard]] virtual std::uint64_t sector_count() const = 0;
    /// Takes `request`; it is done some time after this has returned. Never fails itself: requests beyond the end fail.
    virtual void start(BlockRequest& request) = 0;

  protected:
    ~BlockDevice() = default;
};

/// The disks of this machine, in the order in which they are attached; null where there are no more.
BlockDevice* block_device(std::size_t index);

}  // namespace kernel
