// What every policy of this folder stands on: an instance, with its id and its frames among the records that
// all share.
//
// An instance claims a frame's record when a page enters it, and lets go of it when the page leaves, or when
// the instance ends: a policy is changed by ending one instance and telling the next of every page that is
// there.
//
// I1 each record with this instance's id is in exactly one of its lists; there are count() of them.
// Cost: O(1); the end of an instance is O(count()).
#pragma once

#include <cstdint>

#include "mm/residency/ghosts.hpp"
#include "mm/residency/replacement.hpp"
#include "mm/residency/replacement_tuning.hpp"
#include "mm/residency/resident_records.hpp"

namespace mm {

/// What the caller gives to the instances of all policies, and keeps until the last of them has ended.
struct ReplacementMemory {
    ResidentRecords records;       ///< One a frame; zero bytes at first.
    GhostTable* ghosts = nullptr;  ///< For 2q and s3fifo; without it they remember nothing.
};

/// What an instance is made of.
struct ReplacementSetup {
    ReplacementMemory memory;
    InstanceId instance;     ///< Not 0; no two instances have the same at a time.
    std::uint32_t seed = 1;  ///< Of those policies that throw dice.
    ReplacementTuning tuning = {};
};

class ReplacementInstance : public ReplacementPolicy {
  public:
    ReplacementInstance(const ReplacementInstance&) = delete;
    ReplacementInstance& operator=(const ReplacementInstance&) = delete;

    /// Frames with pages that this instance knows of.
    [[nodiscard]] std::uint32_t count() const { return count_; }

  protected:
    explicit ReplacementInstance(const ReplacementSetup& setup)
        : records_(setup.memory.records), tuning_(setup.tuning), instance_(setup.instance) {
        expect(instance_ != 0, "replacement: an instance without an id");
    }
    ~ReplacementInstance() override = default;

    [[nodiscard]] ResidentRecords records() const { return records_; }
    [[nodiscard]] InstanceId instance() const { return instance_; }
    [[nodiscard]] const ReplacementTuning& tuning() const { return tuning_; }
    /// So many percent of the frames that the instance has; at least one.
    [[nodiscard]] std::uint32_t share(std::uint32_t percent) const {
        const std::uint32_t part = count_ * percent / 100;
        return part != 0 ? part : 1;
    }

    /// `frame`, nobody's until now, is this instance's; its record is in no list yet.
    ResidentRecord& claim(FrameIndex frame, PageId page) {
        expect(frame < records_.size(), "replacement: no such frame");
        ResidentRecord& record = records_[frame];
        expect(record.instance == 0, "replacement: a page entered a frame that has one");
        record = {.previous = kNoFrame,
                  .next = kNoFrame,
                  .page = page,
                  .word = 0,
                  .instance = instance_,
                  .queue = 0,
                  .bits = 0};
        ++count_;
        return record;
    }
    void expect_own(FrameIndex frame) const {
        expect(frame < records_.size() && records_[frame].instance == instance_,
               "replacement: a frame whose page this instance does not know of");
    }
    /// The record of a frame of this instance.
    [[nodiscard]] ResidentRecord& record_of(FrameIndex frame) const {
        expect_own(frame);
        return records_[frame];
    }
    /// `frame`, already out of all lists, is nobody's.
    void disclaim(FrameIndex frame) {
        records_[frame].instance = 0;
        --count_;
    }
    /// Gives up every frame of `list`: for destructors.
    void abandon(ResidentList& list) {
        while (!list.empty()) {
            disclaim(list.pop_front(records_));
        }
    }

    /// A refused page is about to be used: it counts as accessed, once.
    void spare_once(FrameIndex frame) { records_[frame].bits |= kRefused; }
    /// Why a page should be passed over, if it should.
    enum class Use : std::uint8_t { kNone, kAccessed, kRefused };
    /// Takes both reasons away.
    Use take_use(FrameIndex frame, UseBits& bits) {
        const bool accessed = bits.take_accessed(frame);
        ResidentRecord& record = records_[frame];
        const bool refused = (record.bits & kRefused) != 0;
        record.bits &= static_cast<std::uint8_t>(~kRefused);
        if (refused) {
            return Use::kRefused;
        }
        return accessed ? Use::kAccessed : Use::kNone;
    }

    /// I1, and each of `lists`, which are all the instance has, against the records. O(records).
    template <typename... Lists>
    [[nodiscard]] bool check_lists(const Lists&... lists) const {
        return (lists.check_invariants(records_, instance_) && ...) && (lists.count() + ...) == count_ &&
               count_ == claimed();
    }
    /// The records with this instance's id, counted. O(records).
    [[nodiscard]] std::uint32_t claimed() const;

  private:
    static constexpr std::uint8_t kRefused = 0x80;

    ResidentRecords records_;
    ReplacementTuning tuning_;
    std::uint32_t count_ = 0;
    InstanceId instance_;
};

}  // namespace mm
