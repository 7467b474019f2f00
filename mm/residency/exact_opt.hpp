// OPT, Belady's MIN, over a trace: the page goes that will be referenced again last, or never. No algorithm
// has fewer faults.
//
// The set of resident pages is kept as the set of positions at which they will next be referenced: one bit a
// position.
//
//   trace           a b c a d b ...        reference i is a hit exactly if bit i is set
//   resident pages        ^   ^            the victim is the highest bit
//
// A page that is referenced at i and never again gets a position of its own past the end, trace size + i.
// Five levels of words, each bit telling whether a word below has any, make finding the highest bit five
// steps.
//
// Conventions: of pages never used again the one referenced last goes first (any choice has as many faults).
// Owns nothing: the caller gives the room, see words_for(). Cost: O(log64 of the trace) a reference, next
// uses found in one pass backwards. Traces of up to 2^29 references.
#pragma once

#include <array>

#include "mm/residency/exact_replacement.hpp"

namespace mm {

class ExactOpt {
  public:
    static constexpr std::size_t kLongestTrace = std::size_t{1} << 29;

    /// How many words of 64 bits the positions of a trace of `references` need.
    static constexpr std::size_t words_for(std::size_t references) {
        std::size_t words = 0;
        std::size_t bits = 2 * references;
        for (std::size_t level = 0; level < kLevels; ++level) {
            bits = (bits + 63) / 64;
            words += bits;
        }
        return words;
    }

    /// What the caller gives; written here.
    struct Room {
        std::span<std::uint32_t> next_use;  ///< As many as references.
        std::span<std::uint32_t> pages;     ///< As many as page numbers.
        std::span<std::uint64_t> words;     ///< words_for(references).
    };

    /// Over `trace`, of at most kLongestTrace references, with `frames` frames (at least 1). All outlives
    /// this.
    ExactOpt(std::span<const std::uint32_t> trace, std::uint32_t frames, const Room& room);

    [[nodiscard]] bool done() const { return at_ == trace_.size(); }
    ExactStep step();

  private:
    static constexpr std::size_t kLevels = 5;

    [[nodiscard]] bool has(std::size_t position) const;
    void set(std::size_t position);
    void clear(std::size_t position);
    [[nodiscard]] std::size_t highest() const;

    std::span<const std::uint32_t> trace_;
    std::span<std::uint32_t> next_use_;
    /// levels_[0]: a bit a position; above: a bit a word of the level below that is not 0.
    std::array<std::span<std::uint64_t>, kLevels> levels_;
    std::size_t at_ = 0;
    std::uint32_t free_;
};
static_assert(ExactReplacement<ExactOpt>);

}  // namespace mm
