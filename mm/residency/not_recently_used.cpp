#include "mm/residency/not_recently_used.hpp"

namespace mm {

NotRecentlyUsed::~NotRecentlyUsed() {
    for (ResidentList& list : classes_) {
        abandon(list);
    }
}

ResidentList& NotRecentlyUsed::list_of(FrameIndex frame) {
    return classes_[record_of(frame).queue - 1U];
}

void NotRecentlyUsed::move(FrameIndex frame, std::uint8_t to) {
    list_of(frame).remove(records(), frame);
    classes_[to].push_back(records(), frame);
}

void NotRecentlyUsed::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    classes_[kAccessed].push_back(records(), frame);  // Dirty is not known yet: asked when it matters.
}

void NotRecentlyUsed::left(FrameIndex frame, Departure) {
    list_of(frame).remove(records(), frame);
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
    return last.empty() ? std::nullopt : std::optional(last.front());
}

void NotRecentlyUsed::refused(FrameIndex frame) {
    move(frame, kAccessed + kDirty);
}

void NotRecentlyUsed::tick(CpuTime, UseBits& bits) {
    if (++ticks_ < tuning().ticks_per_look) {
        return;
    }
    ticks_ = 0;
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
    for (std::uint8_t from = kAccessed; from < counts.size(); ++from) {
        while (!classes_[from].empty()) {
            const FrameIndex frame = classes_[from].front();
            bits.take_accessed(frame);
            move(frame, bits.is_dirty(frame) ? kDirty : 0);
        }
    }
}

}  // namespace mm
