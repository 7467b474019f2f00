// How many frames each program may keep: the schemes, by name.
//
//   none             nobody is limited: whoever faults takes a frame from anybody (global replacement)
//   equal            floor(frames / programs) each
//   proportional     floor(size x frames / sum of sizes)
//   priority         as proportional, but a page counts 2^(-nice / 5): five steps of nice double or halve it
//   working-set      the pages used in the last `window` of its own CPU time, and an eighth
//   fault-frequency  more when refaults follow each other within `grow_below` fault times of its CPU time,
//                    less when they are further apart than `shrink_above`
//
// All of them: never below a program's minimum; who cannot have even that is refused, the last to come first;
// what is left over belongs to the pool of free frames, and is told. With the last three a program never gets
// more than its size (of the first ones the formulas are kept as published, though a small program cannot use
// all that it gets). Where programs want more than there is, those two that follow behaviour scale
// everybody's want alike, and say how much is short: that is for load control to answer.
//
// The caller asks allocate() when a program starts, ends or grows, and each epoch where follows() says so. A
// scheme keeps nothing itself: its memory of a program is in the caller's records. Time is each program's own
// CPU time.
//
// Never touches a frame; no clock, no storage. Cost: O(programs) divisions of 64 bits, a few times. Main line
// only.
#pragma once

#include <cstdint>
#include <span>

#include "mm/residency/quota.hpp"

namespace mm {

/// What there is to share.
struct AllocationRequest {
    FrameCount frames = 0;   ///< At most kMostFrames.
    CpuTime fault_time = 1;  ///< What one fault costs in microseconds of waiting, as measured; at least 1.
};

/// What came of it beside the quotas.
struct Allotment {
    FrameCount pool = 0;        ///< Left over. Under `none`, which reserves nothing for anybody, all of it.
    FrameCount short_by = 0;    ///< By how much the programs' wants are more than there is.
    std::uint32_t refused = 0;  ///< How many programs are not admitted.
    friend constexpr bool operator==(const Allotment&, const Allotment&) = default;
};

class AllocationPolicy {
  public:
    virtual ~AllocationPolicy() = default;

    /// One lower-case word, as on the command line.
    [[nodiscard]] virtual const char* name() const = 0;
    /// What a quota depends on: when it is worth asking again.
    enum class Follows : std::uint8_t {
        kPrograms,   ///< Who there is, and how large: at start, end and growth.
        kBehaviour,  ///< Also what they do: each epoch.
    };
    [[nodiscard]] virtual Follows follows() const { return Follows::kPrograms; }
    /// Whether `program`'s accessed bits should be read and cleared now; the next call finds what came of it
    /// in facts.accessed. For programs of a scheme that needs them, at epochs.
    [[nodiscard]] virtual bool scan_due(const ProgramFacts&) const { return false; }

    /// Works out every program's quota and admission, from its facts and its history, which are kept up to
    /// date. `programs`: those that run or want to, who came first first; suspended ones are left out. The
    /// sum of the quotas and the pool is request.frames (but under `none`).
    Allotment allocate(const AllocationRequest& request, std::span<ProgramShare> programs);

  protected:
    /// Sets every admitted program's weight, and its maximum where it has one. Returns by how much wants
    /// exceed frames.
    virtual FrameCount weigh(const AllocationRequest& request, std::span<ProgramShare> programs) = 0;

  private:
    /// Divides by the weights. `none` does not.
    virtual FrameCount divide(FrameCount frames, std::span<ProgramShare> programs);
};

}  // namespace mm
