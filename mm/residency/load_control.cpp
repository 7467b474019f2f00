#include "mm/residency/load_control.hpp"

#include "mm/core/panic.hpp"

namespace mm {
namespace {

using State = LoadProgram::State;
using Reason = LoadDecision::Reason;

std::uint32_t count(std::span<const LoadProgram> programs, State state) {
    std::uint32_t found = 0;
    for (const LoadProgram& program : programs) {
        found += program.state == state ? 1 : 0;
    }
    return found;
}

/// Who has been in `state` longest; the first of several.
const LoadProgram* longest(std::span<const LoadProgram> programs, State state) {
    const LoadProgram* found = nullptr;
    for (const LoadProgram& program : programs) {
        if (program.state == state && (found == nullptr || program.since < found->since)) {
            found = &program;
        }
    }
    return found;
}

/// Who has most frames of those active since `since` or before.
const LoadProgram* largest_active(std::span<const LoadProgram> programs, Moment since) {
    const LoadProgram* found = nullptr;
    for (const LoadProgram& program : programs) {
        if (program.state == State::kActive && program.since <= since &&
            (found == nullptr || program.resident > found->resident)) {
            found = &program;
        }
    }
    return found;
}

}  // namespace

Moment LoadControl::turn(const LoadSample& sample) const {
    const Moment loads = Moment{tuning_.turn_loads} * sample.frames * sample.fault_time;
    if (loads < tuning_.shortest_turn) {
        return tuning_.shortest_turn;
    }
    return loads < tuning_.longest_turn ? loads : tuning_.longest_turn;
}

bool LoadControl::period_over(const LoadSample& sample) const {
    const std::uint32_t period = sample.frames / tuning_.period_part;
    return sample.faults - begun_.faults >= (period > 0 ? period : 1);
}

// So long that a busy disk would have served twice the faults of a period.
bool LoadControl::disk_idle(const LoadSample& sample) const {
    const Moment period = Moment{sample.frames / tuning_.period_part} * sample.fault_time;
    return sample.now - begun_.now > 2 * period;
}

// Since somebody waits, and since the last change: who came back is to have a turn, too.
bool LoadControl::turn_over(const LoadSample& sample, Moment waiting_since) const {
    const Moment long_enough = turn(sample);
    return sample.now - waiting_since >= long_enough && sample.now - turned_ >= long_enough;
}

bool LoadControl::due(const LoadSample& sample) const {
    return period_over(sample) ||
           (waiting_since_ && (disk_idle(sample) || turn_over(sample, *waiting_since_)));
}

void LoadControl::begin_period(const LoadSample& sample) {
    begun_ = sample;
}

LoadDecision LoadControl::changed(LoadDecision decision, const LoadSample& sample) {
    settling_ = tuning_.settle_periods;
    turned_ = decision.resume ? sample.now : turned_;
    begin_period(sample);
    return decision;
}

LoadDecision LoadControl::review(const LoadSample& sample, std::span<const LoadProgram> programs) {
    expect(sample.fault_time > 0, "a fault that takes no time");
    const LoadProgram* const waiting = longest(programs, State::kSuspended);
    const LoadProgram* const running = longest(programs, State::kActive);
    waiting_since_ = waiting != nullptr ? std::optional(waiting->since) : std::nullopt;
    if (waiting != nullptr && running == nullptr) {
        return changed({Reason::kNobodyActive, {}, waiting->id}, sample);
    }
    if (period_over(sample) || disk_idle(sample)) {
        const LoadDecision decision = verdict(sample, programs);
        begin_period(sample);
        if (decision.reason != Reason::kNone) {
            return changed(decision, sample);
        }
    }
    if (waiting != nullptr && turn_over(sample, waiting->since)) {
        return changed({Reason::kTurn, running->id, waiting->id}, sample);
    }
    return {};
}

LoadDecision LoadControl::verdict(const LoadSample& sample, std::span<const LoadProgram> programs) {
    const std::uint64_t faults = sample.faults - begun_.faults;
    const std::uint64_t ghosts = sample.ghost_hits - begun_.ghost_hits;
    const std::uint64_t used = sample.cpu_time - begun_.cpu_time;
    const std::uint64_t cost = ghosts * sample.fault_time;
    const bool few_ghosts = ghosts * tuning_.ghost_part <= faults;
    const bool idle = !period_over(sample);
    if (!idle && settling_ > 0) {
        --settling_;
        return {};
    }
    const LoadProgram* const waiting = longest(programs, State::kSuspended);
    if (idle || few_ghosts || used > cost * tuning_.calm_above) {
        // Not at once: those who stayed load what they had lost, and for that while look calm, or as if they
        // had no use for it.
        const bool may_resume =
            waiting != nullptr && (idle || sample.now - waiting->since >= turn(sample) / tuning_.turn_loads);
        return may_resume ? LoadDecision{Reason::kCalm, {}, waiting->id} : LoadDecision{};
    }
    if (used < cost * tuning_.thrashing_below && count(programs, State::kActive) > 1) {
        // Who came back a moment ago is spared: it would be chosen for the pages that it has just read in.
        const Moment long_enough = turn(sample);
        const Moment before = sample.now > long_enough ? sample.now - long_enough : 0;
        const LoadProgram* chosen = largest_active(programs, before);
        chosen = chosen != nullptr ? chosen : largest_active(programs, sample.now);
        waiting_since_ = waiting != nullptr ? waiting->since : sample.now;
        return {Reason::kThrashing, chosen->id, {}};
    }
    return {};
}

LoadDecision LoadControl::program_ended(const LoadSample& sample, std::span<const LoadProgram> programs) {
    const LoadProgram* const waiting = longest(programs, State::kSuspended);
    return waiting == nullptr ? LoadDecision{} : changed({Reason::kEnded, {}, waiting->id}, sample);
}

}  // namespace mm
