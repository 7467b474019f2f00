// Long random runs of several programs with less memory than they use; see residency_model_test.hpp.
#include "mm/residency/residency_model_test.hpp"

#include <gtest/gtest.h>

namespace mm {
namespace {

struct Course {
    std::uint32_t seed;
    FrameCount frames;
    std::uint32_t slots;
    DiskMood mood;
    int steps;
};

class ResidencyModelTest : public testing::TestWithParam<Course> {};

TEST_P(ResidencyModelTest, programs_see_what_they_wrote) {  // E2
    const Course& run = GetParam();
    SwapModel model(run.seed, std::make_unique<host::SwapWorld>(run.frames, run.slots), run.mood);
    model.run(run.steps);
    const auto& counts = model.counts();
    RecordProperty("accesses", static_cast<int>(counts.reads + counts.writes));
    const ResidencyFigures& figures = model.world().residency().figures();
    // The run has seen what it is about.
    EXPECT_GT(counts.reads, 50u);
    EXPECT_GT(counts.writes, 50u);
    EXPECT_GT(counts.forks, 10u);
    EXPECT_GT(figures.evictions, 50u);
    EXPECT_GT(figures.clean_evictions, 3u);
    EXPECT_GT(figures.pages_in, 10u);
    EXPECT_GT(figures.pool_hits, 5u);
    EXPECT_EQ(figures.lost != 0, run.mood == DiskMood::kFailing);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ResidencyModelTest,
                         testing::Values(Course{1, 48, 256, DiskMood::kSound, 3000},
                                         Course{2, 40, 256, DiskMood::kSound, 3000},
                                         Course{3, 52, 256, DiskMood::kSound, 3000},
                                         Course{4, 48, 24, DiskMood::kSound, 3000},
                                         Course{5, 48, 1000, DiskMood::kFailing, 3000},
                                         Course{6, 44, 400, DiskMood::kFailing, 3000}));

}  // namespace
}  // namespace mm
