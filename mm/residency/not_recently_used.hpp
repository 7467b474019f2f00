// Not recently used: of the four classes that two bits make, a page of the lowest goes.
//
//   accessed since the last look   0 0 1 1
//   dirty                          0 1 0 1
//   class                          0 1 2 3
//
// A look (each ticks_per_look-th tick) clears the accessed bits. Between looks a page's class only rises, but
// for the cleaning of dirty ones: so a page is asked about only when its class is the lowest left, not at
// every choice.
//
// Conventions: a new page is accessed, by the access that faulted. In a class the page that entered it first
// goes; a look puts the pages that were accessed behind those that were not. A refused page stands behind
// class 3 until the next look.
// Constants: ticks_per_look.
// Cost: a choice asks of each page at most three times between two looks: a few questions, on average; a look
// asks of every page. [Tanenbaum, Modern Operating Systems, 3.4.2]
#pragma once

#include <array>

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class NotRecentlyUsed final : public ReplacementInstance {
  public:
    explicit NotRecentlyUsed(const ReplacementSetup& setup) : ReplacementInstance(setup) {}
    ~NotRecentlyUsed() override;

    [[nodiscard]] const char* name() const override { return "nru"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime now, UseBits& bits) override;
    [[nodiscard]] bool check_invariants() const override {
        return check_lists(classes_[0], classes_[1], classes_[2], classes_[3]);
    }

  private:
    static constexpr std::uint8_t kDirty = 1;
    static constexpr std::uint8_t kAccessed = 2;
    void remove(FrameIndex frame);
    void move(FrameIndex frame, std::uint8_t to);
    /// The class of `frame`, now in `from`; moves it there when it is another.
    std::uint8_t look_again(FrameIndex frame, std::uint8_t from, UseBits& bits);

    /// Class c as it was when last asked about.
    std::array<ResidentList, 4> classes_{ResidentList(1), ResidentList(2), ResidentList(3), ResidentList(4)};
    std::uint32_t ticks_ = 0;
};

}  // namespace mm
