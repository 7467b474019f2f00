// Which page goes when a frame is needed: the question, and what a policy may know before it answers.
//
//   entered(frame, page)     a fault brought `page` into `frame`
//   left(frame)              it is in no frame any more: evicted, unmapped, its program ended
//   choose()                 the page that should go   --asks--> UseBits: accessed? dirty? (page tables tell)
//   tick()                   a moment to look at the bits in passing
//
// A policy decides and touches nothing: it evicts no page, takes no memory, reads no clock. Frames are named
// by number (only as names: 0 .. the size of the table of records), pages by whose they are and which.
// Everything it is told, and every answer it gets, goes through this interface: who records the calls can
// replay them, event for event, with the same decisions.
//
// The access that faulted sets the accessed bit itself, just after entered(). A policy for which a new page
// begins as "not yet used" takes the bit of a page some faults later: each call has the bits at hand for
// that.
#pragma once

#include <cstdint>
#include <optional>

namespace mm {

/// A frame's name in this interface: its place in the table of records.
using FrameIndex = std::uint32_t;

/// A page, wherever it is: the id of the space or object that has it, and its number there.
struct PageId {
    std::uint32_t owner = 0;
    std::uint32_t page = 0;
    friend constexpr bool operator==(const PageId&, const PageId&) = default;
};

/// What page tables tell of the page in a frame.
class UseBits {
  public:
    /// Whether any program has accessed the page since it was last asked; forgets it.
    virtual bool take_accessed(FrameIndex frame) = 0;
    /// Whether the page differs from what the disk has of it, so that evicting it costs a write.
    virtual bool is_dirty(FrameIndex frame) = 0;

  protected:
    ~UseBits() = default;
};

/// CPU time, in microseconds, at the moment of a call: of the program whose pages the policy has (local
/// replacement), or of all programs together (global). Wraps: only differences mean something.
using CpuTime = std::uint32_t;

class ReplacementPolicy {
  public:
    virtual ~ReplacementPolicy() = default;

    /// One lower-case word, as on the command line.
    [[nodiscard]] virtual const char* name() const = 0;

    /// `page` has come into `frame`, which had none that this policy knew of.
    virtual void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) = 0;
    /// `frame`, which has a page, has none now: it was evicted after choose(), or its page is gone for good.
    enum class Departure : std::uint8_t {
        kEvicted,  ///< It may come back.
        kEnded,    ///< It will not.
    };
    virtual void left(FrameIndex frame, Departure departure) = 0;

    /// The frame whose page should go so that `incoming` can come; none only if the policy knows of no frame.
    /// The caller evicts it and says left(), or cannot use the answer and says refused().
    virtual std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) = 0;
    /// The page of `frame`, chosen just now, cannot go at this moment (somebody is about to use it): the next
    /// choose() must not give it again before others.
    virtual void refused(FrameIndex frame) = 0;

    /// Now and then, every so many faults and ticks of the clock: a moment to look at bits.
    virtual void tick(CpuTime now, UseBits& bits) = 0;

    /// Recounts everything; false when a list, a count or a record is wrong. Costs a walk over all records.
    [[nodiscard]] virtual bool check_invariants() const = 0;
};

}  // namespace mm
