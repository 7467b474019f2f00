// The numbers in the replacement policies that could be others: arguments, so that a trace can say with which
// ones its decisions were made, and a test that another one makes others.
#pragma once

#include <array>
#include <cstdint>

namespace mm {

/// Shares are of the frames that the instance has at the moment, in percent. Each policy says which of these
/// it uses.
struct ReplacementTuning {
    /// How many pages one choose() looks at before it settles for less: what bounds its time where all are in
    /// use.
    std::uint32_t scan_limit = 1024;
    /// nru, aging: this many tick()s make one look at the accessed bits.
    std::uint32_t ticks_per_look = 1;
    /// wsclock: a page unused for this much CPU time is out of the working set.
    std::uint32_t working_set_us = 100'000;
    /// wsclock: as scan_limit, which for it would bound too little: it goes on past pages that clock would
    /// take.
    std::uint32_t working_set_scan = 32;
    /// 2q: the queue of new pages (Kin), and how many evicted ones are remembered (Kout).
    std::uint32_t two_queue_new_percent = 10;
    std::uint32_t two_queue_ghost_percent = 100;
    /// s3fifo: the small queue; how many evicted pages are remembered; and how many faults pass before the
    /// accessed bit that a page's own fault set is cleared.
    std::uint32_t s3_small_percent = 10;
    std::uint32_t s3_ghost_percent = 100;
    std::uint32_t s3_deferred_percent = 5;
    /// horizon: how many pages each fault looks at; and how many evicted pages are remembered.
    std::uint32_t horizon_looks = 16;
    std::uint32_t horizon_ghost_percent = 100;

    friend constexpr bool operator==(const ReplacementTuning&, const ReplacementTuning&) = default;
};

/// All of them, in the order in which traces name them.
inline constexpr std::array kReplacementTunings{
    &ReplacementTuning::scan_limit,
    &ReplacementTuning::ticks_per_look,
    &ReplacementTuning::working_set_us,
    &ReplacementTuning::working_set_scan,
    &ReplacementTuning::two_queue_new_percent,
    &ReplacementTuning::two_queue_ghost_percent,
    &ReplacementTuning::s3_small_percent,
    &ReplacementTuning::s3_ghost_percent,
    &ReplacementTuning::s3_deferred_percent,
    &ReplacementTuning::horizon_looks,
    &ReplacementTuning::horizon_ghost_percent,
};
static_assert(sizeof(ReplacementTuning) == kReplacementTunings.size() * sizeof(std::uint32_t));

}  // namespace mm
