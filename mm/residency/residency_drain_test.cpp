// How all pages come back before a disk is given up, and what stands in the way.
#include <gtest/gtest.h>

#include <vector>

#include "mm/residency/residency_fixture_test.hpp"

namespace mm {
namespace {

using ResidencyDrainTest = ResidencyTest;

TEST_F(ResidencyDrainTest, everything_comes_back_while_nothing_leaves) {
    begin(20);
    fork();
    ASSERT_TRUE(program->space.protect(pages(0, 2), protection::kNone));
    world->evict_everything();
    world->residency().drain();
    for (Program* const each : {program.get(), child.get()}) {
        Result<void> back = each->space.restore_all();
        for (; !back && back.error() == Error::kWouldWait; back = each->space.restore_all()) {
            ASSERT_TRUE(world->work_on());
        }
        EXPECT_TRUE(back);
        EXPECT_EQ(each->space.stored_pages(), 0u);
    }
    EXPECT_TRUE(world->residency().release_spare_slots());
    EXPECT_EQ(world->residency().slots().used(), 0u);
    world->audit();
    EXPECT_EQ(read(7), 17u);
    world->residency().stop_draining();
    world->evict_everything();
    EXPECT_EQ(read(7), 17u);
    ASSERT_TRUE(program->space.protect(pages(0, 2), kReadWrite));
    EXPECT_EQ(read(0), 10u);
}

TEST_F(ResidencyDrainTest, while_nothing_leaves_a_page_waits_for_frames_that_are_still_being_written) {
    begin(20);
    std::vector<OwnedFrame> taken;
    while (auto frame = world->machine.frame_for_page(FrameOwner::kExercise, 0)) {
        taken.push_back(std::move(*frame));
    }
    world->residency().balance();
    ASSERT_FALSE(world->disk.transfers().empty());
    world->residency().drain();
    ASSERT_FALSE(program->space.restore_all());
    EXPECT_EQ(program->space.restore_all().error(), Error::kWouldWait);
    world->disk.finish_all();
    while (auto frame = world->machine.frame_for_page(FrameOwner::kExercise, 0)) {
        taken.push_back(std::move(*frame));
    }
    EXPECT_EQ(program->space.restore_all().error(), Error::kNoMemory);
}

TEST_F(ResidencyDrainTest, what_does_not_fit_does_not_come_back) {
    begin(100);
    world->residency().drain();
    Result<void> back = program->space.restore_all();
    for (; !back && back.error() == Error::kWouldWait; back = program->space.restore_all()) {
        ASSERT_TRUE(world->work_on());
    }
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error(), Error::kNoMemory);
    EXPECT_FALSE(world->residency().release_spare_slots());
    world->audit();
    world->residency().stop_draining();
    for (PageCount i = 0; i < 100; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
}

}  // namespace
}  // namespace mm
