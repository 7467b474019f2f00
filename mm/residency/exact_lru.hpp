// Exact least recently used, over a trace: the page goes whose last reference is the longest ago.
//
// Owns nothing: the caller gives one record a page. A list through them, newest first; a page's neighbours
// are found without a search. Cost: O(1) a reference.
#pragma once

#include "mm/core/panic.hpp"
#include "mm/residency/exact_replacement.hpp"

namespace mm {

class ExactLru {
  public:
    struct Page {
        std::uint32_t newer;
        std::uint32_t older;
        bool resident;
    };

    /// Over `trace`, with `frames` frames (at least 1), in `pages`: a record for each page number of the
    /// trace, written here. All outlive this.
    ExactLru(std::span<const std::uint32_t> trace, std::uint32_t frames, std::span<Page> pages)
        : trace_(trace), pages_(pages), free_(frames) {
        expect(frames != 0, "lru: no frames");
        for (Page& page : pages) {
            page = {.newer = kNoPage, .older = kNoPage, .resident = false};
        }
    }

    [[nodiscard]] bool done() const { return at_ == trace_.size(); }
    ExactStep step() {
        const std::uint32_t page = trace_[at_++];
        expect(page < pages_.size(), "lru: a page without a record");
        if (pages_[page].resident) {
            unlink(page);
            push(page);
            return {ExactStep::Outcome::kHit};
        }
        std::uint32_t victim = kNoPage;
        if (free_ != 0) {
            --free_;
        } else {
            victim = oldest_;
            unlink(victim);
            pages_[victim].resident = false;
        }
        pages_[page].resident = true;
        push(page);
        return {ExactStep::Outcome::kFault, victim};
    }
    [[nodiscard]] bool is_resident(std::uint32_t page) const { return pages_[page].resident; }

  private:
    void push(std::uint32_t page) {
        pages_[page].newer = kNoPage;
        pages_[page].older = newest_;
        (newest_ == kNoPage ? oldest_ : pages_[newest_].newer) = page;
        newest_ = page;
    }
    void unlink(std::uint32_t page) {
        const Page& record = pages_[page];
        (record.newer == kNoPage ? newest_ : pages_[record.newer].older) = record.older;
        (record.older == kNoPage ? oldest_ : pages_[record.older].newer) = record.newer;
    }

    std::span<const std::uint32_t> trace_;
    std::span<Page> pages_;
    std::size_t at_ = 0;
    std::uint32_t free_;
    std::uint32_t newest_ = kNoPage;
    std::uint32_t oldest_ = kNoPage;
};
static_assert(ExactReplacement<ExactLru>);

}  // namespace mm
