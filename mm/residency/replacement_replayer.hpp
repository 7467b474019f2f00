// Feeds a trace of replacement to fresh policies of the same names and seeds, and says where they first
// differ.
//
// The policies are the very objects of the kernel; their questions are answered from the trace. They differ
// when they ask another question than the trace says, or choose another page. A trace that was damaged, or
// that says what no caller may do (a page enters a frame that has one), is an error and never reaches a
// policy.
//
// Owns: the instances, in room that the caller gives. Takes no memory. Cost: the policies', and some tens of
// instructions an event.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/result.hpp"
#include "mm/residency/replacement_factory.hpp"
#include "mm/residency/replacement_trace.hpp"

namespace mm {

/// What a policy did at one moment, or would have to do to agree.
struct ReplacementMove {
    enum class Kind : std::uint8_t { kAskAccessed, kAskDirty, kChoose, kChooseNone, kReturn };
    Kind kind;
    FrameIndex frame = kNoFrame;  ///< kReturn, kChooseNone: none.
    friend bool operator==(const ReplacementMove&, const ReplacementMove&) = default;
};

struct ReplacementDifference {
    std::uint64_t
        event;  ///< Which of the trace's events it is, from 1 on; answers and decisions are counted.
    InstanceId instance;
    ReplacementMove expected;  ///< What the trace says,
    ReplacementMove got;       ///< and what the policy did.
};

class ReplacementReplayer final : private UseBits {
  public:
    /// Room for one instance.
    struct Place {
        ReplacementSlot slot;
        InstanceId instance = 0;
    };
    /// For as many frames, ghosts, and instances at a time, as the trace has; overwritten.
    struct Room {
        std::span<ResidentRecord> records;
        std::span<GhostEntry> ghosts;
        std::span<Place> places;
    };

    /// With the tunings of the trace; with `tuning`, if there is one. `room` outlives it.
    explicit ReplacementReplayer(const Room& room, std::optional<ReplacementTuning> tuning = std::nullopt);
    ReplacementReplayer(const ReplacementReplayer&) = delete;
    ReplacementReplayer& operator=(const ReplacementReplayer&) = delete;
    /// Ends every instance.
    ~ReplacementReplayer();

    /// Whether the event of this kind, which TraceReader::next_kind() shows, is one for next().
    static constexpr bool reads(std::uint8_t kind) { return kind >= 0x01 && kind <= 0x3F; }
    /// Replays one event that is not inside another, and what belongs to it. After a difference: nothing.
    /// Errors: kBadInput (the trace is damaged, or of another version), kNoMemory (too little room).
    Result<void> next(TraceReader& trace);
    /// The first difference, if there was one.
    [[nodiscard]] const std::optional<ReplacementDifference>& difference() const { return difference_; }
    /// Events read so far.
    [[nodiscard]] std::uint64_t events() const { return events_; }

  private:
    // Answers from the trace.
    bool take_accessed(FrameIndex frame) override;
    bool is_dirty(FrameIndex frame) override;
    bool answer(ReplacementMove::Kind question, FrameIndex frame);

    ReplacementEvent read_event();
    Result<void> set_memory();
    Result<void> begin();
    Result<void> call(ReplacementEvent event);
    void choose(ReplacementPolicy& policy);
    void expect_return();
    /// The move that the trace says comes next; reads it unless it is kReturn.
    ReplacementMove read_move();
    void compare(const ReplacementMove& expected, const ReplacementMove& got);
    [[nodiscard]] Place* place_of(InstanceId instance) const;
    [[nodiscard]] Result<void> outcome() const;

    Room room_;
    std::optional<ReplacementTuning> tuning_;
    std::optional<GhostTable> ghosts_;
    bool has_memory_ = false;
    TraceReader* trace_ = nullptr;  ///< During next().
    InstanceId instance_ = 0;       ///< Of the call under way.
    bool last_answer_ = false;      ///< That the move just read gives, if it is a question.
    std::uint64_t events_ = 0;
    std::optional<ReplacementDifference> difference_;
};

/// Replays a whole trace that has events of replacement alone: the first difference, or none. Errors: as
/// next().
Result<std::optional<ReplacementDifference>> replay_replacement(
    std::span<const std::byte> trace, const ReplacementReplayer::Room& room,
    const std::optional<ReplacementTuning>& tuning = std::nullopt);

}  // namespace mm
