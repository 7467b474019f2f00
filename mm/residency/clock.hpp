// Clock, also called second chance: the oldest page goes, unless it was accessed since it was last looked at;
// then it counts as new.
//
//      hand                       The circle is a list, and the hand stands at its oldest page: to move the
//       v                         hand past a page is to make that page the newest. New pages come just behind
//    [oldest] -> ... -> [newest]  the hand, as in the circle.
//
// Conventions: the accessed bit is set when the page enters, by the access that faulted. After scan_limit
// pages, or a whole round, the next page goes whether accessed or not. A refused page becomes the newest when
// the next page enters.
// Constants: scan_limit.
// Cost: one question a page passed; each page passed was accessed since the hand's last visit. A few dozen
// instructions otherwise. [Corbato 1968]
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class Clock final : public ReplacementInstance {
  public:
    explicit Clock(const ReplacementSetup& setup) : ReplacementInstance(setup) {}
    ~Clock() override { abandon(circle_); }

    [[nodiscard]] const char* name() const override { return "clock"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override { return check_lists(circle_); }

  private:
    void remove(FrameIndex frame);

    ResidentList circle_{1};
};

}  // namespace mm
