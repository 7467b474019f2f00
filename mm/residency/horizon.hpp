// Horizon: each page is worth the hits that it may be hoped to bring, for each frame and epoch spent waiting for them,
// at the best horizon; the page that is worth least goes. What may be hoped is learned from the program (reuse_ages.hpp).
//
//   levels   0 [ page, page ]   1 [ ]   ...   63 [ page, page, page ]      by worth; choose() takes the front of the lowest
//
// Time counts faults: an epoch is as many as let a sweep, of `horizon_looks` pages a fault, pass every page once. The sweep
// takes a page's accessed bit, counts its use, if it was one, at the age it had, and puts it at the back of the level that
// it is worth now. The lowest levels are looked at first. Pages that have been evicted are remembered, with class and age,
// so that what was lost by evicting them is learned too.
//
//   one level   front [ not yet looked at in this epoch | looked at, or come in ] back
//
// The access that faulted sets the accessed bit itself; the first look at a page forgets that one.
//
// Conventions: the bit of a new page is not looked at before the sweep comes by, so it can go at once: a scan costs no
// more than a few frames. After scan_limit pages found accessed, the next one goes.
// Constants: horizon_looks, horizon_ghost_percent, scan_limit. Without ghosts it learns from resident pages only.
//
// I1 each page is in one of the levels, or aside.
// I2 levels_in_use_ has a bit for each level that is not empty.
// I3 in each level, pages that this epoch has seen come after those that it has not.
// Cost: a fault looks at horizon_looks pages, each a question and some 60 instructions; learning adds at most 600, from
// 2,000 frames on less than 100. 4 KB an instance.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "mm/residency/replacement_instance.hpp"
#include "mm/residency/reuse_ages.hpp"

namespace mm {

class Horizon final : public ReplacementInstance {
  public:
    explicit Horizon(const ReplacementSetup& setup);
    ~Horizon() override;

    [[nodiscard]] const char* name() const override { return "horizon"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override;

  private:
    /// What is known of a page: the epoch of its last use, and its class.
    struct History {
        std::uint16_t last_use;
        ReuseAges::Class page_class;
    };
    [[nodiscard]] static History history_of(const ResidentRecord& record);
    static void write(ResidentRecord& record, History history);
    [[nodiscard]] static std::uint16_t note_of(History history);
    [[nodiscard]] History history_of_note(std::uint16_t note) const;

    [[nodiscard]] std::uint32_t age_of(const History& history) const {
        return static_cast<std::uint16_t>(epoch_ - history.last_use);
    }
    /// The page is used, now.
    void use(History& history);
    /// Takes the page's accessed bit; gives whether it was used after it came in.
    bool look(FrameIndex frame, UseBits& bits);
    /// Whether this epoch has looked at the page already, or it came in.
    [[nodiscard]] bool is_seen(const ResidentRecord& record) const;

    /// At the back of the level that the page is worth now; seen.
    void file(FrameIndex frame);
    void unfile(FrameIndex frame);
    /// Out of its level, or of those aside.
    void remove(FrameIndex frame);
    void take_back_those_aside();

    void count_fault(UseBits& bits);
    void sweep(UseBits& bits);
    void begin_epoch();
    /// I3 for one level.
    [[nodiscard]] bool are_seen_last(const ResidentList& list) const;

    std::array<ResidentList, ReuseAges::kLevels> levels_;
    std::uint64_t levels_in_use_ = 0;
    ReuseAges ages_;
    Ghosts ghosts_;
    std::uint32_t uses_ = 0;             ///< Counted since the last forgetting.
    std::uint32_t faults_left_ = 1;      ///< Until the next epoch.
    std::uint32_t faults_to_learn_ = 1;  ///< Until the next class is learned.
    std::uint16_t epoch_ = 0;
    std::uint8_t sweep_level_ = 0;  ///< Levels below have been swept in this epoch.
    ReuseAges::Class learn_next_ = 0;
};

}  // namespace mm
