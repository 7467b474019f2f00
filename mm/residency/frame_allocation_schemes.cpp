#include "mm/residency/frame_allocation_schemes.hpp"

namespace mm {
namespace {

bool admitted(const ProgramShare& program) {
    return program.admission == ProgramShare::Admission::kAdmitted;
}

/// s_i as a weight: what lies beyond every machine's memory counts no more than that.
PageCount counted_size(const ProgramFacts& facts) {
    return facts.size < kLargestSize ? facts.size : kLargestSize;
}

/// No more than the program has pages, no less than it must have.
FrameCount within_size(const ProgramFacts& facts, std::uint64_t frames) {
    const std::uint64_t most = facts.size > facts.minimum ? facts.size : facts.minimum;
    const std::uint64_t wanted = frames < most ? frames : most;
    return wanted > facts.minimum ? static_cast<FrameCount>(wanted) : facts.minimum;
}

/// By proportion to size, before bounds: where those begin of whom nothing is known.
struct Proportion {
    Proportion(FrameCount its_frames, std::span<const ProgramShare> programs) : frames(its_frames) {
        for (const ProgramShare& program : programs) {
            sizes += admitted(program) ? counted_size(program.facts) : 0;
        }
    }
    [[nodiscard]] FrameCount of(const ProgramFacts& facts) const {
        const std::uint64_t part = sizes == 0 ? 0 : std::uint64_t{counted_size(facts)} * frames / sizes;
        return within_size(facts, part);
    }

    FrameCount frames;
    std::uint64_t sizes = 0;
};

/// Everybody is to have what its history wants, or, where that is too much together, the same part of it.
FrameCount weigh_by_wants(FrameCount frames, std::span<ProgramShare> programs) {
    std::uint64_t wants = 0;
    for (ProgramShare& program : programs) {
        if (admitted(program)) {
            const FrameCount want = within_size(program.facts, program.history.wanted);
            program.weight = want;
            program.maximum = want;
            wants += want;
        }
    }
    constexpr std::uint64_t kMost = kNoQuota;
    const std::uint64_t short_by = wants > frames ? wants - frames : 0;
    return static_cast<FrameCount>(short_by < kMost ? short_by : kMost);
}

}  // namespace

FrameCount NoAllocation::weigh(const AllocationRequest&, std::span<ProgramShare>) {
    return 0;
}

FrameCount NoAllocation::divide(FrameCount frames, std::span<ProgramShare> programs) {
    for (ProgramShare& program : programs) {
        program.quota = admitted(program) ? kNoQuota : 0;
    }
    return frames;
}

FrameCount EqualAllocation::weigh(const AllocationRequest&, std::span<ProgramShare> programs) {
    for (ProgramShare& program : programs) {
        program.weight = 1;
    }
    return 0;
}

FrameCount ProportionalAllocation::weigh(const AllocationRequest&, std::span<ProgramShare> programs) {
    for (ProgramShare& program : programs) {
        program.weight = counted_size(program.facts);
    }
    return 0;
}

std::uint32_t priority_weight(std::int8_t nice) {
    // 1024 x 2^(fifth / 5).
    constexpr std::array<std::uint32_t, 5> kFifths = {1024, 1176, 1351, 1552, 1782};
    constexpr int kHighest = 20;
    constexpr int kLowest = -19;
    const int above = -int{nice};
    const int steps = (above > kHighest ? kHighest : above < kLowest ? kLowest : above) + kHighest;
    const unsigned doublings = static_cast<unsigned>(steps) / 5;  // of 1/16
    return (kFifths[static_cast<unsigned>(steps) % 5] << doublings) >> 4;
}

FrameCount PriorityAllocation::weigh(const AllocationRequest&, std::span<ProgramShare> programs) {
    for (ProgramShare& program : programs) {
        program.weight = std::uint64_t{counted_size(program.facts)} * priority_weight(program.facts.nice);
        program.maximum = within_size(program.facts, program.facts.size);
    }
    return 0;
}

// Bits are read when the program has used its CPU for a window, so that the count is the classic working set
// of the resident pages. Pages that were used and lost within the window had to come back: its refaults.
// Without them no set could ever be found larger than its quota.
bool WorkingSetAllocation::scan_due(const ProgramFacts& facts) const {
    return facts.cpu_time - facts.scanned_at >= tuning_.window;
}

void WorkingSetAllocation::observe(ProgramShare& program, FrameCount first_want) const {
    const ProgramFacts& facts = program.facts;
    ProgramHistory& history = program.history;
    if (history.known == ProgramHistory::Known::kNothing) {
        history = {ProgramHistory::Known::kSomething, facts.scanned_at, facts.refaults, first_want, 0};
        return;
    }
    if (facts.scanned_at == history.cpu_time) {
        return;
    }
    const std::uint64_t used = std::uint64_t{facts.accessed} + (facts.refaults - history.refaults);
    const FrameCount want = within_size(facts, used + used / 8);
    const FrameCount apart = want > history.wanted ? want - history.wanted : history.wanted - want;
    if (apart >= history.wanted / tuning_.steady_part) {
        history.wanted = want;
    }
    history.cpu_time = facts.scanned_at;
    history.refaults = facts.refaults;
}

FrameCount WorkingSetAllocation::weigh(const AllocationRequest& request, std::span<ProgramShare> programs) {
    const Proportion proportion(request.frames, programs);
    for (ProgramShare& program : programs) {
        if (admitted(program)) {
            observe(program, proportion.of(program.facts));
        }
    }
    return weigh_by_wants(request.frames, programs);
}

void FaultFrequencyAllocation::observe(ProgramShare& program, FrameCount first_want,
                                       CpuTime fault_time) const {
    const ProgramFacts& facts = program.facts;
    ProgramHistory& history = program.history;
    if (history.known == ProgramHistory::Known::kNothing) {
        history = {ProgramHistory::Known::kSomething, facts.cpu_time, facts.refaults, first_want, 0};
        return;
    }
    const std::uint64_t refaults = facts.refaults - history.refaults;
    const std::uint64_t used = facts.cpu_time - history.cpu_time;
    const std::uint64_t low = std::uint64_t{fault_time} * tuning_.shrink_above;
    if (refaults < tuning_.evidence && used < low * tuning_.evidence) {
        return;
    }
    // What it has is what the rates were measured with.
    const FrameCount had = within_size(facts, history.had == 0 ? history.wanted : history.had);
    history.wanted = had;
    if (used < refaults * fault_time * tuning_.grow_below) {
        const FrameCount step = had / tuning_.grow_part;
        history.wanted = within_size(facts, std::uint64_t{had} + (step > 8 ? step : 8));
    } else if (used > refaults * low) {
        history.wanted = within_size(facts, had - had / tuning_.shrink_part);
    }
    history.cpu_time = facts.cpu_time;
    history.refaults = facts.refaults;
}

FrameCount FaultFrequencyAllocation::weigh(const AllocationRequest& request,
                                           std::span<ProgramShare> programs) {
    const Proportion proportion(request.frames, programs);
    for (ProgramShare& program : programs) {
        if (admitted(program)) {
            observe(program, proportion.of(program.facts), request.fault_time);
        }
    }
    return weigh_by_wants(request.frames, programs);
}

AllocationPolicies::AllocationPolicies(const AllocationTuning& tuning)
    : working_set_(tuning),
      fault_frequency_(tuning),
      all_{&none_, &equal_, &proportional_, &priority_, &working_set_, &fault_frequency_} {}

}  // namespace mm
