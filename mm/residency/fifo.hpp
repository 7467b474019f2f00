// First in, first out: the page that has been in memory for longest goes, used or not.
//
// Looks at no bit. A refused page becomes the newest. Conventions: none. Constants: none.
// Cost: O(1), a few dozen instructions a call. [Belady 1966]
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class Fifo final : public ReplacementInstance {
  public:
    explicit Fifo(const ReplacementSetup& setup) : ReplacementInstance(setup) {}
    ~Fifo() override { abandon(queue_); }

    [[nodiscard]] const char* name() const override { return "fifo"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override { return check_lists(queue_); }

  private:
    ResidentList queue_{1};
};

}  // namespace mm
