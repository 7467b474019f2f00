#include "lab/reduction.hpp"

namespace lab {

std::uint32_t Reduction::page_of(std::uint64_t number) {
    const auto [found, is_new] = numbers_.try_emplace(number, static_cast<std::uint32_t>(pages_.size()));
    if (is_new) {
        pages_.push_back({.number = number});
    }
    return found->second;
}

void Reduction::reference(std::uint64_t number) {
    const std::uint32_t index = page_of(number);
    if (index == newest_) {
        return;
    }
    ++now_;
    Page& page = pages_[index];
    if (page.last != 0) {
        if (page.before != 0 && are_few_since(page.before, index)) {
            kept_[page.at] = kNone;
        } else {
            page.before = page.last;
        }
    }
    page.last = now_;
    page.at = kept_.size();
    kept_.push_back(index);
    move_to_front(index);
}

/// Whether fewer than `frames_` pages other than `page` have been referenced since `time`.
bool Reduction::are_few_since(std::uint64_t time, std::uint32_t page) const {
    // The frames_-th newest page, `page` not counted.
    const std::uint32_t last =
        boundary_ != kNone && pages_[page].recent ? pages_[boundary_].older : boundary_;
    return last == kNone || pages_[last].last < time;
}

void Reduction::move_to_front(std::uint32_t index) {
    Page& page = pages_[index];
    const bool was_recent = page.recent;
    if (was_recent && boundary_ == index) {
        boundary_ =
            page.newer;  // Never none: the newest does not come here, unless it is the only recent one.
    }
    if (page.newer != kNone || page.older != kNone || oldest_ == index) {
        (page.newer == kNone ? newest_ : pages_[page.newer].older) = page.older;
        (page.older == kNone ? oldest_ : pages_[page.older].newer) = page.newer;
    }
    page.newer = kNone;
    page.older = newest_;
    (newest_ == kNone ? oldest_ : pages_[newest_].newer) = index;
    newest_ = index;
    page.recent = true;
    if (!was_recent && ++recent_count_ == frames_) {
        boundary_ = oldest_;
    } else if (recent_count_ > frames_) {
        pages_[boundary_].recent = false;
        boundary_ = pages_[boundary_].newer;
        --recent_count_;
    }
}

std::vector<std::uint64_t> Reduction::finish() {
    std::vector<std::uint64_t> numbers;
    for (const std::uint32_t index : kept_) {
        if (index != kNone) {
            numbers.push_back(pages_[index].number);
        }
    }
    return numbers;
}

}  // namespace lab
