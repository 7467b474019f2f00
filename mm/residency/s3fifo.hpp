// S3-FIFO, by accessed bits alone: three first-in-first-out queues, and a young page's first accesses do not
// count.
//
//   fault -----------------> [ young ] ----> [ small ] --accessed--> [ main ] --not accessed--> forgotten
//   fault on a ghost ------> [ young ] -------------------------------> ^  |
//                                               | not accessed          +--+ accessed: once more around
//                                               v
//                                            (ghosts)
//
// The published algorithm lets a page enter as not yet visited. A page table cannot: the access that faulted
// sets the accessed bit itself, and with that bit every page would look used. So a page is young for
// s3_deferred_percent of the frames in faults, and its bit is cleared as it ceases to be. Young pages on
// their way to small count as part of it.
//
// Conventions: one access is enough to move to main (the paper counts to two, with counters that hardware
// does not keep). A refused page is about to be used: it joins main when the next page enters.
// Constants: s3_small_percent, s3_ghost_percent, s3_deferred_percent, scan_limit.
// I1 young pages marked for main are counted in young_for_main_.
// Cost: clock's, and a look into the ghosts and one bit cleared a fault. [Yang et al. 2023]
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class S3Fifo final : public ReplacementInstance {
  public:
    explicit S3Fifo(const ReplacementSetup& setup)
        : ReplacementInstance(setup), ghosts_(setup.memory.ghosts, setup.instance) {}
    ~S3Fifo() override;

    [[nodiscard]] const char* name() const override { return "s3fifo"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override;

  private:
    /// In a record's bits, while it is young.
    static constexpr std::uint8_t kForMain = 1;

    [[nodiscard]] std::uint32_t small_count() const {
        return small_.count() + young_.count() - young_for_main_;
    }
    void remove(FrameIndex frame);
    std::optional<FrameIndex> choose_from_small(UseBits& bits);

    ResidentList young_{1};
    ResidentList small_{2};
    ResidentList main_{3};
    Ghosts ghosts_;
    std::uint32_t young_for_main_ = 0;
};

}  // namespace mm
