#include "mm/residency/swap_slots.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/host_panic.hpp"

namespace mm {
namespace {

class SwapSlotsTest : public testing::Test {
  protected:
    std::array<SlotRecord, 8> records{};
    SwapSlots slots{records, 2};
};

TEST_F(SwapSlotsTest, slots_come_in_a_row_and_never_from_the_head) {
    EXPECT_EQ(slots.total(), 6u);
    for (std::uint32_t i = 2; i < 8; ++i) {
        EXPECT_EQ(slots.take(), SlotNumber(i));
        EXPECT_EQ(records[i].state, SlotState::kOnDisk);
    }
    EXPECT_EQ(slots.take(), std::nullopt);
    EXPECT_EQ(slots.used(), 6u);
    EXPECT_TRUE(slots.check_invariants());
}

TEST_F(SwapSlotsTest, the_search_goes_on_behind_the_last_one_and_comes_round) {
    EXPECT_EQ(slots.take(), SlotNumber(2));
    EXPECT_EQ(slots.take(), SlotNumber(3));
    slots.give_back(SlotNumber(2));
    EXPECT_EQ(slots.take(), SlotNumber(4));
    for (const std::uint32_t next : {5U, 6U, 7U, 2U}) {
        EXPECT_EQ(slots.take(), SlotNumber(next));
    }
    EXPECT_EQ(slots.take(), std::nullopt);
}

TEST_F(SwapSlotsTest, a_slot_taken_again_remembers_nothing) {
    const SlotNumber slot = *slots.take();
    slots[slot].checksum = 17;
    slots[slot].read_alone = true;
    slots.give_back(slot);
    std::set<std::uint32_t> taken;
    while (const auto next = slots.take()) {
        EXPECT_TRUE(taken.insert(next->value()).second);
        EXPECT_EQ(slots[*next].checksum, 0u);
        EXPECT_FALSE(slots[*next].read_alone);
    }
    EXPECT_EQ(taken.size(), 6u);
}

TEST_F(SwapSlotsTest, a_retired_slot_is_never_given_again) {
    const SlotNumber slot = *slots.take();
    slots.give_back(slot, SwapSlots::End::kRetired);
    EXPECT_EQ(slots[slot].state, SlotState::kBad);
    EXPECT_EQ(slots.total(), 5u);
    EXPECT_EQ(slots.used(), 0u);
    for (int i = 0; i < 5; ++i) {
        EXPECT_NE(slots.take(), slot);
    }
    EXPECT_EQ(slots.take(), std::nullopt);
    EXPECT_TRUE(slots.check_invariants());
}

TEST_F(SwapSlotsTest, a_disk_whose_every_slot_is_retired_has_none) {
    while (const auto slot = slots.take()) {
        slots.give_back(*slot, SwapSlots::End::kRetired);
    }
    EXPECT_EQ(slots.total(), 0u);
    EXPECT_EQ(slots.used(), 0u);
    EXPECT_TRUE(slots.check_invariants());
}

TEST_F(SwapSlotsTest, what_is_in_use_or_was_given_back_cannot_be) {
    const SlotNumber slot = *slots.take();
    slots[slot].references = 1;
    EXPECT_THROW(slots.give_back(slot), host::Panic);
    slots[slot].references = 0;
    slots[slot].frame = 5;
    EXPECT_THROW(slots.give_back(slot), host::Panic);
    slots[slot].frame = 0;
    slots.give_back(slot);
    EXPECT_THROW(slots.give_back(slot), host::Panic);
    const SlotNumber bad = *slots.take();
    slots.give_back(bad, SwapSlots::End::kRetired);
    EXPECT_THROW(slots.give_back(bad), host::Panic);
}

TEST_F(SwapSlotsTest, the_check_finds_what_is_wrong) {
    const SlotNumber slot = *slots.take();
    const auto expect_found = [&](SlotRecord& record, const SlotRecord& wrong) {
        const SlotRecord was = std::exchange(record, wrong);
        EXPECT_FALSE(slots.check_invariants());
        record = was;
        EXPECT_TRUE(slots.check_invariants());
    };
    expect_found(slots[slot], {});
    expect_found(records[5], {.references = 1});
    expect_found(records[5], {.frame = 1});
    expect_found(records[5], {.state = SlotState::kOnDisk});
    expect_found(records[1], {.state = SlotState::kOnDisk});
}

}  // namespace
}  // namespace mm
