// Who is ended when nothing else is left: no frame is free, nothing can be evicted, nobody can be suspended.
//
//   badness = resident pages + pages on the swap disk + frames of its page tables
//           + oom_score_adj x (frames of memory + slots of the swap disk) / 1000
//
// The highest goes: it frees the most, moved by what its user has said: each unit of oom_score_adj counts for
// a thousandth of all memory, and -1000 means never. Process 1 never goes, nor who is ending already. It is
// Linux's rule, so that what users know of it holds. Among equals the youngest goes: it has done the least
// work.
//
// Pure: one call, nothing kept. Cost: O(programs).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/address.hpp"

namespace mm {

inline constexpr std::int32_t kNeverKilled = -1000;  ///< oom_score_adj
inline constexpr std::int32_t kKilledFirst = 1000;   ///< oom_score_adj

/// A process that might be ended.
struct LastResortCandidate {
    enum class State : std::uint8_t { kAlive, kEnding };
    std::uint32_t id = 0;  ///< Its process id: 1 is never chosen; of equals the highest is.
    State state = State::kAlive;
    std::int32_t score_adjustment =
        0;  ///< oom_score_adj, kNeverKilled .. kKilledFirst; beyond counts as these.
    FrameCount resident = 0;
    PageCount swapped = 0;
    FrameCount tables = 0;
};

/// The badness of `candidate` where memory and swap together have `total` pages. May be negative.
std::int64_t badness(const LastResortCandidate& candidate, std::uint64_t total);

/// What /proc/PID/oom_score shows: badness in thousandths of all memory, from 0 for who needs not fear to
/// 2000.
std::uint32_t oom_score(const LastResortCandidate& candidate, std::uint64_t total);

/// The id of who must end; nobody when all are exempt.
std::optional<std::uint32_t> last_resort(std::span<const LastResortCandidate> candidates,
                                         std::uint64_t total);

}  // namespace mm
