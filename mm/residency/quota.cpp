#include "mm/residency/quota.hpp"

#include "mm/core/panic.hpp"

namespace mm {
namespace {

using State = ProgramShare::State;

/// What is still to be divided, and among what sum of weights.
struct Remainder {
    FrameCount frames;
    std::uint64_t weights;
};

FrameCount part_of(const Remainder& rest, std::uint64_t weight) {
    return rest.weights == 0 ? 0 : static_cast<FrameCount>(weight * rest.frames / rest.weights);
}

FrameCount bounded(const ProgramShare& program, FrameCount part) {
    if (part < program.facts.minimum) {
        return program.facts.minimum;
    }
    return part > program.maximum ? program.maximum : part;
}

Remainder open_part(FrameCount frames, std::span<const ProgramShare> programs) {
    Remainder rest{frames, 0};
    for (const ProgramShare& program : programs) {
        if (program.state == State::kOpen) {
            rest.weights += program.weight;
        } else {
            rest.frames -= program.quota;
        }
    }
    return rest;
}

/// Gives everybody open their part, and says by how much the bounds raise (or lower) the sum.
std::int64_t divide(const Remainder& rest, std::span<ProgramShare> programs) {
    std::int64_t raised = 0;
    for (ProgramShare& program : programs) {
        if (program.state == State::kOpen) {
            const FrameCount part = part_of(rest, program.weight);
            program.quota = bounded(program, part);
            raised += std::int64_t{program.quota} - std::int64_t{part};
        }
    }
    return raised;
}

enum class Bound : std::uint8_t { kMinimum, kMaximum };

/// Settles everybody open whom the bound holds; whether there was anybody.
bool settle(const Remainder& rest, std::span<ProgramShare> programs, Bound bound) {
    bool any = false;
    for (ProgramShare& program : programs) {
        if (program.state == State::kOpen) {
            const FrameCount part = part_of(rest, program.weight);
            if (bound == Bound::kMinimum ? part < program.facts.minimum : part > program.maximum) {
                program.state = State::kSettled;
                any = true;
            }
        }
    }
    return any;
}

}  // namespace

FrameCount admit(FrameCount frames, std::span<ProgramShare> programs) {
    FrameCount promised = 0;
    for (ProgramShare& program : programs) {
        const bool fits = program.facts.minimum <= frames - promised;
        program.admission = fits ? ProgramShare::Admission::kAdmitted : ProgramShare::Admission::kRefused;
        promised += fits ? program.facts.minimum : 0;
    }
    return promised;
}

// The bounds are met as in any fair division with bounds: where the minimums together take more than the
// maximums give back, who is at a minimum stays there whatever comes, and the other way round. Each round
// settles somebody, and leaves enough for the minimums of the rest.
FrameCount share_out(FrameCount frames, std::span<ProgramShare> programs) {
    expect(frames <= kMostFrames, "more frames to share out than the arithmetic is made for");
    for (ProgramShare& program : programs) {
        const bool admitted = program.admission == ProgramShare::Admission::kAdmitted;
        expect(!admitted || (program.weight <= kHighestWeight && program.maximum >= program.facts.minimum),
               "a share with a weight too high, or bounds that cross");
        program.state = admitted ? State::kOpen : State::kSettled;
        program.quota = 0;
    }
    for (;;) {
        const Remainder rest = open_part(frames, programs);
        const std::int64_t raised = divide(rest, programs);
        const bool again = (raised >= 0 && settle(rest, programs, Bound::kMinimum)) ||
                           (raised <= 0 && settle(rest, programs, Bound::kMaximum));
        if (!again) {
            break;
        }
    }
    FrameCount left = frames;
    for (const ProgramShare& program : programs) {
        expect(program.quota <= left, "more shared out than there is");
        left -= program.quota;
    }
    return left;
}

}  // namespace mm
