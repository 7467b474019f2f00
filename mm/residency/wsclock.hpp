// WSClock: clock that knows working sets. A page that its program has not used for working_set_us of the
// program's own CPU time is out of the working set, and goes; a clean one rather than a dirty one.
//
//   accessed                     it is in use: note the time, pass
//   idle for at most the limit   in the working set: pass, remember the longest idle
//   idle for longer, dirty       pass, remember the first
//   idle for longer, clean       it goes
//
// If the hand finds none of the last kind within working_set_scan pages, or a whole round, the remembered
// dirty page goes, else the remembered idle one, else the page at the hand.
//
// Conventions: a page enters as just used. When an accessed bit is found set, the access counts as made at
// that moment. A refused page counts as used when the next page enters. Constants: working_set_us,
// working_set_scan.
// Cost: at most working_set_scan questions. [Carr and Hennessy 1981]
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class WsClock final : public ReplacementInstance {
  public:
    explicit WsClock(const ReplacementSetup& setup) : ReplacementInstance(setup) {}
    ~WsClock() override { abandon(circle_); }

    [[nodiscard]] const char* name() const override { return "wsclock"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override { return check_lists(circle_); }

  private:
    void remove(FrameIndex frame);

    ResidentList circle_{
        1};  ///< The hand stands at the front. A record's word is the time of the last known use.
};

}  // namespace mm
