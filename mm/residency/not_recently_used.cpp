#include "mm/residency/not_recently_used.hpp"

namespace mm {

NotRecentlyUsed::~NotRecentlyUsed() {
    for (ResidentList& list : classes_) {
        abandon(list);
    }
}

/// Takes `frame` out of its list.
void NotRecentlyUsed::remove(FrameIndex frame) {
    if (!take_from_aside(frame)) {
        classes_[records()[frame].queue - 1U].remove(records(), frame);
    }
}

void NotRecentlyUsed::move(FrameIndex frame, std::uint8_t to) {
    remove(frame);
    classes_[to].push_back(records(), frame);
}

void NotRecentlyUsed::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    classes_[kAccessed].push_back(records(), frame);  // Dirty is not known yet: asked when it matters.
}

void NotRecentlyUsed::left(FrameIndex frame, Departure) {
    remove(frame);
    disclaim(frame);
}

std::uint8_t NotRecentlyUsed::look_again(FrameIndex frame, std::uint8_t from, UseBits& bits) {
    // Already in an accessed class: its bit is left alone, the next look clears it.
    const bool accessed = (from & kAccessed) != 0 || bits.take_accessed(frame);
    const auto now =
        static_cast<std::uint8_t>((accessed ? kAccessed : 0) | (bits.is_dirty(frame) ? kDirty : 0));
    if (now != from) {
        move(frame, now);
    }
    return now;
}

std::optional<FrameIndex> NotRecentlyUsed::choose(PageId, CpuTime, UseBits& bits) {
    for (std::uint8_t lowest = 0; lowest < kAccessed + kDirty; ++lowest) {
        while (!classes_[lowest].empty()) {
            const FrameIndex frame = classes_[lowest].front();
            if (look_again(frame, lowest, bits) <= lowest) {
                return frame;  // Still there, or clean by now.
            }
        }
    }
    const ResidentList& last = classes_[kAccessed + kDirty];
    return last.empty() ? choose_from_aside() : std::optional(last.front());
}

void NotRecentlyUsed::refused(FrameIndex frame) {
    remove(frame);
    set_aside(frame);
}

void NotRecentlyUsed::tick(CpuTime, UseBits& bits) {
    if (++ticks_ < tuning().ticks_per_look) {
        return;
    }
    ticks_ = 0;
    take_back(classes_[kAccessed + kDirty]);
    // Each class once around, as long as it is at the start; the accessed ones follow the others.
    std::array<std::uint32_t, 4> counts{};
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] = classes_[i].count();
    }
    // What classes 0 and 1 get back goes behind what stays: first those not accessed ...
    for (std::uint8_t from = 0; from < kAccessed; ++from) {
        for (std::uint32_t i = 0; i < counts[from]; ++i) {
            const FrameIndex frame = classes_[from].front();
            const bool accessed = bits.take_accessed(frame);
            const bool dirty = bits.is_dirty(frame);
            move(frame, static_cast<std::uint8_t>((accessed ? kAccessed : 0) | (dirty ? kDirty : 0)));
        }
    }
    // ... then those accessed: found so by choose(), or just now.
    for (std::uint8_t from = kAccessed; from <= kAccessed + kDirty; ++from) {
        while (!classes_[from].empty()) {
            const FrameIndex frame = classes_[from].front();
            bits.take_accessed(frame);
            move(frame, bits.is_dirty(frame) ? kDirty : 0);
        }
    }
}

}  // namespace mm
