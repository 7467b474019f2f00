#include "mm/residency/wsclock.hpp"

namespace mm {

void WsClock::entered(FrameIndex frame, PageId page, CpuTime now, UseBits&) {
    claim(frame, page).word = now;
    for (FrameIndex refused = aside().front(); refused != kNoFrame; refused = records()[refused].next) {
        records()[refused].word = now;
    }
    take_back(circle_);
    circle_.push_back(records(), frame);
}

void WsClock::left(FrameIndex frame, Departure) {
    remove(frame);
    disclaim(frame);
}

std::optional<FrameIndex> WsClock::choose(PageId, CpuTime now, UseBits& bits) {
    if (circle_.empty()) {
        return choose_from_aside();
    }
    const std::uint32_t limit =
        circle_.count() < tuning().working_set_scan ? circle_.count() : tuning().working_set_scan;
    FrameIndex first_dirty = kNoFrame;
    FrameIndex longest_idle = kNoFrame;
    CpuTime longest = 0;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        const FrameIndex frame = circle_.front();
        circle_.rotate(records());
        CpuTime& last_use = records()[frame].word;
        if (bits.take_accessed(frame)) {
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
    remove(frame);
    set_aside(frame);
}

void WsClock::remove(FrameIndex frame) {
    if (!take_from_aside(frame)) {
        circle_.remove(records(), frame);
    }
}

}  // namespace mm
