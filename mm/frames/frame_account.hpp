// The frame account: every frame that exists, in exactly one state, with exactly one owner, at all times.
//
// Puts an allocator (who is free) and the frame table (who has the rest) together, and is the only door to
// both: each frame leaves through `allocate`, under its owner's name, and comes back through an OwnedFrame. A
// release of what is not out (free already, reserved, somebody else's, still referenced, no memory) changes
// nothing and is reported with the frame's real owner.
//
// I1 the frames of all owners, free ones included, add up to total_frames().
// I2 a frame is free in the allocator if and only if no record and no count speaks for it.
// Cost: allocate and release are the allocator's, plus a record and a counter. Same locking as the
// allocator's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/frame_source.hpp"
#include "mm/frames/frame_table.hpp"
#include "mm/frames/owned_frame.hpp"

namespace mm {

/// A release that was refused.
struct WrongRelease {
    FrameNumber frame;
    FrameOwner claimed;  ///< Who said to own it.
    FrameOwner actual;   ///< Who does: kFree for a double release, kHole where there is no memory.
    Error error;         ///< kNotAllocated or kOutOfRange.
};

/// Who keeps programs' pages, and can do without some: told when the account needs that.
class FrameObserver {
  public:
    /// `frame`, a page of a program (kAnonymous, kSharedMemory), has no references any more: it is about to be free.
    virtual void page_ends(FrameNumber frame) = 0;
    /// No frame is free. Releases one, if it can; whether it has.
    virtual bool make_one_free() = 0;

  protected:
    ~FrameObserver() = default;
};

class FrameAccount {
  public:
    /// Told of each refused release; the account is unchanged and usable. Must not release frames itself.
    using WrongReleaseReport = void (*)(const WrongRelease&);

    /// Keeps account of what `source` hands out. Both outlive the account. Nothing is counted yet: admit()
    /// does.
    FrameAccount(AnyFrameSource& source, FrameTable table, WrongReleaseReport report)
        : source_(source), table_(table), report_(report) {}
    FrameAccount(const FrameAccount&) = delete;
    FrameAccount& operator=(const FrameAccount&) = delete;
    ~FrameAccount() = default;

    /// At boot: `frames` are memory and belong to `owner`; kFree frames must be free in the source already,
    /// kHole ones are written down but not counted. Cost: one record each, none for free ones.
    void admit(FrameRange frames, FrameOwner owner);

    /// A frame, free until now, for `owner`, charged to the space with the id `holder` (0: to nobody). Contents
    /// undefined, mapped nowhere. Error: kNoMemory.
    Result<OwnedFrame> allocate(FrameOwner owner, std::uint32_t holder = 0) {
        Result<FrameNumber> frame = source_.allocate();
        if (!frame) [[unlikely]] {
            if (!allocate_again(frame)) {
                return failure(frame.error());
            }
        }
        table_[*frame] =
            FrameRecord{.page = 0, .holder = holder, .references = 0, .owner = owner, .audit_mark = 0};
        ++count_of(owner);
        ++allocations_;
        return OwnedFrame(*this, *frame, owner);
    }

    /// The raw door that OwnedFrame's destructor uses: `frame`, out under `owner`, becomes free.
    /// Errors, reported and with nothing changed: kNotAllocated, kOutOfRange.
    Result<void> release(FrameNumber frame, FrameOwner owner) {
        if (!table_.contains(frame)) [[unlikely]] {
            return refuse(frame, owner, Error::kOutOfRange);
        }
        const FrameRecord& record = table_[frame];
        if (record.owner != owner || record.references != 0 || !is_releasable(owner)) [[unlikely]] {
            return refuse(frame, owner, Error::kNotAllocated);
        }
        if (const Result<void> released = source_.release(frame); !released) [[unlikely]] {
            return refuse(frame, owner, released.error());
        }
        --count_of(owner);
        ++releases_;
        return {};
    }

    /// `frame`, out under `from` and without references, has another owner from now on, and is charged to `holder`.
    void reassign(FrameNumber frame, FrameOwner from, FrameOwner to, std::uint32_t holder);
    /// The same, and takes it in hand.
    OwnedFrame take_over(FrameNumber frame, FrameOwner from, FrameOwner to, std::uint32_t holder);

    /// `observer` is told from now on; null: nobody is.
    void set_observer(FrameObserver* observer) { observer_ = observer; }
    /// The page tables' side: nothing maps `frame` any more.
    void note_last_reference(FrameNumber frame) {
        if (observer_ != nullptr) [[unlikely]] {
            tell_observer(frame);
        }
    }

    /// Gives back frames that were admitted as `owner`'s at boot: a module's, the kernel's own start-up code.
    /// All or nothing. Errors, reported with the first frame that stands in the way: kNotAllocated when it is
    /// not `owner`'s, is referenced, or `owner` is none that admit() gives frames to; kOutOfRange.
    Result<void> release_admitted(FrameRange frames, FrameOwner owner);

    /// Takes a frame that the source has just handed out, but that turned out to be no working memory, out of
    /// service.
    void withdraw(FrameNumber frame);

    /// Who has `frame`; kHole beyond the table.
    [[nodiscard]] FrameOwner owner_of(FrameNumber frame) const;
    /// How many frames `owner` has. O(1).
    [[nodiscard]] FrameCount frames_of(FrameOwner owner) const {
        return owner == FrameOwner::kFree ? source_.free_frames() : counts_[static_cast<std::size_t>(owner)];
    }
    /// Every frame of the account, whoever has it.
    [[nodiscard]] FrameCount total_frames() const { return total_; }
    /// Frames handed out and given back since boot. They wrap.
    [[nodiscard]] std::uint32_t allocations() const { return allocations_; }
    [[nodiscard]] std::uint32_t releases() const { return releases_; }
    /// Releases refused since boot.
    [[nodiscard]] std::uint32_t wrong_releases() const { return wrong_releases_; }
    [[nodiscard]] FrameTable table() const { return table_; }
    [[nodiscard]] const AnyFrameSource& source() const { return source_; }

  private:
    /// Frames of these owners come and go one by one; all others were admitted and leave by release_admitted.
    /// (One compare, on the path of every release: the owners stand in that order.)
    static constexpr bool is_releasable(FrameOwner owner) { return owner >= FrameOwner::kPageTable; }
    static constexpr bool is_admitted(FrameOwner owner) {
        return owner == FrameOwner::kFirmware || owner == FrameOwner::kKernelImage ||
               owner == FrameOwner::kBootInformation || owner == FrameOwner::kModule ||
               owner == FrameOwner::kFrameMetadata;
    }
    /// Out of the way of those who need it not.
    [[gnu::cold]] bool allocate_again(Result<FrameNumber>& frame);
    void tell_observer(FrameNumber frame);
    FrameCount& count_of(FrameOwner owner) { return counts_[static_cast<std::size_t>(owner)]; }
    Result<void> refuse(FrameNumber frame, FrameOwner claimed, Error error);

    AnyFrameSource& source_;
    FrameTable table_;
    WrongReleaseReport report_;
    FrameObserver* observer_ = nullptr;
    std::array<FrameCount, kFrameOwnerCount> counts_{};
    FrameCount total_ = 0;
    std::uint32_t allocations_ = 0;
    std::uint32_t releases_ = 0;
    std::uint32_t wrong_releases_ = 0;
};

inline void OwnedFrame::drop() {
    // A refusal is reported by the account; the frame is then somebody else's and not ours to keep either.
    static_cast<void>(account_->release(frame_, owner_));
}

}  // namespace mm
