// What frame allocation, load control and the last resort saw and decided, as bytes; and the same again from
// the bytes.
//
//   0x40 allocate     scheme, frames, fault time, n, n x facts | pool, short by, refused, n x quota
//   0x41 scan due     scheme, facts | 0 or 1
//   0x42 forgotten    id: its history begins anew (it ended, or the scheme changed)
//   0x60 review       sample, n, n x program | decision
//   0x61 ended        sample, n, n x program | decision
//   0x70 last resort  total, n, n x candidate | id + 1, or 0
//
//   facts      id, size, resident, minimum, faults, refaults, CPU time, CPU time at the scan, accessed,
//              nice (signed)
//   quota      plus 1; 0 where there is no limit
//   sample     frames, faults, ghost hits, CPU time, fault time, now
//   program    id, resident, state, since
//   decision   reason, suspended id + 1 or 0, resumed id + 1 or 0
//   candidate  id, state, adjustment (signed), resident, swapped, tables
//
// Left of the bar is what the decider was told, right of it what it answered; all are numbers as
// trace_bytes.hpp writes them. A scheme is named by its place in AllocationPolicies::all().
// About 30 bytes a program and call.
//
// Histories are not in the trace: they follow from it. So a stream must begin when nothing is remembered yet,
// at boot or with all that is known forgotten.
//
// Owns: nothing. Cost: the bytes. Whoever records calls the deciders through these and not directly; main
// line only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "mm/residency/frame_allocation_schemes.hpp"
#include "mm/residency/last_resort.hpp"
#include "mm/residency/load_control.hpp"
#include "mm/residency/trace_bytes.hpp"

namespace mm {

enum class AllocationEvent : std::uint8_t {
    kAllocate = 0x40,
    kScanDue = 0x41,
    kForgotten = 0x42,
    kReview = 0x60,
    kEnded = 0x61,
    kLastResort = 0x70,
};

/// The deciders, each call written to a sink together with its answer.
class RecordedAllocation {
  public:
    /// All three outlive it.
    RecordedAllocation(AllocationPolicies& policies, LoadControl& load, TraceSink& sink)
        : policies_(policies), load_(load), sink_(sink) {}

    /// AllocationPolicy::allocate() of the scheme at that place.
    Allotment allocate(std::size_t scheme, const AllocationRequest& request,
                       std::span<ProgramShare> programs);
    /// AllocationPolicy::scan_due().
    bool scan_due(std::size_t scheme, const ProgramFacts& facts);
    /// `program` begins anew: its history is cleared.
    void forget(ProgramShare& program);
    /// LoadControl::review().
    LoadDecision review(const LoadSample& sample, std::span<const LoadProgram> programs);
    /// LoadControl::program_ended().
    LoadDecision program_ended(const LoadSample& sample, std::span<const LoadProgram> programs);
    /// mm::last_resort().
    std::optional<std::uint32_t> last_resort(std::span<const LastResortCandidate> candidates,
                                             std::uint64_t total);

  private:
    AllocationPolicies& policies_;
    LoadControl& load_;
    TraceSink& sink_;
};

/// A replay: asks deciders what the trace says they were asked, and compares. The storage is the caller's.
class AllocationReplay {
  public:
    enum class Outcome : std::uint8_t {
        kSame,      ///< The deciders answered as they did then.
        kDiffers,   ///< They did not.
        kNotMine,   ///< The next event is somebody else's; nothing was read.
        kBadTrace,  ///< The bytes make no sense, or need more storage.
        kEnd,       ///< There are no more bytes.
    };
    /// Room for what one event and all histories need: as many of each as programs can be known at once.
    struct Storage {
        std::span<ProgramShare> known;  ///< What is remembered of whom, from event to event.
        std::span<ProgramShare> asked;  ///< Those of one event.
        std::span<LoadProgram> programs;
        std::span<LastResortCandidate> candidates;
    };

    AllocationReplay(AllocationPolicies& policies, LoadControl& load, Storage storage)
        : policies_(policies), load_(load), storage_(storage) {}

    /// Reads one event and asks again. O(programs known x programs asked).
    Outcome step(TraceReader& reader);

  private:
    Outcome allocate(TraceReader& reader);
    Outcome scan_due(TraceReader& reader);
    Outcome load(TraceReader& reader, AllocationEvent event);
    Outcome last_resort(TraceReader& reader);
    Outcome forget(TraceReader& reader);
    ProgramShare* remembered(std::uint32_t id);

    AllocationPolicies& policies_;
    LoadControl& load_;
    Storage storage_;
    std::size_t known_ = 0;
};

}  // namespace mm
