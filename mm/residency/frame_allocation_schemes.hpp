// The schemes of frame_allocation.hpp, one class each, and all of them together for who picks one by its
// name.
//
// Owns: nothing but its constants. What each decides stands in frame_allocation.hpp; what the two that follow
// behaviour remember of a program is its ProgramHistory.
#pragma once

#include <array>
#include <cstddef>

#include "mm/residency/frame_allocation.hpp"

namespace mm {

/// The constants of the two schemes that follow behaviour.
struct AllocationTuning {
    /// working-set: how much of its CPU time a program's pages are looked back on, in microseconds.
    CpuTime window = 100'000;
    /// working-set: a want that differs by less than this part of the last one is not worth a change.
    std::uint32_t steady_part = 16;
    /// fault-frequency: refaults closer together than so many fault times of CPU time make a quota grow,
    std::uint32_t grow_below = 1;
    /// further apart than so many let it shrink; between the two it stays.
    std::uint32_t shrink_above = 8;
    /// fault-frequency: by which part of itself it grows (and at least by 8 frames), and shrinks.
    std::uint32_t grow_part = 4;
    std::uint32_t shrink_part = 16;
    /// fault-frequency: nothing is concluded before there were so many refaults, or time for so many at the
    /// lower rate.
    std::uint32_t evidence = 16;
    friend constexpr bool operator==(const AllocationTuning&, const AllocationTuning&) = default;
};

/// nice's weight: 1024 x 2^(-nice / 5), rounded down; out of range counts as the nearest. From 16384 down to
/// 73.
std::uint32_t priority_weight(std::int8_t nice);

class NoAllocation final : public AllocationPolicy {
  public:
    [[nodiscard]] const char* name() const override { return "none"; }

  private:
    FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) override;
    FrameCount divide(FrameCount frames, std::span<ProgramShare> programs) override;
};

class EqualAllocation final : public AllocationPolicy {
  public:
    [[nodiscard]] const char* name() const override { return "equal"; }

  private:
    FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) override;
};

class ProportionalAllocation final : public AllocationPolicy {
  public:
    [[nodiscard]] const char* name() const override { return "proportional"; }

  private:
    FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) override;
};

class PriorityAllocation final : public AllocationPolicy {
  public:
    [[nodiscard]] const char* name() const override { return "priority"; }

  private:
    FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) override;
};

/// A program that has not been scanned yet is taken to want its proportional share.
class WorkingSetAllocation final : public AllocationPolicy {
  public:
    explicit WorkingSetAllocation(const AllocationTuning& tuning) : tuning_(tuning) {}
    [[nodiscard]] const char* name() const override { return "working-set"; }
    [[nodiscard]] Follows follows() const override { return Follows::kBehaviour; }
    [[nodiscard]] bool scan_due(const ProgramFacts& facts) const override;

  private:
    FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) override;
    void observe(ProgramShare& program, FrameCount first_want) const;

    AllocationTuning tuning_;
};

/// A program begins with its proportional share.
class FaultFrequencyAllocation final : public AllocationPolicy {
  public:
    explicit FaultFrequencyAllocation(const AllocationTuning& tuning) : tuning_(tuning) {}
    [[nodiscard]] const char* name() const override { return "fault-frequency"; }
    [[nodiscard]] Follows follows() const override { return Follows::kBehaviour; }

  private:
    FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) override;
    void observe(ProgramShare& program, FrameCount first_want, CpuTime fault_time) const;

    AllocationTuning tuning_;
};

/// One of each scheme; the first is the default.
class AllocationPolicies {
  public:
    static constexpr std::size_t kCount = 6;

    explicit AllocationPolicies(const AllocationTuning& tuning = {});
    AllocationPolicies(const AllocationPolicies&) = delete;
    AllocationPolicies& operator=(const AllocationPolicies&) = delete;

    /// Every scheme, to be picked by its name(); they live as long as this.
    [[nodiscard]] const std::array<AllocationPolicy*, kCount>& all() const { return all_; }

  private:
    NoAllocation none_;
    EqualAllocation equal_;
    ProportionalAllocation proportional_;
    PriorityAllocation priority_;
    WorkingSetAllocation working_set_;
    FaultFrequencyAllocation fault_frequency_;
    std::array<AllocationPolicy*, kCount> all_;
};

}  // namespace mm
