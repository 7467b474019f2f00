#include "mm/residency/random.hpp"

#include <bit>

namespace mm {

Random::~Random() {
    while (count() != 0) {
        const FrameIndex last = node(count());
        remove(last);
        disclaim(last);
    }
}

/// The frame that is node `number`, of 1 .. count().
FrameIndex Random::node(std::uint32_t number) const {
    FrameIndex frame = root_;
    for (unsigned bit = static_cast<unsigned>(std::bit_width(number)) - 1; bit-- != 0;) {
        frame = ((number >> bit) & 1) != 0 ? records()[frame].next : records()[frame].previous;
    }
    return frame;
}

FrameIndex& Random::link_to(FrameIndex parent, FrameIndex child) {
    if (parent == kNoFrame) {
        return root_;
    }
    ResidentRecord& record = records()[parent];
    return record.next == child ? record.next : record.previous;
}

void Random::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    take_back_all();
    ResidentRecord& record = claim(frame, page);
    record.queue = 1;
    record.word = kNoFrame;
    if (count() == 1) {
        root_ = frame;
        return;
    }
    const FrameIndex parent = node(count() / 2);
    record.word = parent;
    ((count() & 1) != 0 ? records()[parent].next : records()[parent].previous) = frame;
}

void Random::left(FrameIndex frame, Departure) {
    expect_own(frame);
    take_back_all();
    remove(frame);
    disclaim(frame);
}

/// Takes `frame` out of the tree, which has count() nodes; the last of them takes its place.
void Random::remove(FrameIndex frame) {
    const FrameIndex last = node(count());
    link_to(records()[last].word, last) = kNoFrame;
    if (last != frame) {
        ResidentRecord& moved = records()[last];
        const ResidentRecord& gone = records()[frame];
        moved.previous = gone.previous;
        moved.next = gone.next;
        moved.word = gone.word;
        link_to(moved.word, frame) = last;
        for (const FrameIndex child : {moved.previous, moved.next}) {
            if (child != kNoFrame) {
                records()[child].word = last;
            }
        }
    }
    records()[frame].queue = 0;
}

std::uint32_t Random::roll(std::uint32_t sides) {
    dice_ ^= dice_ << 13;
    dice_ ^= dice_ >> 17;
    dice_ ^= dice_ << 5;
    return static_cast<std::uint32_t>((std::uint64_t{dice_} * sides) >> 32);
}

std::optional<FrameIndex> Random::choose(PageId, CpuTime, UseBits&) {
    if (count() == 0) {
        return std::nullopt;
    }
    std::uint32_t number = roll(count()) + 1;
    FrameIndex frame = node(number);
    // Few are set aside at a time, and never all: from one of them on to the next that is not.
    while ((records()[frame].bits & kSetAside) != 0) {
        number = number == count() ? 1 : number + 1;
        frame = node(number);
    }
    return frame;
}

void Random::refused(FrameIndex frame) {
    ResidentRecord& record = record_of(frame);
    if ((record.bits & kSetAside) == 0) {
        record.bits |= kSetAside;
        ++set_aside_;
    }
    if (set_aside_ == count()) {
        take_back_all();
    }
}

void Random::take_back_all() {
    for (std::uint32_t number = 1; set_aside_ != 0; ++number) {
        std::uint8_t& bits = records()[node(number)].bits;
        set_aside_ -= bits & kSetAside;
        bits = 0;
    }
}

bool Random::check_invariants() const {
    std::uint32_t set_aside = 0;
    for (const ResidentRecord& record : records()) {
        set_aside += record.instance == instance() ? record.bits & kSetAside : 0;
    }
    if (claimed() != count() || set_aside != set_aside_ || (count() != 0) != (root_ != kNoFrame)) {
        return false;
    }
    for (std::uint32_t number = 1; number <= count(); ++number) {
        const FrameIndex frame = node(number);
        if (frame >= records().size() || records()[frame].instance != instance() ||
            records()[frame].queue != 1) {
            return false;
        }
        const auto child = [this](std::uint32_t k) { return k <= count() ? node(k) : kNoFrame; };
        const ResidentRecord& record = records()[frame];
        if (record.previous != child(2 * number) || record.next != child(2 * number + 1) ||
            record.word != (number == 1 ? kNoFrame : node(number / 2)) ||
            (record.previous == record.next && record.next != kNoFrame)) {
            return false;  // I1; children that differ, and know their parents, make all nodes differ.
        }
    }
    return true;
}

}  // namespace mm
