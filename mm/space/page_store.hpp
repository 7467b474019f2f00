// Where pages are that are not in memory, as address spaces see it. mm/residency implements it on a swap disk.
//
//   entry: stored(slot)   --restore-->   frame   --claim-->   mapped; the entry's reference on the slot goes back
//   entry: frame          --(evicted, by the store, through ReverseMap)-->   stored(slot)
//
// A slot is referenced by every entry (of page tables, of a memory object's index) that names it. While a page is in
// memory its slot may keep the contents: evicting it unchanged then costs no write. Nothing in here waits.
#pragma once

#include <cstdint>

#include "mm/core/address.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/frame_table.hpp"

namespace mm {

class PageObject;

/// What may be done with the frame that restore gives.
enum class RestoredUse : std::uint8_t {
    kMap,   ///< Claim and map it.
    kCopy,  ///< Only copy it, at once: the frame has to stay as it is.
};

class PageStore {
  public:
    struct Restored {
        FrameNumber frame;
        RestoredUse use;
    };

    /// Why there is no frame at this moment: kWouldWait when there will be some, else kNoMemory.
    [[nodiscard]] virtual Error shortage() const = 0;

    /// The frame with the contents of `slot`, valid until the next frame is allocated. Errors: kWouldWait (it is on its
    /// way), kNoMemory, kBadInput (the contents are lost: the program gets SIGBUS).
    virtual Result<Restored> restore(SlotNumber slot) = 0;
    /// `frame`, from restore for kMap, is about to be mapped (again), as a page of `owner`'s kind: charged to `holder`
    /// if nobody had it, at `page` of a space, or of `object`.
    virtual void claim(FrameNumber frame, FrameOwner owner, std::uint32_t holder, std::uint32_t page,
                       PageObject* object) = 0;

    /// One more entry, and one less, names `slot`. Error: kNoMemory when there are too many.
    virtual Result<void> share(SlotNumber slot) = 0;
    virtual void release(SlotNumber slot) = 0;

    /// A new page is in `frame`, which its record tells of; of `object` if that is not null.
    virtual void entered(FrameNumber frame, PageObject* object) = 0;
    /// The one entry that maps `frame` becomes writable.
    virtual void becomes_writable(FrameNumber frame) = 0;
    /// `frame` was, or is about to be, written to by a way that no entry in page tables tells of.
    virtual void dirtied(FrameNumber frame) = 0;

  protected:
    ~PageStore() = default;
};

}  // namespace mm
