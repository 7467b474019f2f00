// Disks that refuse, forget or fill up: who loses what, and that nobody else does.
#include <gtest/gtest.h>

#include <vector>

#include "mm/residency/residency_fixture_test.hpp"

namespace mm {
namespace {

using host::Use;

class ResidencyFailuresTest : public ResidencyTest {
  protected:
    using Outcome = host::SwapDisk::Outcome;

    void make_unwritable() {
        for (std::uint32_t slot = 0; slot < 128; ++slot) {
            world->disk.unusable.insert(slot);
        }
    }
    void expect_lost(Program& owner, PageCount index) {
        EXPECT_EQ(world->reach(owner, page(index), Use::kRead), nullptr) << "page " << index;
        EXPECT_EQ(owner.outcome, FaultOutcome::kLost);
    }
};

TEST_F(ResidencyFailuresTest, pages_that_cannot_be_written_stay_and_their_slots_are_never_used_again) {
    begin(4);
    make_unwritable();
    world->evict_everything();
    EXPECT_EQ(program->space.stored_pages(), 4u);
    EXPECT_EQ(state_of(slot_of(*program, 0)), SlotState::kStranded);
    world->audit();
    const std::uint32_t total = world->residency().slots().total();
    for (PageCount i = 0; i < 4; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
    EXPECT_EQ(world->disk.reads, 0u);
    EXPECT_EQ(world->residency().slots().total(), total - 4);
    world->audit();
    world->disk.unusable.clear();
    world->evict_everything();
    EXPECT_EQ(read(3), 13u);
    EXPECT_EQ(figures().lost, 0u);
}

TEST_F(ResidencyFailuresTest, a_stranded_page_serves_all_who_share_it) {
    begin(2);
    fork();
    make_unwritable();
    world->evict_everything();
    EXPECT_TRUE(write_child(0, 90));
    world->audit();
    EXPECT_EQ(read(0), 10u);
    EXPECT_EQ(read(1), 11u);
    world->audit();
    EXPECT_EQ(read_child(1), 11u);
    EXPECT_EQ(read_child(0), 90u);
}

TEST_F(ResidencyFailuresTest, a_stranded_page_of_an_object) {
    begin_shared(2);
    make_unwritable();
    world->evict_everything();
    EXPECT_EQ(object->stored_pages(), 2u);
    world->audit();
    EXPECT_TRUE(write(1, 91));
    EXPECT_EQ(read(0), 10u);
    ASSERT_TRUE(object->resize(0));
    EXPECT_EQ(world->residency().slots().used(), 0u);
}

TEST_F(ResidencyFailuresTest, a_stranded_page_ends_with_its_owner) {
    begin(3);
    make_unwritable();
    world->evict_everything();
    ASSERT_NE(world->machine.account().frames_of(FrameOwner::kWriting), 0u);
    ASSERT_TRUE(program->space.unmap(pages(0, 3)));
    EXPECT_EQ(world->machine.account().frames_of(FrameOwner::kWriting), 0u);
    EXPECT_EQ(world->residency().slots().used(), 0u);
}

TEST_F(ResidencyFailuresTest, a_page_whose_owner_ends_before_its_write_fails) {
    begin(40);
    while (world->disk.transfers().empty()) {
        std::vector<OwnedFrame> taken;
        while (auto frame = world->machine.frame_for_page(FrameOwner::kExercise, 0)) {
            taken.push_back(std::move(*frame));
        }
        world->residency().balance();
    }
    const std::uint32_t total = world->residency().slots().total();
    const std::size_t count = world->disk.transfers()[0].frames.size();
    end(program);
    world->disk.finish(0, Outcome::kFailed);
    EXPECT_EQ(world->residency().slots().total(), total - count);
    world->audit();
}

TEST_F(ResidencyFailuresTest, an_unreadable_page_is_lost_for_exactly_those_who_have_it) {
    begin(3);
    fork();
    world->evict_everything();
    const SlotNumber bad = slot_of(*program, 1);
    world->disk.unusable.insert(bad.value());
    expect_lost(*program, 1);
    expect_lost(*child, 1);
    expect_lost(*program, 1);
    ASSERT_EQ(world->disk.losses.size(), 1u);
    EXPECT_EQ(world->disk.losses[0], std::pair(bad, BackingStore::Loss::kUnreadable));
    EXPECT_EQ(figures().lost, 1u);
    for (const PageCount i : {0U, 2U}) {
        EXPECT_EQ(read(i), 10 + i);
        EXPECT_EQ(read_child(i), 10 + i);
    }
    world->audit();
    ASSERT_TRUE(program->space.unmap(pages(1, 2)));
    EXPECT_EQ(state_of(bad), SlotState::kLost);
    end(child);
    EXPECT_NE(state_of(bad), SlotState::kLost);
}

TEST_F(ResidencyFailuresTest, of_pages_read_together_only_the_unreadable_one_is_lost) {
    begin(16);
    world->evict_everything();
    world->disk.unusable.insert(slot_of(*program, 9).value());
    for (PageCount i = 0; i < 16; ++i) {
        if (i == 9) {
            expect_lost(*program, i);
        } else {
            EXPECT_EQ(read(i), 10 + i);
        }
    }
    EXPECT_EQ(figures().lost, 1u);
}

TEST_F(ResidencyFailuresTest, a_page_that_comes_back_changed_is_lost) {
    begin(4);
    world->evict_everything();
    const SlotNumber changed = slot_of(*program, 2);
    world->disk.corrupt(changed);
    for (const PageCount i : {0U, 1U, 3U}) {
        EXPECT_EQ(read(i), 10 + i);
    }
    expect_lost(*program, 2);
    ASSERT_EQ(world->disk.losses.size(), 1u);
    EXPECT_EQ(world->disk.losses[0], std::pair(changed, BackingStore::Loss::kChanged));
    // What is lost can be discarded; new contents are as good as any.
    ASSERT_TRUE(program->space.discard(pages(2, 3)));
    EXPECT_TRUE(write(2, 55));
    world->evict_everything();
    EXPECT_EQ(read(2), 55u);
}

TEST_F(ResidencyFailuresTest, a_lost_page_of_an_object) {
    begin_shared(3);
    fork();
    world->evict_everything();
    object->for_each_stored([&, index = 0](SlotNumber slot) mutable {
        if (index++ == 1) {
            world->disk.unusable.insert(slot.value());
        }
    });
    expect_lost(*program, 1);
    expect_lost(*child, 1);
    EXPECT_EQ(read_child(2), 12u);
    ASSERT_FALSE(object->frame_for_write(1));
    EXPECT_EQ(object->frame_for_write(1).error(), Error::kBadInput);
    object->discard(1, 2);
    world->audit();
    EXPECT_EQ(read(1), 0u);
}

TEST_F(ResidencyFailuresTest, a_lost_page_stands_in_the_way_of_bringing_all_back) {
    begin(3);
    world->evict_everything();
    world->disk.corrupt(slot_of(*program, 1));
    world->residency().drain();
    Result<void> back = program->space.restore_all();
    for (; !back && back.error() == Error::kWouldWait; back = program->space.restore_all()) {
        ASSERT_TRUE(world->work_on());
    }
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error(), Error::kBadInput);
    world->residency().stop_draining();
    EXPECT_EQ(read(2), 12u);
}

TEST_F(ResidencyFailuresTest, a_full_disk_is_a_shortage_of_memory_and_passes) {
    begin(1, 64, 9);
    ASSERT_TRUE(program->space.map({.address = page(1), .page_count = 99, .protection = kReadWrite}));
    PageCount count = 1;
    while (write(count, 100 + count)) {
        ASSERT_LT(++count, 99u);
    }
    EXPECT_EQ(program->outcome, FaultOutcome::kNoMemory);
    EXPECT_EQ(world->residency().slots().used(), 8u);
    EXPECT_FALSE(world->residency().wants_balance());
    world->audit();
    for (PageCount i = 1; i < count; ++i) {
        if (const auto value = read(i)) {  // Those on the disk have no room to come.
            EXPECT_EQ(value, 100 + i);
        } else {
            EXPECT_EQ(program->outcome, FaultOutcome::kNoMemory);
        }
    }
    // Slots that are free again are room again.
    ASSERT_EQ(program->space.stored_pages(), 8u);
    PageCount stored = 0;
    for (PageCount i = 0; i < count && stored < 4; ++i) {
        const PageCount before = program->space.stored_pages();
        if (!program->space.frame_at(page(i))) {
            ASSERT_TRUE(program->space.discard(pages(i, i + 1)));
            stored += before - program->space.stored_pages();
        }
    }
    ASSERT_EQ(stored, 4u);
    EXPECT_TRUE(write(count, 7));
    world->audit();
}

TEST_F(ResidencyFailuresTest, slots_that_only_repeat_what_is_in_memory_make_room) {
    begin(6, 64, 7);
    world->evict_everything();
    ASSERT_EQ(world->residency().slots().used(), 6u);
    for (PageCount i = 0; i < 6; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
    EXPECT_EQ(world->residency().slots().used(), 6u);
    ASSERT_TRUE(program->space.map({.address = page(6), .page_count = 3, .protection = kReadWrite}));
    for (PageCount i = 0; i < 3; ++i) {
        EXPECT_TRUE(write(i, 20 + i));
    }
    world->evict_everything();
    world->audit();
    for (PageCount i = 0; i < 6; ++i) {
        EXPECT_EQ(read(i), (i < 3 ? 20 : 10) + i);
    }
}

TEST_F(ResidencyFailuresTest, a_shortage_that_leaves_some_frames_asks_for_nothing_more) {
    begin(1, 64, 2);
    ASSERT_TRUE(program->space.map({.address = page(1), .page_count = 99, .protection = kReadWrite}));
    for (PageCount i = 1; world->machine.free_frames() > world->residency().watermarks().reserve + 2; ++i) {
        ASSERT_TRUE(write(i, i));
    }
    world->residency().balance();
    world->disk.finish_all();
    world->residency().balance();
    // One page has left, no other can, and that is known: nobody tries again at every turn.
    EXPECT_EQ(world->residency().slots().used(), 1u);
    EXPECT_FALSE(world->residency().wants_balance());
    EXPECT_TRUE(write(98, 98));  // There is no reason yet to fail.
    ASSERT_TRUE(program->space.unmap(pages(0, 90)));
    world->audit();
}

TEST_F(ResidencyFailuresTest, a_frame_that_is_not_to_be_had_at_any_moment_costs_no_page) {
    constexpr PageCount kCount = 40;
    std::uint32_t failing = 1;
    for (bool is_reached = true; is_reached; ++failing) {
        world = std::make_unique<World>(44, 128, failing);
        // Whoever is refused tries again: it is only this once.
        const auto until = [](auto attempt) {
            for (int tries = 0; !attempt(); ++tries) {
                ASSERT_LT(tries, 50);
            }
        };
        const auto store = [&](Program& its, PageCount i, unsigned value) {
            until([&] {
                if (its.write(page(i), value)) {
                    return true;
                }
                static_cast<void>(world->work_on());
                return false;
            });
        };
        until([&] { return (program = world->make_program()) != nullptr; });
        const VirtAddr far = page(5000);  // In another table.
        ASSERT_TRUE(program->space.map({.address = kArena, .page_count = kCount, .protection = kReadWrite}));
        ASSERT_TRUE(program->space.map({.address = far, .page_count = 1, .protection = kReadWrite}));
        for (PageCount i = 0; i < kCount; ++i) {
            store(*program, i, i);
        }
        until([&] {
            child = world->make_program();
            if (child == nullptr) {
                return false;
            }
            const bool is_forked = program->space.fork_into(child->space).has_value();
            if (!is_forked) {
                end(child);
            }
            return is_forked;
        });
        for (PageCount i = 0; i < kCount; i += 3) {
            store(*child, i, 100 + i);
        }
        store(*child, 5000, 1);
        world->audit();
        for (PageCount i = 0; i < kCount; ++i) {
            EXPECT_EQ(read(i), i);
            EXPECT_EQ(read_child(i), i % 3 == 0 ? 100 + i : i);
        }
        is_reached = world->machine.frame_requests() >= failing;
        end(child);
        end(program);
        world->audit();
    }
    EXPECT_GT(failing, 20u);
}

TEST_F(ResidencyFailuresTest, a_busy_disk_is_asked_again_when_it_has_done_something) {
    begin(1);
    world->disk.most_transfers = 1;
    ASSERT_TRUE(program->space.map({.address = page(1), .page_count = 99, .protection = kReadWrite}));
    for (int round = 0; round < 3; ++round) {
        for (PageCount i = 0; i < 100; i += 2) {
            ASSERT_TRUE(write(i, 100 + i));
        }
        for (PageCount i = 0; i < 100; i += 7) {
            EXPECT_EQ(read(i), i % 2 == 0 ? 100 + i : 0);
        }
        world->audit();
    }
}

TEST_F(ResidencyFailuresTest, the_page_that_was_asked_for_outlives_those_read_ahead_of_it) {
    begin(100);
    world->evict_everything();
    for (PageCount i = 0; i < 31; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
    // A cluster of many: when it has come, others take frames before the one who waits gets to run.
    ASSERT_EQ(program->reach(page(31), Use::kRead), nullptr);
    while (world->disk.transfers().empty() || world->disk.transfers()[0].frames.size() == 1) {
        ASSERT_TRUE(world->work_on());
        ASSERT_EQ(program->reach(page(31), Use::kRead), nullptr);
    }
    world->disk.finish_all();
    const FrameCount pool = world->residency().pool_frames();
    std::vector<OwnedFrame> taken;
    while (world->residency().pool_frames() > pool - 1) {
        auto frame = world->machine.frame_for_page(FrameOwner::kExercise, 0);
        ASSERT_TRUE(frame);
        taken.push_back(std::move(*frame));
    }
    EXPECT_EQ(program->read(page(31)), 41u);
}

}  // namespace
}  // namespace mm
