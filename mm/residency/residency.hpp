// Residency: programs' pages share the frames there are; those that find no room lie on a swap disk.
//
//            entered                choose: evict                  write             reused
//   frame ----------> kMapped ----------------------> kWriting ----------> kInPool --------> another page's frame
//                        ^   \___ unchanged since it was read: no write _____^  |
//                        |                                                      |
//                        +---- claim <--- restore: still there <----------------+
//                        +---- claim <--- kReading <--- restore: on the disk alone
//
// Frames are given out until only the reserve is left; then those of the buffer pool, which hold evicted pages as long
// as they can, the oldest first. balance() refills the pool, at moments when no page table is open and nobody looks at
// a page: eviction never happens inside a fault. What must wait says kWouldWait.
//
// Owns: the pool and the frames in flight (as kBufferPool, kReading, kWriting of the account), the slots, the records of
// frames (the spans are the caller's). The policy only decides.
//
// I1 a frame of the pool or in flight has no reference, and a slot that says so.
// I2 a frame's record and its slot's name each other; a frame without a slot has contents that no disk has.
// I3 the policy knows exactly the frames that are tracked: those with a page of a program.
//
// Locking: as the account. No call blocks. Costs: restore of a page in the pool and claim are tens of instructions, an
// eviction the policy's and the reverse map's, and a checksum if it is written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mm/core/result.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/residency/page_mappings.hpp"
#include "mm/residency/replacement.hpp"
#include "mm/residency/swap_slots.hpp"
#include "mm/space/page_store.hpp"

namespace mm {

/// What residency writes down of a frame.
struct ResidentFrame {
    PageObject* object = nullptr;  ///< Whose page it has; null: private memory.
    std::uint32_t slot = 0;        ///< The number plus one; 0: none.
    std::uint32_t next = 0;        ///< In the pool: frame numbers plus one.
    std::uint32_t previous = 0;
    bool tracked = false;   ///< The policy knows of it.
    bool dirty = false;     ///< Changed since its slot was written, whatever the page tables say.
    bool was_read = false;  ///< In the pool: it came from the disk, and not from a program.
};

/// How many frames stay free for the kernel itself, and when eviction begins and ends.
struct Watermarks {
    FrameCount reserve;
    FrameCount low;   ///< Fewer available: balance() has to run,
    FrameCount high;  ///< and runs until there are so many.
    /// For a machine with `frame_count` frames.
    static Watermarks for_memory(FrameCount frame_count);
};

/// Since the disk was taken into use. They wrap.
struct ResidencyFigures {
    std::uint32_t pages_in = 0;         ///< Read from the disk,
    std::uint32_t pages_out = 0;        ///< written to it;
    std::uint32_t reads = 0;            ///< in so many transfers.
    std::uint32_t writes = 0;           ///< As pages_out.
    std::uint32_t evictions = 0;        ///< Pages taken from programs,
    std::uint32_t clean_evictions = 0;  ///< those among them that the disk had already.
    std::uint32_t pool_hits = 0;        ///< Evicted pages that were still there.
    std::uint32_t lost = 0;             ///< Pages that could not be had back.
};

class Residency final : public PageStore, public FrameObserver, private UseBits {
  public:
    /// Nothing is tracked yet: track() what programs have. `frames` has a record for each frame of the account, `slots`
    /// one for each slot of the disk, of which the first `head` are never used. All outlive the object.
    Residency(FrameAccount& account, PageMappings& mappings, BackingStore& store,
              std::span<ResidentFrame> frames, std::span<SlotRecord> slots, std::uint32_t head);
    Residency(const Residency&) = delete;
    Residency& operator=(const Residency&) = delete;
    /// No slot is in use any more, nothing is under way.
    ~Residency();

    /// `policy` decides from now on; it is told of every page there is, the one before to forget them. It outlives the
    /// object, or the next call.
    void set_policy(ReplacementPolicy& policy);
    [[nodiscard]] ReplacementPolicy* policy() const { return policy_; }

    /// A frame for a page, contents undefined. Errors: kWouldWait (balance() has to run, or a transfer to end),
    /// kNoMemory (nothing more can leave).
    Result<OwnedFrame> frame_for_page(FrameOwner owner, std::uint32_t holder);

    /// Whether balance() has something to do.
    [[nodiscard]] bool wants_balance() const {
        return available() < marks_.low && has_room_for_write() && !stuck_ && !draining_;
    }
    /// Evicts pages until enough frames are available, and starts to write those that have to be.
    void balance();
    /// A transfer that the store began has ended.
    enum class Outcome : std::uint8_t { kDone, kFailed };
    void finished(BackingStore::Operation operation, SlotNumber first, std::span<const FrameNumber> frames,
                  Outcome outcome);

