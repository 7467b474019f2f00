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
    ~ReplacementInstance() override { abandon(aside_); }

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

    /// `frame`, refused and out of all lists, waits aside, so that no choice meets it while there are others.
    void set_aside(FrameIndex frame) { aside_.push_back(records_, frame); }
    /// Takes `frame` out of those aside; false when it is not one of them.
    bool take_from_aside(FrameIndex frame) {
        const bool aside = aside_.has(record_of(frame));
        if (aside) {
            aside_.remove(records_, frame);
        }
        return aside;
    }
    /// Those aside become the newest of `list`: for entered(), as then the choice is over that they were
    /// refused in.
    void take_back(ResidentList& list) {
        while (!aside_.empty()) {
            list.push_back(records_, aside_.pop_front(records_));
        }
    }
    [[nodiscard]] const ResidentList& aside() const { return aside_; }
    /// The last resort of a choice: those aside, in turn.
    [[nodiscard]] std::optional<FrameIndex> choose_from_aside() const {
        return aside_.empty() ? std::nullopt : std::optional(aside_.front());
    }

    /// I1, and each of `lists`, which are all the instance has, against the records. O(records).
    template <typename... Lists>
    [[nodiscard]] bool check_lists(const Lists&... lists) const {
        return aside_.check_invariants(records_, instance_) &&
               (lists.check_invariants(records_, instance_) && ...) &&
               (lists.count() + ... + aside_.count()) == count_ && count_ == claimed();
    }
    /// The records with this instance's id, counted. O(records).
    [[nodiscard]] std::uint32_t claimed() const;

  private:
    ResidentRecords records_;
    ReplacementTuning tuning_;
    ResidentList aside_{0xFF};
    std::uint32_t count_ = 0;
    InstanceId instance_;
};

}  // namespace mm
