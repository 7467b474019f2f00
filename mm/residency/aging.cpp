#include "mm/residency/aging.hpp"

namespace mm {

namespace {

constexpr std::uint32_t kTopBit = 0x80;

}  // namespace

Aging::~Aging() {
    abandon(order_);
    abandon(fresh_);
    abandon(recent_);
}

/// Takes `frame` out of its list.
void Aging::remove(FrameIndex frame) {
    if (take_from_aside(frame)) {
        return;
    }
    for (ResidentList* list : {&order_, &fresh_, &recent_}) {
        if (list->has(records()[frame])) {
            return list->remove(records(), frame);
        }
    }
}

void Aging::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    fresh_.push_back(records(), frame);
}

void Aging::left(FrameIndex frame, Departure) {
    remove(frame);
    disclaim(frame);
}

std::optional<FrameIndex> Aging::choose(PageId, CpuTime, UseBits& bits) {
    while (!order_.empty()) {
        if (!bits.take_accessed(order_.front())) {
            return order_.front();
        }
        recent_.push_back(records(), order_.pop_front(records()));
    }
    for (const ResidentList* list : {&fresh_, &recent_}) {
        if (!list->empty()) {
            return list->front();
        }
    }
    return choose_from_aside();
}

void Aging::refused(FrameIndex frame) {
    remove(frame);
    set_aside(frame);
}

void Aging::shift(FrameIndex frame, std::uint32_t top_bit) {
    std::uint32_t& counter = records()[frame].word;
    counter = top_bit | (counter >> 1);
}

void Aging::insert_in_order(FrameIndex frame) {
    FrameIndex place = order_.back();
    while (place != kNoFrame && records()[place].word > records()[frame].word) {
        place = records()[place].previous;
    }
    order_.insert_after(records(), place, frame);
}

void Aging::tick(CpuTime, UseBits& bits) {
    if (++ticks_ < tuning().ticks_per_look) {
        return;
    }
    ticks_ = 0;
    ResidentList accessed(5);
    for (std::uint32_t left = fresh_.count(); left != 0; --left) {
        const FrameIndex frame = fresh_.pop_front(records());
        const bool used = bits.take_accessed(frame);
        shift(frame, used ? kTopBit : 0);
        (used ? accessed : fresh_).push_back(records(), frame);
    }
    // They were the front of the order, in order: what is still there has no lower counter.
    while (!recent_.empty()) {
        const FrameIndex frame = recent_.pop_front(records());
        bits.take_accessed(frame);
        shift(frame, kTopBit);
        accessed.push_back(records(), frame);
    }
    for (std::uint32_t left = order_.count(); left != 0; --left) {
        const FrameIndex frame = order_.pop_front(records());
        const bool used = bits.take_accessed(frame);
        shift(frame, used ? kTopBit : 0);
        (used ? accessed : order_).push_back(records(), frame);
    }
    while (!fresh_.empty()) {
        const FrameIndex newest = fresh_.back();
        fresh_.remove(records(), newest);
        order_.push_front(records(), newest);
    }
    while (!accessed.empty()) {
        order_.push_back(records(), accessed.pop_front(records()));
    }
    while (!aside().empty()) {
        const FrameIndex frame = aside().front();
        take_from_aside(frame);
        bits.take_accessed(frame);
        shift(frame, kTopBit);
        insert_in_order(frame);
    }
}

bool Aging::check_invariants() const {
    if (!check_lists(order_, fresh_, recent_)) {
        return false;
    }
    std::uint32_t lowest = 0;
    for (FrameIndex frame = order_.front(); frame != kNoFrame; frame = records()[frame].next) {
        if (records()[frame].word < lowest) {
            return false;  // I1
        }
        lowest = records()[frame].word;
    }
    return true;
}

}  // namespace mm
