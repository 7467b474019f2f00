// Aging: each page has a counter of 8 bits, which each look (each ticks_per_look-th tick) shifts down, with
// the accessed bit coming in at the top. The page with the lowest counter goes.
//
//   accessed at looks 1, 2, 3, ...:  1 0 1   counter 10100000
//
// Nothing is searched: shifting keeps the order of the counters, so the list stays sorted when each look puts
// the pages that were accessed, in their order, behind those that were not.
//
//   choice:   [ order, lowest counter first ] [ fresh ] [ recent ] [ refused ]
//
// Conventions: the accessed bit of the moment counts as the counter's next bit: a page accessed since the
// last look goes after all that were not (it waits among the recent until the look). Among equal counters the
// page goes whose older history is emptier, then the older one. A page begins with 0 and, since its fault
// accessed it, stands before the recent; if it has not been accessed by the look (read ahead), it goes first.
// A refused page counts as accessed.
// Constants: ticks_per_look.
//
// I1 the counters in `order` do not fall from front to back.
// Cost: a choice asks of each page at most once between two looks: a few questions on average; a look asks of
// every page. [Tanenbaum, Modern Operating Systems, 3.4.7]
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class Aging final : public ReplacementInstance {
  public:
    explicit Aging(const ReplacementSetup& setup) : ReplacementInstance(setup) {}
    ~Aging() override;

    [[nodiscard]] const char* name() const override { return "aging"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime now, UseBits& bits) override;
    [[nodiscard]] bool check_invariants() const override;

    /// The counter of a frame of this instance, as of the last look.
    [[nodiscard]] std::uint8_t counter_of(FrameIndex frame) const {
        return static_cast<std::uint8_t>(record_of(frame).word);
    }

  private:
    void remove(FrameIndex frame);
    void shift(FrameIndex frame, std::uint32_t top_bit);
    void insert_in_order(FrameIndex frame);

    ResidentList order_{1};
    ResidentList fresh_{2};
    ResidentList recent_{3};
    std::uint32_t ticks_ = 0;
};

}  // namespace mm
