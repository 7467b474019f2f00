#include "mm/residency/wsclock.hpp"

namespace mm {

void WsClock::entered(FrameIndex frame, PageId page, CpuTime now, UseBits&) {
    claim(frame, page).word = now;
    circle_.push_back(records(), frame);
}

void WsClock::left(FrameIndex frame, Departure) {
    expect_own(frame);
    circle_.remove(records(), frame);
    disclaim(frame);
}

std::optional<FrameIndex> WsClock::choose(PageId, CpuTime now, UseBits& bits) {
    if (circle_.empty()) {
        return std::nullopt;
    }
    const std::uint32_t limit = count() < tuning().working_set_scan ? count() : tuning().working_set_scan;
    FrameIndex first_dirty = kNoFrame;
    FrameIndex longest_idle = kNoFrame;
    CpuTime longest = 0;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        const FrameIndex frame = circle_.front();
        circle_.rotate(records());
        CpuTime& last_use = records()[frame].word;
        if (take_use(frame, bits) != Use::kNone) {
            last_use = now;
            continue;
        }
        const CpuTime idle = now - last_use;
        if (idle > tuning().working_set_us) {
            if (!bits.is_dirty(frame)) {
                return frame;
            }
            first_dirty = first_dirty == kNoFrame ? frame : first_dirty;
        } else if (longest_idle == kNoFrame || idle > longest) {
            longest_idle = frame;
            longest = idle;
        }
    }
    if (first_dirty != kNoFrame) {
        return first_dirty;
    }
    return longest_idle != kNoFrame ? longest_idle : circle_.front();
}

void WsClock::refused(FrameIndex frame) {
    expect_own(frame);
    circle_.remove(records(), frame);
    circle_.push_back(records(), frame);
    spare_once(frame);
}

}  // namespace mm
