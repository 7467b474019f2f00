#include "mm/residency/exact_opt.hpp"

#include <bit>

#include "mm/core/panic.hpp"

namespace mm {

ExactOpt::ExactOpt(std::span<const std::uint32_t> trace, std::uint32_t frames, const Room& room)
    : trace_(trace), next_use_(room.next_use), free_(frames) {
    expect(frames != 0, "opt: no frames");
    expect(trace.size() <= kLongestTrace, "opt: a trace longer than it has positions for");
    expect(room.next_use.size() >= trace.size() && room.words.size() >= words_for(trace.size()),
           "opt: too little room");
    std::size_t bits = 2 * trace.size();
    std::span<std::uint64_t> words = room.words;
    for (std::span<std::uint64_t>& level : levels_) {
        bits = (bits + 63) / 64;
        level = words.first(bits);
        words = words.subspan(bits);
        for (std::uint64_t& word : level) {
            word = 0;
        }
    }
    for (std::uint32_t& next : room.pages) {
        next = kNoPage;
    }
    for (std::size_t i = trace.size(); i-- != 0;) {
        expect(trace[i] < room.pages.size(), "opt: a page without a record");
        std::uint32_t& next = room.pages[trace[i]];
        next_use_[i] = next != kNoPage ? next : static_cast<std::uint32_t>(trace.size() + i);
        next = static_cast<std::uint32_t>(i);
    }
}

ExactStep ExactOpt::step() {
    const std::size_t now = at_++;
    ExactStep result{ExactStep::Outcome::kHit};
    if (has(now)) {
        clear(now);
    } else {
        result.outcome = ExactStep::Outcome::kFault;
        if (free_ != 0) {
            --free_;
        } else {
            const std::size_t last = highest();
            clear(last);
            result.evicted = trace_[last < trace_.size() ? last : last - trace_.size()];
        }
    }
    set(next_use_[now]);
    return result;
}

bool ExactOpt::has(std::size_t position) const {
    return ((levels_[0][position / 64] >> (position % 64)) & 1) != 0;
}

void ExactOpt::set(std::size_t position) {
    for (const std::span<std::uint64_t> level : levels_) {
        level[position / 64] |= std::uint64_t{1} << (position % 64);
        position /= 64;
    }
}

void ExactOpt::clear(std::size_t position) {
    for (const std::span<std::uint64_t> level : levels_) {
        level[position / 64] &= ~(std::uint64_t{1} << (position % 64));
        if (level[position / 64] != 0) {
            return;
        }
        position /= 64;
    }
}

/// The last position of the set, which is not empty.
std::size_t ExactOpt::highest() const {
    std::size_t word = levels_.back().size() - 1;  // The top level is one word, or none is.
    for (std::size_t level = kLevels; level-- != 0;) {
        word = word * 64 + static_cast<std::size_t>(std::bit_width(levels_[level][word])) - 1;
    }
    return word;
}

}  // namespace mm
