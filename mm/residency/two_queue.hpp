// 2Q, by accessed bits alone: a page must come back, soon after it was evicted, to earn a place among the
// often used.
//
//   fault ---> [ new, first in first out ] ---evicted---> (ghosts)
//                                                            | fault again
//                                                            v
//                                              [ main, a clock ] ---evicted---> forgotten
//
// The oldest new page goes, accessed or not, while there are more of them than two_queue_new_percent of the
// instance's frames; else the clock's. So a scan runs through the small queue and leaves main alone.
//
// Conventions: |new| > Kin evicts from new (the paper's); Kin and the number of ghosts follow the frames that
// the instance has at the moment. A refused page is about to be used: it joins main when the next page
// enters.
// Constants: two_queue_new_percent (Kin), two_queue_ghost_percent (Kout), scan_limit.
// Cost: clock's, and a look into the ghosts a fault. [Johnson and Shasha 1994]
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class TwoQueue final : public ReplacementInstance {
  public:
    explicit TwoQueue(const ReplacementSetup& setup)
        : ReplacementInstance(setup), ghosts_(setup.memory.ghosts, setup.instance) {}
    ~TwoQueue() override;

    [[nodiscard]] const char* name() const override { return "2q"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override {
        return check_lists(new_, main_) && ghosts_.check_invariants();
    }

  private:
    void remove(FrameIndex frame);

    ResidentList new_{1};   ///< A1in.
    ResidentList main_{2};  ///< Am, with the hand at the front.
    Ghosts ghosts_;         ///< A1out.
};

}  // namespace mm
