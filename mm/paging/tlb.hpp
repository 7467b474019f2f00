// The Tlb seam, and the only way from an unmapped frame back to a frame in hand.
//
// A CPU may go on using a translation after its page-table entry is gone, until it is told to forget it. A
// frame that was reused in between would be written by its former user. So unmapping does not give the frame:
// it puts an UnmappedFrame into a batch, and only `flush` (which tells the CPU, then empties the batch) makes
// OwnedFrames of them.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

#include "mm/core/address.hpp"
#include "mm/core/panic.hpp"
#include "mm/frames/frame_account.hpp"

namespace mm {

/// Makes the CPU (every CPU) forget translations.
/// `forget_page` of the page with this address, page-table caches on the way to it included; `forget_all` of
/// every page.
template <typename T>
concept Tlb = requires(T tlb, VirtAddr page) {
    { tlb.forget_page(page) } -> std::same_as<void>;
    { tlb.forget_all() } -> std::same_as<void>;
};

/// The contract as a type.
struct TlbArchetype {
    void forget_page(VirtAddr page);
    void forget_all();
};
static_assert(Tlb<TlbArchetype>);

/// A frame that no entry maps any more, but that a stale translation may still reach. Not usable for
/// anything.
class UnmappedFrame {
  public:
    [[nodiscard]] FrameNumber number() const { return frame_; }

  private:
    friend class MappedFrames;
    explicit constexpr UnmappedFrame(FrameNumber frame) : frame_(frame) {}

    FrameNumber frame_;
};

/// The passage between frames in hand and frames in page tables; the page walker's alone.
class MappedFrames {
  public:
    explicit MappedFrames(FrameAccount& account) : account_(account) {}

    /// The frame leaves the hand: from now on it is the page table's that maps it at `page`.
    void enter(OwnedFrame&& frame, PageNumber page) const {
        expect(frame.account_ == &account_, "paging: a frame was mapped that is not in hand");
        FrameRecord& record = account_.table()[frame.number()];
        record.page = static_cast<std::uint32_t>(page.value());
        ++record.references;
        frame.account_ = nullptr;
    }
    /// One more entry maps the frame, which has references. Error: kNoMemory when there are kMostReferences.
    [[nodiscard]] Result<void> share(FrameNumber frame) const {
        FrameRecord& record = account_.table()[frame];
        if (record.references == kMostReferences) [[unlikely]] {
            return failure(Error::kNoMemory);
        }
        ++record.references;
        return {};
    }
    /// An entry that mapped the frame is gone. Gives the frame when that was its last reference.
    [[nodiscard]] std::optional<UnmappedFrame> leave(FrameNumber frame) const {
        return leave(frame, account_.table()[frame]);
    }
    /// The same for who has looked up the frame's record already.
    [[nodiscard]] std::optional<UnmappedFrame> leave(FrameNumber frame, FrameRecord& record) const {
        expect(record.references != 0, "paging: an unreferenced frame was mapped");
        return --record.references == 0 ? std::optional(UnmappedFrame(frame)) : std::nullopt;
    }
    /// The frame becomes a page table: its directory entry has it, its record counts its own entries.
    void keep_table(OwnedFrame&& frame) const { frame.account_ = nullptr; }
    /// The directory entry of this empty page table is gone.
    [[nodiscard]] UnmappedFrame leave_table(FrameNumber table) const { return UnmappedFrame(table); }
    /// No translation reaches the frame any more: it is in hand again.
    [[nodiscard]] OwnedFrame regain(UnmappedFrame frame) const {
        account_.note_last_reference(frame.frame_);
        return {account_, frame.frame_, account_.table()[frame.frame_].owner};
    }

    [[nodiscard]] FrameAccount& account() const { return account_; }

  private:
    FrameAccount& account_;
};

/// Pages whose entries have changed, until the Tlb is told: for changes that give no frame back. One that goes out of
/// scope untold is a bug.
class StalePages {
  public:
    StalePages() {}  // NOLINT(modernize-use-equals-default): leaves the array as it is.
    StalePages(const StalePages&) = delete;
    StalePages& operator=(const StalePages&) = delete;
    ~StalePages() { expect(count_ == 0, "paging: the Tlb was never told of changed entries"); }

