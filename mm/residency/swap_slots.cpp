#include "mm/residency/swap_slots.hpp"

#include "mm/core/panic.hpp"

namespace mm {

SwapSlots::SwapSlots(std::span<SlotRecord> records, std::uint32_t usable_begin)
    : records_(records), begin_(usable_begin), next_(usable_begin) {
    for (SlotRecord& record : records_) {
        record = {};
    }
}

std::optional<SlotNumber> SwapSlots::take() {
    if (used_ >= total()) {
        return std::nullopt;
    }
    while (records_[next_].state != SlotState::kFree) {
        next_ = next_ + 1 < limit() ? next_ + 1 : begin_;
    }
    const SlotNumber slot(next_);
    next_ = next_ + 1 < limit() ? next_ + 1 : begin_;
    records_[slot.value()] = {.state = SlotState::kOnDisk};
    ++used_;
    return slot;
}

void SwapSlots::give_back(SlotNumber slot, End end) {
    SlotRecord& record = records_[slot.value()];
    expect(record.state != SlotState::kFree && record.state != SlotState::kBad,
           "swap slots: given back twice");
    expect(record.references == 0 && record.frame == 0, "swap slots: one that is in use was given back");
    if (end == End::kRetired) {
        record = {.state = SlotState::kBad};
        ++bad_;
    } else {
        record = {};
    }
    --used_;
}

bool SwapSlots::check_invariants() const {
    std::uint32_t used = 0;
    for (std::uint32_t slot = 0; slot < limit(); ++slot) {
        const SlotRecord& record = records_[slot];
        if (record.state == SlotState::kFree || record.state == SlotState::kBad) {
            if (record.references != 0 || record.frame != 0) {
                return false;
            }
        } else if (slot < begin_) {
            return false;
        }
        used += record.state != SlotState::kFree && record.state != SlotState::kBad ? 1 : 0;
    }
    return used == used_;
}

}  // namespace mm
