#include "mm/residency/clock.hpp"

namespace mm {

void Clock::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    circle_.push_back(records(), frame);
}

void Clock::left(FrameIndex frame, Departure) {
    expect_own(frame);
    circle_.remove(records(), frame);
    disclaim(frame);
}

std::optional<FrameIndex> Clock::choose(PageId, CpuTime, UseBits& bits) {
    if (circle_.empty()) {
        return std::nullopt;
    }
    const std::uint32_t limit = count() < tuning().scan_limit ? count() : tuning().scan_limit;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        if (take_use(circle_.front(), bits) == Use::kNone) {
            break;
        }
        circle_.rotate(records());
    }
    return circle_.front();
}

void Clock::refused(FrameIndex frame) {
    expect_own(frame);
    circle_.remove(records(), frame);
    circle_.push_back(records(), frame);
    spare_once(frame);
}

}  // namespace mm