    void add(VirtAddr page) {
        if (count_ < kCapacity) {
            pages_[count_] = page;
        }
        ++count_;
    }
    /// Cost: one forget_page each, or one forget_all where there are more than a few.
    template <Tlb AnyTlb>
    void tell(AnyTlb& tlb) {
        if (count_ > kCapacity) {
            tlb.forget_all();
        } else {
            for (std::size_t i = 0; i < count_; ++i) {
                tlb.forget_page(pages_[i]);
            }
        }
        count_ = 0;
    }

  private:
    static constexpr std::size_t kCapacity = 12;

    union {                                      // As in UnmapBatch: never initialised.
        std::array<VirtAddr, kCapacity> pages_;  // NOLINT(readability-identifier-naming)
    };
    std::size_t count_ = 0;
};

/// Pages unmapped, and the frames that come free with them, until the Tlb has been told. A batch that goes
/// out of scope unflushed is a bug: its frames would leak.
class UnmapBatch {
  public:
    /// Pages (and frames) a batch can hold.
    static constexpr std::size_t kCapacity = 16;

    UnmapBatch() {}  // NOLINT(modernize-use-equals-default): leaves the arrays as they are.
    UnmapBatch(const UnmapBatch&) = delete;
    UnmapBatch& operator=(const UnmapBatch&) = delete;
    ~UnmapBatch() { expect(page_count_ == 0, "paging: a batch of unmapped pages was never flushed"); }

    /// Whether another page fits, together with every page table that its removal may free.
    [[nodiscard]] bool has_room() const {
        return page_count_ < kCapacity && frame_count_ + kMostFramesAPage <= frames_.size();
    }

    /// The walker's: `page` must be forgotten. The batch has room.
    void add_page(VirtAddr page) { pages_[page_count_++] = page; }
    /// The walker's: `frame` comes free when it is. The batch has room.
    void add_frame(UnmappedFrame frame) { frames_[frame_count_++] = frame; }

  private:
    /// The page's own frame, and a table at each level above (four levels on x86_64, the root is never
    /// freed).
    static constexpr std::size_t kMostFramesAPage = 4;

    template <Tlb AnyTlb, typename Take>
    friend void flush(AnyTlb& tlb, const MappedFrames& frames, UnmapBatch& batch, Take take);

    // Only the first page_count_ and frame_count_ places are ever read. Clearing them all would cost more
    // than the unmapping of a page: a union's members are not initialised.
    union {
        std::array<VirtAddr, kCapacity>
            pages_;  // NOLINT(readability-identifier-naming): private all the same
    };
    union {
        std::array<UnmappedFrame, kCapacity + kMostFramesAPage>
            frames_;  // NOLINT(readability-identifier-naming)
    };
    std::size_t page_count_ = 0;
    std::size_t frame_count_ = 0;
};

/// Forgets the batch's translations, then calls take(OwnedFrame&&) for each of its frames; one that `take`
/// does not move from goes back to the account. The batch is empty afterwards. Cost: one forget_page each, or
/// one forget_all.
template <Tlb AnyTlb, typename Take>
void flush(AnyTlb& tlb, const MappedFrames& frames, UnmapBatch& batch, Take take) {
    constexpr std::size_t kForgetAllFrom = 12;
    if (batch.page_count_ >= kForgetAllFrom) {
        tlb.forget_all();
    } else {
        for (std::size_t i = 0; i < batch.page_count_; ++i) {
            tlb.forget_page(batch.pages_[i]);
        }
    }
    for (std::size_t i = 0; i < batch.frame_count_; ++i) {
        OwnedFrame frame = frames.regain(batch.frames_[i]);
        take(std::move(frame));
    }
    batch.page_count_ = 0;
    batch.frame_count_ = 0;
}

}  // namespace mm
