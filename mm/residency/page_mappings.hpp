// The way back from a frame to the entries that lead to it, and the way out to a disk: the two seams of residency.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "mm/core/address.hpp"
#include "mm/residency/replacement.hpp"

namespace mm {

class PageObject;

/// Finds every entry that maps a frame. Implemented by reverse_map.hpp over address spaces.
class PageMappings {
  public:
    /// Whether an accessed bit was set in one of them; all are clear afterwards.
    virtual bool take_accessed(FrameNumber frame, PageObject* object) = 0;
    /// Whether a dirty bit is set in one of them.
    virtual bool is_dirty(FrameNumber frame, PageObject* object) = 0;
    /// None maps the frame afterwards; those that owned the page (an object's index is one) name `slot`. How many do.
    virtual std::uint16_t store(FrameNumber frame, PageObject* object, SlotNumber slot) = 0;

  protected:
    ~PageMappings() = default;
};

/// The swap disk. What is started is done later: the owner of the disk calls Residency::finished.
class BackingStore {
  public:
    enum class Operation : std::uint8_t { kRead, kWrite };

    /// The most slots that one transfer can have.
    static constexpr std::uint32_t kMostSlots = 32;

    /// Begins to move the pages of `frames` from or to the slots from `first` on. False: too much is under way; again
    /// after the next transfer has finished. The frames' contents stay untouched until then.
    virtual bool start(Operation operation, SlotNumber first, std::span<const FrameNumber> frames) = 0;
    /// A number that tells a page's contents from others.
    virtual std::uint32_t checksum(FrameNumber frame) = 0;

    /// Some thread may go on: a page has come, or there are frames again.
    virtual void progress() = 0;
    /// The CPU time that policies go by.
    virtual CpuTime now() = 0;
    /// A page cannot be had back. Told once for each slot.
    enum class Loss : std::uint8_t { kUnreadable, kChanged };
    virtual void lost(SlotNumber slot, Loss loss) = 0;

  protected:
    ~BackingStore() = default;
};

}  // namespace mm
