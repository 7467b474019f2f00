// Random: any page goes, each as likely as the others. The yardstick of every policy that claims to know
// something.
//
// The frames are the nodes of a complete binary tree, so that "the k-th of n" is found without an array of
// the instance's own:
//
//                1             node k is found by the bits of k below its highest: 0 left, 1 right
//         2             3      a new frame becomes node n + 1; when one leaves, node n takes its place
//      4     5       6     7
//                              record: previous = left child, next = right child, word = parent
//
// Conventions: no bit is looked at. The dice are a xorshift of 32 bits, begun with the seed. A refused page
// is not given again until some page has entered or left.
// Constants: the seed.
// I1 node k's children are nodes 2k and 2k+1, and know it as their parent.
// Cost: O(log n), a step a level, in every call.
#pragma once

#include "mm/residency/replacement_instance.hpp"

namespace mm {

class Random final : public ReplacementInstance {
  public:
    explicit Random(const ReplacementSetup& setup)
        : ReplacementInstance(setup), dice_(setup.seed != 0 ? setup.seed : 1) {}
    ~Random() override;

    [[nodiscard]] const char* name() const override { return "random"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime, UseBits&) override {}
    [[nodiscard]] bool check_invariants() const override;

  private:
    /// In a record's bits: refused, and no page has come or gone since.
    static constexpr std::uint8_t kSetAside = 1;

    [[nodiscard]] FrameIndex node(std::uint32_t number) const;
    /// The link in `parent`, or root_, that says `child`.
    [[nodiscard]] FrameIndex& link_to(FrameIndex parent, FrameIndex child);
    void remove(FrameIndex frame);
    void take_back_all();
    std::uint32_t roll(std::uint32_t sides);

    FrameIndex root_ = kNoFrame;
    std::uint32_t dice_;
    std::uint32_t set_aside_ = 0;  ///< Records with kSetAside.
};

}  // namespace mm
