#include "mm/exercise/exercise.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "mm/exercise/host_world_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {

/// How RapidCheck prints a failing sequence.
inline std::ostream& operator<<(std::ostream& out, const ExerciseStep& step) {
    return out << "{" << step.slot << ", " << step.choice << ", " << step.size << "}";
}

namespace {

/// Memory for all that the slots want, and so little that requests are refused all the time.
constexpr FrameCount kPlenty = 600;
constexpr FrameCount kScarce = 90;
constexpr std::size_t kSlots = 192;

/// The steps of the long random runs, PRIMITIVE_EXERCISE_STEPS if that is set.
std::uint64_t long_run_steps() {
    const char* const wanted = std::getenv("PRIMITIVE_EXERCISE_STEPS");
    return wanted == nullptr ? 2'000'000 : std::strtoull(wanted, nullptr, 10);
}

/// The first thing found wrong in `steps` random steps, as a text; a panic on the way counts as found.
std::string fault_of(HostWorld& world, std::uint32_t seed, std::uint64_t steps) {
    std::vector<ExerciseSlot> slots(kSlots);
    Exercise<HostWorld> exercise(world, slots);
    try {
        exercise.run(seed, steps);
        const ExerciseReport report = exercise.finish();
        return report.fault == nullptr ? "nothing" : report.fault;
    } catch (const host::Panic& panic) {
        return std::string("panic: ") + panic.what();
    }
}

class LongExercise : public testing::TestWithParam<FrameCount> {};
INSTANTIATE_TEST_SUITE_P(Memory, LongExercise, testing::Values(kPlenty, kScarce));

TEST_P(LongExercise, a_long_random_run_finds_nothing) {  // B6 C1 D1 D2 D3 E2
    HostWorld world(GetParam());
    std::vector<ExerciseSlot> slots(kSlots);
    Exercise<HostWorld> exercise(world, slots);
    exercise.run(20, long_run_steps());
    const ExerciseReport report = exercise.finish();
    EXPECT_EQ(report.fault, nullptr) << report.fault << " at step " << report.fault_step;
    EXPECT_EQ(report.steps, long_run_steps());
    // Everything happened, and often.
    const std::uint64_t often = report.steps / 10;
    EXPECT_GT(report.frames_taken, often);
    EXPECT_GT(report.pages_mapped, often);
    EXPECT_EQ(report.pages_unmapped, report.pages_mapped);
    EXPECT_GT(report.blocks_allocated, often);
    EXPECT_EQ(report.refusals > 0, GetParam() == kScarce);
}

TEST(Exercise, the_same_seed_does_the_same) {
    ExerciseReport reports[2];
    for (ExerciseReport& report : reports) {
        HostWorld world(kScarce);
        std::vector<ExerciseSlot> slots(kSlots);
        Exercise<HostWorld> exercise(world, slots);
        exercise.run(5, 5000);
        report = exercise.finish();
    }
    EXPECT_EQ(reports[0].blocks_allocated, reports[1].blocks_allocated);
    EXPECT_EQ(reports[0].refusals, reports[1].refusals);
    EXPECT_EQ(reports[0].pages_mapped, reports[1].pages_mapped);
}

// --- the exerciser finds what is planted ---

TEST(Exercise, finds_a_frame_that_is_handed_out_twice) {
    HostWorld world(kPlenty, Planted::kFrameHandedOutTwice);
    EXPECT_EQ(fault_of(world, 1, 20000), "a frame was handed out twice");
}

TEST(Exercise, finds_a_frame_that_leaks) {
    HostWorld world(kPlenty, Planted::kFrameLeaked);
    EXPECT_EQ(fault_of(world, 1, 20000), "the account has another number of frames out than were taken");
}

TEST(Exercise, finds_an_unmap_that_does_not_tell_the_tlb) {  // C5
    HostWorld world(kPlenty, Planted::kTlbNotTold);
    EXPECT_EQ(fault_of(world, 1, 20000), "a page does not show the frame that it was mapped to");
}

TEST(Exercise, finds_a_mapping_to_another_frame) {  // C1
    HostWorld world(kPlenty, Planted::kMappingToAnotherFrame);
    EXPECT_EQ(fault_of(world, 1, 20000), "a page does not show the frame that it was mapped to");
}

TEST(Exercise, finds_heap_blocks_that_overlap) {  // D1
    HostWorld world(kPlenty, Planted::kBlocksOverlap);
    EXPECT_EQ(fault_of(world, 1, 20000), "two heap blocks overlap");
}

TEST(Exercise, finds_a_heap_block_that_somebody_else_wrote_to) {
    HostWorld world(kPlenty, Planted::kBlockScribbledOn);
    EXPECT_EQ(fault_of(world, 1, 20000), "the contents of a heap block changed");
}

TEST(Exercise, finds_a_heap_block_that_is_never_taken_back) {  // D3
    HostWorld world(kPlenty, Planted::kBlockLeaked);
    EXPECT_EQ(fault_of(world, 1, 20000), "a frame leaked, or came from nowhere");
}

TEST(Exercise, finds_an_owner_that_is_written_down_wrong) {
    HostWorld world(kPlenty, Planted::kWrongOwner);
    EXPECT_EQ(fault_of(world, 1, 20000), "the audit found a contradiction");
}

TEST(Exercise, finds_a_frame_that_somebody_else_wrote_to) {
    HostWorld world(kPlenty, Planted::kFrameScribbledOn);
    EXPECT_NE(fault_of(world, 1, 20000).find("changed"), std::string::npos);
}

// --- generated sequences, which shrink ---

/// A step that RapidCheck makes and shrinks: towards slot 0, choice 0 and small sizes.
rc::Gen<ExerciseStep> any_step() {
    return rc::gen::build<ExerciseStep>(rc::gen::set(&ExerciseStep::slot, rc::gen::inRange(0U, 48U)),
                                        rc::gen::set(&ExerciseStep::choice),
                                        rc::gen::set(&ExerciseStep::size));
}

const char* fault_after(const std::vector<ExerciseStep>& steps, FrameCount frames, Planted planted) {
    HostWorld world(frames, planted);
    std::vector<ExerciseSlot> slots(48);
    Exercise<HostWorld> exercise(world, slots);
    for (const ExerciseStep& step : steps) {
        exercise.perform(step);
    }
    return exercise.finish().fault;
}

RC_GTEST_PROP(ExerciseProperty, no_sequence_of_steps_finds_anything, ()) {  // B6 C1 D1 D2 D3
    const auto steps = *rc::gen::scale(4.0, rc::gen::container<std::vector<ExerciseStep>>(any_step()));
    const auto frames = *rc::gen::inRange<FrameCount>(8, 200);
    RC_ASSERT(fault_after(steps, frames, Planted::kNothing) == nullptr);
}

TEST(Exercise, a_stale_translation_shows_when_its_page_is_mapped_again) {  // C5
    // Take a frame, map it, unmap it. Its frame goes to slot 1; another one is mapped at the same page.
    std::vector<ExerciseStep> steps = {{0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {1, 1, 0}, {0, 1, 0}, {0, 1, 0}};
    EXPECT_EQ(fault_after(steps, kPlenty, Planted::kNothing), nullptr);
    EXPECT_STREQ(fault_after(steps, kPlenty, Planted::kTlbNotTold),
                 "a page does not show the frame that it was mapped to");
    steps.pop_back();
    EXPECT_EQ(fault_after(steps, kPlenty, Planted::kTlbNotTold), nullptr);
}

}  // namespace
}  // namespace mm
