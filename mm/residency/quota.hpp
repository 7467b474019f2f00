// Shares of memory: what a frame-allocation scheme knows of a program, what it answers, and the arithmetic by
// which frames become shares.
//
//   frames to share out = the quotas of all programs + what is left over (the buffer pool), always, exactly
//
//   share_out():  quota = floor(weight x frames / sum of weights), but never below the minimum nor above the
//                 maximum; who is held at a bound takes no part in the division among the rest, which is
//                 done again
//
// A quota counts pages of programs in frames. Page tables are nobody's quota: they stand aside before
// anything is shared out (docs/minimum-frames.md).
//
// A lowered quota does not take frames away at a blow, it drains: see drain_at_fault() and drain_at_tick().
//
// Owns: nothing; all storage is the caller's. Integers only, no clock. Cost: O(programs) a round, at most one
// round a program and in practice two or three; not for interrupt handlers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "mm/core/address.hpp"
#include "mm/residency/replacement.hpp"

namespace mm {

/// A quota that holds nobody back.
inline constexpr FrameCount kNoQuota = std::numeric_limits<FrameCount>::max();

/// The minimum of a program with one thread: every page that one instruction can touch. ENTER is the worst:
/// its own bytes, the frame pointers it copies, the stack it writes and the stack it probes, each across a
/// page boundary.
inline constexpr FrameCount kMinimumFrames = 2 + 2 + 2 + 2;
static_assert(kMinimumFrames == 8, "the table in docs/minimum-frames.md says 8");
/// The page tables which those pages can need at once, and the directory: pinned while they are needed, and
/// charged to no quota; a program is only admitted when they, too, can be had.
inline constexpr FrameCount kMinimumTables = 6 + 1;

/// E3's minimum of a program with so many threads. Each may stand in the middle of an instruction of its own,
/// and wait for a page of it: with less, two of them could take the pages from each other for ever.
constexpr FrameCount minimum_frames(std::uint32_t threads) {
    constexpr std::uint32_t kMost = kNoQuota / kMinimumFrames - 1;
    return kMinimumFrames * (threads < kMost ? threads : kMost);
}

/// What a scheme may know of a program: what its regions say, and what hardware and the clock tell.
struct ProgramFacts {
    std::uint32_t id = 0;        ///< Its name, for the record only.
    PageCount size = 0;          ///< s_i: accessible pages of its regions.
    FrameCount resident = 0;     ///< Frames charged to it.
    FrameCount minimum = 0;      ///< Never less than this (E3), or it cannot run.
    std::uint32_t faults = 0;    ///< Faults that waited for a page, since it began. Wraps.
    std::uint32_t refaults = 0;  ///< Those of them on pages evicted a short while ago. Wraps.
    CpuTime cpu_time = 0;        ///< Its own, in microseconds. Wraps.
    CpuTime scanned_at = 0;      ///< Its CPU time when its accessed bits were last read; 0: never yet.
    PageCount accessed = 0;      ///< How many were found set then.
    std::int8_t nice = 0;        ///< -20 (matters most) .. 19.
};

/// What the schemes that follow behaviour remember of a program, kept by the caller from one call to the
/// next. All zeros for a program that has just begun, and after a change of scheme.
struct ProgramHistory {
    enum class Known : std::uint8_t { kNothing, kSomething };
    Known known = Known::kNothing;
    CpuTime cpu_time = 0;        ///< Where the span under observation began, by its CPU time,
    std::uint32_t refaults = 0;  ///< and by its faults.
    FrameCount wanted = 0;       ///< What it was last found to need.
    FrameCount had = 0;          ///< And the quota that came of it.
    friend constexpr bool operator==(const ProgramHistory&, const ProgramHistory&) = default;
};

/// One program in a division.
struct ProgramShare {
    enum class Admission : std::uint8_t {
        kAdmitted,
        kRefused,  ///< Its minimum does not fit beside those before it: refuse it (ENOMEM), or suspend it.
    };

    ProgramFacts facts;
    ProgramHistory history;
    Admission admission = Admission::kAdmitted;
    FrameCount quota = 0;  ///< The answer. 0 for who is refused, kNoQuota where nothing is limited.

    // What the division works with.
    std::uint64_t weight = 0;       ///< At most kHighestWeight.
    FrameCount maximum = kNoQuota;  ///< No more than this even when there is more; at least facts.minimum.
    enum class State : std::uint8_t { kOpen, kSettled };
    State state = State::kOpen;
};

/// The bounds within which weight x frames fits 64 bits.
inline constexpr FrameCount kMostFrames = FrameCount{1} << 24;  // 64 GiB
inline constexpr PageCount kLargestSize = PageCount{1} << 24;
inline constexpr std::uint64_t kHighestWeight = std::uint64_t{1} << 39;

/// Admits, in the order of `programs` (who came first, first), everybody whose minimum fits into `frames`
/// beside the minimums of those admitted before. Returns the sum of the admitted minimums, at most `frames`.
/// O(programs).
FrameCount admit(FrameCount frames, std::span<ProgramShare> programs);

/// Divides `frames` (at most kMostFrames, at least the sum of the admitted minimums) among the admitted by
/// weight, within their bounds; quotas are set. Returns what is left over: what rounding leaves, and what
/// nobody may have.
FrameCount share_out(FrameCount frames, std::span<ProgramShare> programs);

/// How many pages a program at a fault must give up so that one more can come in: none below the quota, one
/// at the quota, two above it. So a lowered quota drains by one frame a fault.
constexpr FrameCount drain_at_fault(FrameCount resident, FrameCount quota) {
    if (resident < quota) {
        return 0;
    }
    return resident > quota ? 2 : 1;
}

/// How many pages of a program should go at a tick: a quarter of what is above the quota, and at least 16 (or
/// all). So that whatever it was, it has drained after kDrainTicks ticks, faults or not.
constexpr FrameCount drain_at_tick(FrameCount resident, FrameCount quota) {
    constexpr FrameCount kAtLeast = 16;
    if (resident <= quota) {
        return 0;
    }
    const FrameCount excess = resident - quota;
    const FrameCount quarter = excess / 4 + (excess % 4 != 0 ? 1 : 0);
    if (quarter >= kAtLeast) {
        return quarter;
    }
    return excess < kAtLeast ? excess : kAtLeast;
}

/// Ticks after which any quota has drained, from kMostFrames down.
inline constexpr unsigned kDrainTicks = 50;

}  // namespace mm
