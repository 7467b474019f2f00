// A frame in hand. Whoever holds an OwnedFrame is the only one who has that frame, and nothing maps it.
//
//            allocate(owner)               map
//   free  ------------------>  OwnedFrame ------>  a page's
//    ^                          |      ^               |
//    +------- dropped ----------+      |             unmap
//                                 Tlb flush            v
//                                      +-------- UnmappedFrame
//
// There is no function that copies one, so a frame can neither leak nor be released twice by accident.
#pragma once

#include <utility>

#include "mm/core/address.hpp"
#include "mm/frames/frame_table.hpp"

namespace mm {

class FrameAccount;

class [[nodiscard]] OwnedFrame {
  public:
    OwnedFrame(const OwnedFrame&) = delete;
    OwnedFrame& operator=(const OwnedFrame&) = delete;
    OwnedFrame(OwnedFrame&& other) noexcept
        : account_(std::exchange(other.account_, nullptr)), frame_(other.frame_), owner_(other.owner_) {}
    OwnedFrame& operator=(OwnedFrame&& other) noexcept {
        if (this != &other) {
            if (account_ != nullptr) {
                drop();
            }
            account_ = std::exchange(other.account_, nullptr);
            frame_ = other.frame_;
            owner_ = other.owner_;
        }
        return *this;
    }
    /// Gives the frame back to the account it came from. (Inlined by force: mostly the frame has moved on, and the
    /// compiler sees that.)
    [[gnu::always_inline]] ~OwnedFrame() {
        if (account_ != nullptr) {
            drop();
        }
    }

    /// Which frame this is. Asking does not give it away.
    [[nodiscard]] FrameNumber number() const { return frame_; }
    [[nodiscard]] FrameOwner owner() const { return owner_; }
    /// The frame leaves this hand without going anywhere: whoever keeps the number releases it, through
    /// FrameAccount::release. For those who hold more frames than they have room for objects.
    [[nodiscard]] FrameNumber give_up() && {
        account_ = nullptr;
        return frame_;
    }

  private:
    friend class FrameAccount;
    friend class MappedFrames;

    OwnedFrame(FrameAccount& account, FrameNumber frame, FrameOwner owner)
        : account_(&account), frame_(frame), owner_(owner) {}
    void drop();

    FrameAccount* account_;  // Null once the frame has moved on.
    FrameNumber frame_;
    FrameOwner owner_;
};

}  // namespace mm
