// Every way that a page takes between memory and a disk that does what it is told.
#include "mm/residency/residency.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mm/residency/residency_fixture_test.hpp"

namespace mm {
namespace {

using host::Use;

TEST_F(ResidencyTest, pages_leave_and_come_back) {  // E9
    begin(12);
    world->evict_everything();
    EXPECT_EQ(program->space.stored_pages(), 12u);
    EXPECT_EQ(program->space.resident().anonymous, 0u);
    EXPECT_EQ(figures().evictions, 12u);
    EXPECT_EQ(figures().pages_out, 12u);
    world->audit();
    for (PageCount i = 0; i < 12; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
    EXPECT_EQ(program->space.stored_pages(), 0u);
}

TEST_F(ResidencyTest, neighbours_are_written_together) {
    begin(12);
    world->evict_everything();
    EXPECT_EQ(world->disk.writes, 1u);
    EXPECT_EQ(figures().writes, 1u);
}

TEST_F(ResidencyTest, what_is_unchanged_leaves_without_a_write) {
    begin(4);
    world->evict_everything();
    for (PageCount i = 0; i < 4; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
    world->audit();
    EXPECT_TRUE(write(2, 99));
    world->evict_everything();
    EXPECT_EQ(figures().clean_evictions, 3u);
    EXPECT_EQ(figures().pages_out, 5u);
    EXPECT_EQ(read(2), 99u);
    EXPECT_EQ(read(3), 13u);
}

TEST_F(ResidencyTest, a_page_still_in_the_pool_comes_back_without_a_read) {
    begin(40);  // More than fits: some have left, and the last of those are in the pool.
    world->residency().balance();
    world->disk.finish_all();
    ASSERT_NE(world->residency().pool_frames(), 0u);
    world->audit();
    PageCount in_pool = 40;
    program->space.page_tables().for_each_used_page(
        page(0), page(39), [&](VirtAddr at, const Mapping& mapping) {
            if (mapping.flags.has(page_flags::kStored) &&
                state_of(SlotNumber(mapping.frame.value())) == SlotState::kInPool) {
                in_pool = at.page() - kArena.page();
            }
        });
    ASSERT_NE(in_pool, 40u);
    const unsigned reads = world->disk.reads;
    const std::uint32_t hits = figures().pool_hits;
    EXPECT_EQ(program->read(page(in_pool)), 10 + in_pool);
    EXPECT_EQ(world->disk.reads, reads);
    EXPECT_EQ(figures().pool_hits, hits + 1);
}

TEST_F(ResidencyTest, a_page_that_was_read_is_no_hit_of_the_pool) {
    begin(4);
    world->evict_everything();
    EXPECT_EQ(read(0), 10u);
    EXPECT_EQ(figures().pool_hits, 0u);
}

TEST_F(ResidencyTest, a_page_is_written_once_however_many_share_it) {
    begin(3);
    fork();
    world->evict_everything();
    EXPECT_EQ(figures().pages_out, 3u);
    EXPECT_EQ(world->residency().slots().used(), 3u);
    EXPECT_EQ(slot_of(*program, 1), slot_of(*child, 1));
    EXPECT_EQ(world->residency().slots()[slot_of(*child, 1)].references, 2u);
    world->audit();
    EXPECT_EQ(read_child(1), 11u);
    EXPECT_EQ(read(1), 11u);
    EXPECT_EQ(figures().pages_in, 1u);
    EXPECT_EQ(program->space.frame_at(page(1)), child->space.frame_at(page(1)));
    world->audit();
}

TEST_F(ResidencyTest, whoever_writes_to_a_shared_page_gets_one_of_its_own) {
    begin(3);
    fork();
    world->evict_everything();
    EXPECT_TRUE(write_child(0, 70));  // The other one still is on the disk,
    world->audit();
    EXPECT_EQ(read(1), 11u);  // or is here already.
    EXPECT_TRUE(write_child(1, 71));
    world->audit();
    world->evict_everything();
    for (PageCount i = 0; i < 3; ++i) {
        EXPECT_EQ(read(i), 10 + i);
        EXPECT_EQ(read_child(i), i < 2 ? 70 + i : 12u);
    }
}

TEST_F(ResidencyTest, a_page_that_one_has_changed_leaves_the_others_what_the_disk_has) {
    begin(1);
    fork();
    world->evict_everything();
    const SlotNumber slot = slot_of(*program, 0);
    EXPECT_EQ(read(0), 10u);
    end(child);
    EXPECT_EQ(state_of(slot), SlotState::kMapped);
    EXPECT_TRUE(write(0, 30));
    fork();
    world->evict_everything();
    EXPECT_TRUE(write(0, 31));
    world->evict_everything();
    EXPECT_EQ(read_child(0), 30u);
    EXPECT_EQ(read(0), 31u);
}

TEST_F(ResidencyTest, a_page_forked_on_the_disk_ends_with_its_last_owner) {
    begin(2);
    world->evict_everything();
    fork();
    EXPECT_EQ(child->space.stored_pages(), 2u);
    world->audit();
    end(program);
    world->audit();
    EXPECT_EQ(world->residency().slots().used(), 2u);
    EXPECT_EQ(read_child(0), 10u);
    end(child);
    EXPECT_EQ(world->residency().slots().used(), 0u);
}

TEST_F(ResidencyTest, a_slot_with_as_many_references_as_it_can_count_gets_no_more) {
    begin(1);
    fork();
    world->evict_everything();
    const SlotNumber slot = slot_of(*child, 0);
    EXPECT_EQ(read(0), 10u);
    SlotRecord& record = world->residency().slots()[slot];
    record.references = kMostReferences;  // As if there were so many children.
    auto sibling = world->make_program();
    EXPECT_EQ(child->space.fork_into(sibling->space).error(), Error::kNoMemory);
    world->end(std::move(sibling));
    world->evict_everything();
    EXPECT_EQ(record.references, kMostReferences);
    EXPECT_NE(slot_of(*program, 0), slot);
    record.references = 1;
    world->audit();
    EXPECT_EQ(read(0), 10u);
    EXPECT_EQ(read_child(0), 10u);
}

TEST_F(ResidencyTest, pages_in_a_row_are_read_ahead) {
    begin(16);
    world->evict_everything();
    const unsigned reads = world->disk.reads;
    for (PageCount i = 0; i < 16; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
    EXPECT_EQ(figures().pages_in, 16u);
    EXPECT_LE(world->disk.reads - reads, 6u);  // 1, 2, 4, 8 and what is left.
}

TEST_F(ResidencyTest, pages_here_and_there_are_read_alone) {
    begin(16);
    world->evict_everything();
    for (const PageCount i : {9U, 3U, 14U, 0U}) {
        EXPECT_EQ(read(i), 10 + i);
    }
    EXPECT_EQ(figures().pages_in, 4u);
}

TEST_F(ResidencyTest, a_page_that_goes_while_it_is_read) {
    begin(3);
    world->evict_everything();
    begin_read(*program, 0);
    ASSERT_TRUE(program->space.unmap(pages(0, 1)));
    world->audit();
    world->disk.finish_all();
    world->audit();
    EXPECT_EQ(world->residency().slots().used(), 2u);
    EXPECT_EQ(read(1), 11u);
}

TEST_F(ResidencyTest, a_page_that_goes_while_it_is_written) {
    begin(30);
    while (world->disk.transfers().empty()) {
        ASSERT_TRUE(program->space.unmap(pages(0, 1)));
        ASSERT_TRUE(program->space.map({.address = kArena, .page_count = 1, .protection = kReadWrite}));
        std::vector<OwnedFrame> taken;
        while (auto frame = world->machine.frame_for_page(FrameOwner::kExercise, 0)) {
            taken.push_back(std::move(*frame));
        }
        world->residency().balance();
    }
    ASSERT_NE(world->machine.account().frames_of(FrameOwner::kWriting), 0u);
    end(program);
    world->audit();
    ASSERT_NE(world->residency().slots().used(), 0u);
    world->disk.finish_all();
    EXPECT_EQ(world->residency().slots().used(), 0u);
    world->audit();
}

TEST_F(ResidencyTest, a_fork_while_a_page_is_in_flight) {
    begin(3);
    world->evict_everything();
    begin_read(*program, 1);
    fork();
    world->audit();
    world->disk.finish_all();
    EXPECT_TRUE(write(1, 50));
    EXPECT_EQ(read_child(1), 11u);
    EXPECT_EQ(read(1), 50u);
    world->audit();
}

TEST_F(ResidencyTest, pages_on_the_disk_move_with_their_region) {
    begin(4);
    fork();
    world->evict_everything();
    const auto moved = program->space.remap(pages(0, 4), 8, RemapPlacement::kFixed, page(100));
    ASSERT_TRUE(moved);
    world->audit();
    EXPECT_EQ(read_child(1), 11u);  // Now it is at one place, and not at the other.
    for (PageCount i = 0; i < 4; ++i) {
        EXPECT_EQ(read(100 + i), 10 + i);
    }
    world->audit();
    EXPECT_TRUE(write(101, 44));
    world->evict_everything();
    EXPECT_EQ(read(101), 44u);
    EXPECT_EQ(read_child(1), 11u);
}

TEST_F(ResidencyTest, rights_change_while_pages_are_on_the_disk) {
    begin(4);
    world->evict_everything();
    ASSERT_TRUE(program->space.protect(pages(0, 4), protection::kNone));
    EXPECT_EQ(program->reach(page(0), Use::kRead), nullptr);
    EXPECT_EQ(program->outcome, FaultOutcome::kForbidden);
    EXPECT_EQ(program->space.stored_pages(), 4u);
    ASSERT_TRUE(program->space.protect(pages(0, 4), protection::kRead));
    EXPECT_EQ(read(0), 10u);
    EXPECT_EQ(program->reach(page(0), Use::kWrite), nullptr);
    EXPECT_EQ(program->outcome, FaultOutcome::kForbidden);
    ASSERT_TRUE(program->space.protect(pages(0, 4), kReadWrite));
    EXPECT_TRUE(write(0, 77));
    world->evict_everything();
    EXPECT_EQ(read(0), 77u);
}

TEST_F(ResidencyTest, pages_that_nobody_may_use_leave_like_others) {
    begin(4);
    ASSERT_TRUE(program->space.protect(pages(0, 4), protection::kNone));
    world->evict_everything();
    EXPECT_EQ(program->space.stored_pages(), 4u);
    ASSERT_TRUE(program->space.protect(pages(0, 4), kReadWrite));
    for (PageCount i = 0; i < 4; ++i) {
        EXPECT_EQ(read(i), 10 + i);
    }
}

TEST_F(ResidencyTest, discarded_pages_leave_the_disk) {
    begin(4);
    world->evict_everything();
    ASSERT_TRUE(program->space.discard(pages(1, 3)));
    EXPECT_EQ(world->residency().slots().used(), 2u);
    EXPECT_EQ(read(1), 0u);
    EXPECT_EQ(read(3), 13u);
}

TEST_F(ResidencyTest, pages_of_objects_leave_every_space_and_come_back) {
    begin_shared(6);
    fork();
    EXPECT_EQ(read_child(5), 15u);
    world->evict_everything();
    EXPECT_EQ(object->stored_pages(), 6u);
    EXPECT_EQ(object->resident_pages(), 0u);
    EXPECT_EQ(program->space.resident().shared, 0u);
    world->audit();
    EXPECT_TRUE(write_child(2, 60));
    EXPECT_EQ(read(2), 60u);
    world->evict_everything();
    EXPECT_EQ(figures().pages_out, 7u);
    EXPECT_EQ(read(2), 60u);
    EXPECT_EQ(read_child(3), 13u);
}

TEST_F(ResidencyTest, what_is_written_to_a_file_between_evictions_is_not_forgotten) {
    begin_shared(2);
    world->evict_everything();
    EXPECT_EQ(read(0), 10u);
    world->audit();
    const Result<FrameNumber> frame = object->frame_for_write(0);
    ASSERT_TRUE(frame);
    world->machine.paged.memory.raw(*frame)[0] = std::byte{80};
    world->audit();
    world->evict_everything();
    EXPECT_EQ(read(0), 80u);
    // And by a mapping that is gone when the page leaves.
    EXPECT_TRUE(write(0, 81));
    ASSERT_TRUE(program->space.unmap(pages(0, 2)));
    world->audit();
    world->evict_everything();
    while (!object->frame_for_read(0)) {
        ASSERT_TRUE(world->work_on());
    }
    EXPECT_EQ(world->machine.paged.memory.raw(**object->frame_for_read(0))[0], std::byte{81});
}

TEST_F(ResidencyTest, a_file_gets_shorter_while_its_pages_are_on_the_disk_or_on_their_way) {
    begin_shared(4);
    world->evict_everything();
    begin_read(*program, 3);
    ASSERT_TRUE(object->resize(2));
    world->audit();
    world->disk.finish_all();
    EXPECT_EQ(world->residency().slots().used(), 2u);
    EXPECT_EQ(program->reach(page(3), Use::kRead), nullptr);
    EXPECT_EQ(program->outcome, FaultOutcome::kBeyondObject);
    ASSERT_TRUE(object->resize(4));
    EXPECT_EQ(read(3), 0u);
    EXPECT_EQ(read(1), 11u);
}

TEST_F(ResidencyTest, another_policy_takes_over_what_is_there) {
    begin(30);
    for (std::size_t kind = 0; kind < kReplacementNames.size(); ++kind) {
        world->set_policy(static_cast<ReplacementKind>(kind));
        world->audit();
        EXPECT_STREQ(world->residency().policy()->name(), kReplacementNames[kind]);
        EXPECT_TRUE(write(static_cast<PageCount>(kind), 100 + static_cast<unsigned>(kind)));
        world->evict_everything();
    }
    for (PageCount i = 0; i < 30; ++i) {
        EXPECT_EQ(read(i), (i < kReplacementNames.size() ? 100 : 10) + i);
    }
}

}  // namespace
}  // namespace mm
