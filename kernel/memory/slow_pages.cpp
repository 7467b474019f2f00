#include "kernel/memory/slow_pages.hpp"

namespace kernel {

void SlowPages::set(std::uint32_t every) {
    late_.fill({});
    on_their_way_ = 0;
    asked_ = 0;
    every_ = every;
}

bool SlowPages::holds_up(std::uintptr_t owner, std::uint32_t page) {
    if (Late* const late = find(owner, page); late != nullptr) {
        if (late->state == State::kOnItsWay) {
            return true;
        }
        *late = {};
        return false;
    }
    if (every_ == 0 || ++asked_ % every_ != 0) {
        return false;
    }
    Late* const place = place_for_one();
    if (place == nullptr) {
        return false;
    }
    *place = {owner, page, State::kOnItsWay};
    ++on_their_way_;
    return true;
}

void SlowPages::arrive() {
    for (Late& late : late_) {
        if (late.state == State::kOnItsWay) {
            late.state = State::kThere;
        }
    }
    on_their_way_ = 0;
}

SlowPages::Late* SlowPages::find(std::uintptr_t owner, std::uint32_t page) {
    for (Late& late : late_) {
        if (late.state != State::kUnused && late.owner == owner && late.page == page) {
            return &late;
        }
    }
    return nullptr;
}

/// A place nobody needs: unused, or else of a page that is there, each in turn. Null: all are on their way.
SlowPages::Late* SlowPages::place_for_one() {
    for (const State wanted : {State::kUnused, State::kThere}) {
        for (std::size_t i = 0; i < late_.size(); ++i) {
            last_place_ = (last_place_ + 1) % late_.size();
            if (late_[last_place_].state == wanted) {
                return &late_[last_place_];
            }
        }
    }
    return nullptr;
}

}  // namespace kernel
