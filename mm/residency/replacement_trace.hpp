// The trace of replacement: every call to a policy, every answer it got, every decision it made.
//
// TracedReplacement stands before a policy and is one. What it writes is enough to feed another instance of
// the policy with the same calls and answers; replacement_replayer.hpp does that, and compares.
//
// The events, coded as trace_bytes.hpp says: kind, then numbers.
//
//   0x01 memory    version 1, records, ghosts      the tables, before all else, once
//   0x02 begin     instance, letters of the name, each letter, seed, tunings, each tuning
//   0x03 end       instance
//   0x04 entered   instance, frame, owner, page, now
//   0x05 left      instance, frame, departure (0 evicted, 1 ended)
//   0x06 choose    instance, owner, page, now
//   0x07 refused   instance, frame
//   0x08 tick      instance, now
//   0x10 frame     ... the answers that this call got, in the order in which it asked: not accessed
//   0x11 frame                                                                         accessed
//   0x12 frame                                                                         clean
//   0x13 frame                                                                         dirty
//   0x18           what choose() gave: nothing
//   0x19 frame                         this frame
//
// A change of policy is an end and a begin, with left() and entered() for the pages that change hands. An
// event is 3 to 20 bytes long. Other kinds of events may stand between calls, but not between a call and its
// answers.
//
// Owns: nothing. Cost: the policy's, one call of the sink an event, and some tens of instructions.
#pragma once

#include <cstdint>

#include "mm/residency/replacement_instance.hpp"
#include "mm/residency/trace_bytes.hpp"

namespace mm {

enum class ReplacementEvent : std::uint8_t {
    kMemory = 0x01,
    kBegin = 0x02,
    kEnd = 0x03,
    kEntered = 0x04,
    kLeft = 0x05,
    kChoose = 0x06,
    kRefused = 0x07,
    kTick = 0x08,
    kNotAccessed = 0x10,
    kAccessed = 0x11,
    kClean = 0x12,
    kDirty = 0x13,
    kChoseNone = 0x18,
    kChose = 0x19,
};
inline constexpr std::uint32_t kReplacementTraceVersion = 1;

/// Begins a trace: `memory` is what all instances in it are given.
void trace_replacement_memory(TraceSink& sink, const ReplacementMemory& memory);

/// A policy whose every call goes to another one, and into a trace.
class TracedReplacement final : public ReplacementPolicy, private UseBits {
  public:
    /// Writes that `policy` has begun, just made of `setup`. Both outlive it; the trace has its memory
    /// already.
    TracedReplacement(TraceSink& sink, ReplacementPolicy& policy, const ReplacementSetup& setup);
    TracedReplacement(const TracedReplacement&) = delete;
    TracedReplacement& operator=(const TracedReplacement&) = delete;
    /// Writes that the policy has ended: the caller ends it now, before any other instance is told anything.
    ~TracedReplacement() override;

    [[nodiscard]] const char* name() const override { return policy_.name(); }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override;
    void left(FrameIndex frame, Departure departure) override;
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override;
    void refused(FrameIndex frame) override;
    void tick(CpuTime now, UseBits& bits) override;
    [[nodiscard]] bool check_invariants() const override { return policy_.check_invariants(); }

  private:
    // What the policy is given in place of the caller's: asks on, writes the answer.
    bool take_accessed(FrameIndex frame) override;
    bool is_dirty(FrameIndex frame) override;

    template <typename... Numbers>
    void write(ReplacementEvent event, Numbers... numbers);

    TraceSink& sink_;
    ReplacementPolicy& policy_;
    UseBits* bits_ = nullptr;  ///< The caller's, during a call.
    InstanceId instance_;
};

}  // namespace mm
