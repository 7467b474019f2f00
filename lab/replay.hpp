// Makes the references of a trace in a memory of some frames, under any replacement policy, and counts the faults.
//
// Conventions. Frames are empty at first, and given out from 0 up. Every reference sets the accessed bit, the one that
// faulted too, just after entered(), as hardware does. Pages are never dirty. Each reference takes kReferenceTime of CPU
// time; the policy gets a tick() after each of so many faults as make sixteen while every frame is filled once.
//
// Dense arrays, indexed by page and by frame: a reference to a resident page is two reads and a write.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/trace.hpp"
#include "mm/residency/replacement_tuning.hpp"

namespace lab {

/// Microseconds: what is left of a reduced trace stands for many accesses each.
inline constexpr std::uint32_t kReferenceTime = 20;

struct Outcome {
    std::uint64_t faults = 0;
    std::uint64_t bits_read = 0;     ///< Accessed bits that the policy asked for;
    std::uint64_t bits_cleared = 0;  ///< and those that were set: each costs an invlpg.
};

/// `policy`: a name of mm::kReplacementNames, "lru" or "opt". Throws std::invalid_argument for any other.
Outcome replay(const Trace& trace, std::string_view policy, std::uint32_t frames,
               const mm::ReplacementTuning& tuning = {});

/// S3-FIFO as published: it sees every reference, and a page that has just come in counts as not yet used. No kernel can
/// run it; beside LRU it is what a policy with accessed bits is measured by.
std::uint64_t exact_s3fifo_faults(const Trace& trace, std::uint32_t frames);

}  // namespace lab