    /// From now on nothing leaves memory: so that everything can come back.
    void drain() { draining_ = true; }
    void stop_draining() { draining_ = false; }
    /// Slots that keep what is in memory as well give it up; whether none is in use now.
    bool release_spare_slots();

    // PageStore
    [[nodiscard]] Error shortage() const override;
    Result<Restored> restore(SlotNumber slot) override;
    void claim(FrameNumber frame, FrameOwner owner, std::uint32_t holder, std::uint32_t page,
               PageObject* object) override;
    Result<void> share(SlotNumber slot) override;
    void release(SlotNumber slot) override;
    void entered(FrameNumber frame, PageObject* object) override;
    void becomes_writable(FrameNumber frame) override;
    void dirtied(FrameNumber frame) override { frames_[frame.value()].dirty = true; }

    // FrameObserver
    void page_ends(FrameNumber frame) override;
    bool make_one_free() override;

    [[nodiscard]] const SwapSlots& slots() const { return slots_; }
    [[nodiscard]] const ResidencyFigures& figures() const { return figures_; }
    [[nodiscard]] const ResidentFrame& frame(FrameNumber number) const { return frames_[number.value()]; }
    [[nodiscard]] FrameCount pool_frames() const { return pool_count_; }
    [[nodiscard]] const Watermarks& watermarks() const { return marks_; }
    /// I1 to I3 as far as it can see without page tables. Cost: O(frames + slots).
    [[nodiscard]] bool check_invariants() const;

  private:
    /// Pages on their way out, until the store takes them: neighbours on the disk go in one transfer.
    struct Cluster {
        SlotNumber first;
        std::uint32_t count = 0;
        std::array<FrameNumber, BackingStore::kMostSlots> frames{};
    };
    static constexpr std::size_t kClusters = 4;
    static constexpr std::uint32_t kMostAhead = 16;

    // UseBits
    bool take_accessed(FrameIndex frame) override;
    bool is_dirty(FrameIndex frame) override;

    [[nodiscard]] FrameCount beyond_reserve(FrameCount frames) const {
        return frames > marks_.reserve ? frames - marks_.reserve : 0;
    }
    /// Frames for pages, those that are being written included. What the kernel has taken of the reserve, the pool makes
    /// up for.
    [[nodiscard]] FrameCount available() const {
        return beyond_reserve(account_.frames_of(FrameOwner::kFree) + pool_count_ + writing_);
    }
    [[nodiscard]] ResidentFrame& record(FrameNumber frame) const { return frames_[frame.value()]; }
    [[nodiscard]] PageId page_id(FrameNumber frame) const;

    enum class Evicted : std::uint8_t { kYes, kRefused, kNothingLeft };
    Evicted evict_one();
    bool evict(FrameNumber frame);
    std::optional<SlotNumber> slot_for_writing();
    void queue_write(SlotNumber slot, FrameNumber frame);
    void start_writes();
    [[nodiscard]] bool has_room_for_write() const { return clusters_used_ < kClusters; }

    Result<Restored> read(SlotNumber slot);
    std::uint32_t read_ahead(SlotNumber slot);
    void finish_read(SlotNumber slot, FrameNumber frame, Outcome outcome, std::size_t count);
    void finish_write(SlotNumber slot, FrameNumber frame, Outcome outcome);

    void track(FrameNumber frame, PageObject* object);
    void untrack(FrameNumber frame, ReplacementPolicy::Departure departure);
    void link(FrameNumber frame, SlotNumber slot);
    void unlink(FrameNumber frame);
    void into_pool(FrameNumber frame, FrameOwner from);
    void out_of_pool(FrameNumber frame);
    FrameNumber take_oldest_from_pool();
    void free_frame(FrameNumber frame, FrameOwner owner);

    FrameAccount& account_;
    PageMappings& mappings_;
    BackingStore& store_;
    std::span<ResidentFrame> frames_;
    SwapSlots slots_;
    Watermarks marks_;
    ReplacementPolicy* policy_ = nullptr;
    std::uint32_t oldest_ = 0;  // of the pool: frame numbers plus one
    std::uint32_t newest_ = 0;
    FrameCount pool_count_ = 0;
    FrameCount writing_ = 0;
    FrameCount reading_ = 0;
    std::array<Cluster, kClusters> clusters_{};
    std::size_t clusters_used_ = 0;  // the last one may take more
    std::uint32_t entered_since_tick_ = 0;
    std::uint32_t next_ahead_ = 0;  // the slot behind the last one read
    std::uint32_t ahead_ = 1;       // how many are read at once
    bool stuck_ = false;            // nothing more could leave, when it was last tried
    bool draining_ = false;
    ResidencyFigures figures_;
};

}  // namespace mm
