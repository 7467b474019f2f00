// Thrashing: when programs together use more pages than there are frames, all of them wait for the disk and
// none gets on. Then fewer must run: load control says whom to suspend, and whom to let go on.
//
//   L = CPU time of all programs / faults on pages evicted a short while ago ("ghost hits"),
//       over the last F/2 faults
//
//          L < 1 fault time,  over 1/6 of the faults hit ghosts,  more than one program active
//     active  ------------------------------------------------------------------------------>  suspended:
//       ^                             the one with most resident frames                            |
//       +------------------------------------------------------------------------------------------+
//          L > 2 fault times,  or  fewer ghost hits than 1/6,  or  the disk half idle,  or a program ended:
//          the one suspended longest
//
// Nobody starves: where the load stays high, who has waited longest changes places with who has run longest,
// one pair a turn. So nobody waits more than (suspended programs) turns, and a turn is long enough to fill
// memory several times.
//
// I1 a decision names programs from the list it was asked with. I2 the last active one is never suspended
// without another being resumed.
//
// The caller evicts a suspended program's pages before others, gives its frames to whoever faults, and leaves
// out of the list who must not be suspended (process 1). What it is told: counters, which may wrap, and the
// time. Owns: the counters of the last review. No clock, no storage. Cost: O(programs) when due, a few
// compares otherwise. Main line only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/address.hpp"
#include "mm/residency/replacement.hpp"

namespace mm {

/// Microseconds since the machine began.
using Moment = std::uint64_t;

/// The constants. What they mean is drawn above.
struct LoadTuning {
    std::uint32_t period_part = 2;      ///< A review each F / this faults.
    std::uint32_t thrashing_below = 1;  ///< L in fault times.
    std::uint32_t calm_above = 2;       ///< L in fault times.
    std::uint32_t ghost_part = 6;       ///< 1 / this of the faults.
    std::uint32_t settle_periods = 1;   ///< Reviews without a verdict after a change: pages are loaded.
    std::uint32_t turn_loads = 4;       ///< A turn: so many times what it takes to fill memory from the disk,
    Moment shortest_turn = 3'000'000;   ///< within these bounds.
    Moment longest_turn = 10'000'000;
    friend constexpr bool operator==(const LoadTuning&, const LoadTuning&) = default;
};

/// What has been counted up to now, of all programs together.
struct LoadSample {
    FrameCount frames = 0;         ///< F: what programs share.
    std::uint32_t faults = 0;      ///< That needed a frame. Wraps.
    std::uint32_t ghost_hits = 0;  ///< Those on pages evicted a short while ago. Wraps.
    CpuTime cpu_time = 0;          ///< Of all programs. Wraps.
    CpuTime fault_time = 1;        ///< What one fault costs of waiting, as measured; at least 1.
    Moment now = 0;
};

/// A program that may be suspended, or is.
struct LoadProgram {
    enum class State : std::uint8_t { kActive, kSuspended };
    std::uint32_t id = 0;
    FrameCount resident = 0;
    State state = State::kActive;
    Moment since = 0;  ///< Since when it has been in that state.
};

/// What to do. Both at once: they change places.
struct LoadDecision {
    enum class Reason : std::uint8_t { kNone, kThrashing, kCalm, kEnded, kTurn, kNobodyActive };
    Reason reason = Reason::kNone;
    std::optional<std::uint32_t> suspend;
    std::optional<std::uint32_t> resume;
    friend constexpr bool operator==(const LoadDecision&, const LoadDecision&) = default;
};

class LoadControl {
  public:
    explicit LoadControl(const LoadTuning& tuning = {}) : tuning_(tuning) {}

    /// Whether review() could decide anything now: cheap enough for every fault. Where somebody is suspended,
    /// also asked at every tick: time passes without faults, too. O(1).
    [[nodiscard]] bool due(const LoadSample& sample) const;
    /// Looks at what happened since the last review, and decides. The caller does what it says, and has done
    /// it when it asks again. O(programs).
    LoadDecision review(const LoadSample& sample, std::span<const LoadProgram> programs);
    /// A program has ended (or given memory back): whom to resume. `programs` without the ended one.
    /// O(programs).
    LoadDecision program_ended(const LoadSample& sample, std::span<const LoadProgram> programs);
    /// How long somebody suspended waits at least until it changes places, and at most for each who waits
    /// before it.
    [[nodiscard]] Moment turn(const LoadSample& sample) const;

  private:
    [[nodiscard]] bool period_over(const LoadSample& sample) const;
    [[nodiscard]] bool disk_idle(const LoadSample& sample) const;
    [[nodiscard]] bool turn_over(const LoadSample& sample, Moment waiting_since) const;
    LoadDecision verdict(const LoadSample& sample, std::span<const LoadProgram> programs);
    void begin_period(const LoadSample& sample);
    LoadDecision changed(LoadDecision decision, const LoadSample& sample);

    LoadTuning tuning_;
    LoadSample begun_;                     // the counters at the last review
    std::uint32_t settling_ = 0;           // reviews to come without a verdict
    Moment turned_ = 0;                    // when somebody was last resumed
    std::optional<Moment> waiting_since_;  // since when the first who waits has, as far as known
};

}  // namespace mm
