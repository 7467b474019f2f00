#include "mm/residency/clock.hpp"

namespace mm {

void Clock::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    take_back(circle_);
    circle_.push_back(records(), frame);
}

void Clock::left(FrameIndex frame, Departure) {
    remove(frame);
    disclaim(frame);
}

std::optional<FrameIndex> Clock::choose(PageId, CpuTime, UseBits& bits) {
    if (circle_.empty()) {
        return choose_from_aside();
    }
    const std::uint32_t limit = circle_.count() < tuning().scan_limit ? circle_.count() : tuning().scan_limit;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        if (!bits.take_accessed(circle_.front())) {
            break;
        }
        circle_.rotate(records());
    }
    return circle_.front();
}

void Clock::refused(FrameIndex frame) {
    remove(frame);
    set_aside(frame);
}

void Clock::remove(FrameIndex frame) {
    if (!take_from_aside(frame)) {
        circle_.remove(records(), frame);
    }
}

}  // namespace mm
