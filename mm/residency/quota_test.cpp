#include "mm/residency/quota.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Admission = ProgramShare::Admission;

ProgramShare share(std::uint64_t weight, FrameCount minimum, FrameCount maximum = kNoQuota) {
    ProgramShare program;
    program.weight = weight;
    program.facts.minimum = minimum;
    program.maximum = maximum;
    return program;
}

std::vector<FrameCount> quotas(const std::vector<ProgramShare>& programs) {
    std::vector<FrameCount> all;
    for (const ProgramShare& program : programs) {
        all.push_back(program.quota);
    }
    return all;
}

TEST(Quota, who_is_held_at_the_minimum_leaves_less_to_divide) {  // E3
    std::vector programs{share(1, 30), share(1, 0), share(2, 0)};
    EXPECT_EQ(share_out(100, programs), 1U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{30, 23, 46}));
}

TEST(Quota, who_is_held_at_the_maximum_leaves_more_to_divide) {
    std::vector programs{share(1, 0, 10), share(1, 0), share(2, 0)};
    EXPECT_EQ(share_out(100, programs), 0U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{10, 30, 60}));
}

TEST(Quota, a_minimum_met_only_after_a_second_division_is_kept) {
    // 100 / 3 suits the third until the first has taken its 60; then 20 is less than 25.
    std::vector programs{share(1, 60), share(1, 0), share(1, 25)};
    EXPECT_EQ(share_out(100, programs), 0U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{60, 15, 25}));
}

TEST(Quota, nobody_left_below_their_maximum_leaves_the_rest_over) {
    std::vector programs{share(1, 2, 10), share(5, 0, 20)};
    EXPECT_EQ(share_out(100, programs), 70U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{10, 20}));
    std::vector<ProgramShare> nobody;
    EXPECT_EQ(share_out(100, nobody), 100U);
}

TEST(Quota, no_weight_at_all_gives_the_minimums) {
    std::vector programs{share(0, 8), share(0, 9)};
    EXPECT_EQ(share_out(100, programs), 83U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{8, 9}));
}

TEST(Quota, who_came_last_is_refused_when_the_minimums_do_not_fit) {  // E3
    std::vector programs{share(1, 40), share(1, 40), share(1, 30), share(1, 20)};
    EXPECT_EQ(admit(100, programs), 100U);
    EXPECT_EQ(programs[1].admission, Admission::kAdmitted);
    EXPECT_EQ(programs[2].admission, Admission::kRefused);
    EXPECT_EQ(programs[3].admission, Admission::kAdmitted);
    EXPECT_EQ(share_out(100, programs), 0U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{40, 40, 0, 20}));
}

TEST(Quota, minimums_that_would_wrap_do_not) {
    std::vector programs{share(1, 8), share(1, kNoQuota), share(1, kNoQuota - 7)};
    EXPECT_EQ(admit(100, programs), 8U);
    EXPECT_EQ(programs[1].admission, Admission::kRefused);
    EXPECT_EQ(programs[2].admission, Admission::kRefused);
}

TEST(Quota, the_largest_weights_and_memories_do_not_overflow) {
    constexpr int kPrograms = 1000;
    std::vector<ProgramShare> programs(kPrograms, share(kHighestWeight, kMinimumFrames));
    EXPECT_EQ(share_out(kMostFrames, programs), kMostFrames % kPrograms);
    EXPECT_EQ(programs[kPrograms - 1].quota, kMostFrames / kPrograms);
    EXPECT_THROW(share_out(kMostFrames + 1, programs), host::Panic);
    programs[0].weight = kHighestWeight + 1;
    EXPECT_THROW(share_out(kMostFrames, programs), host::Panic);
}

/// What share_out must reach in real numbers: each max(minimum, min(maximum, weight x level)), by bisection.
std::vector<double> real_shares(double frames, const std::vector<ProgramShare>& programs) {
    const auto at = [&](double level) {
        std::vector<double> all;
        for (const ProgramShare& program : programs) {
            all.push_back(std::clamp(static_cast<double>(program.weight) * level,
                                     static_cast<double>(program.facts.minimum),
                                     static_cast<double>(program.maximum)));
        }
        return all;
    };
    double low = 0;
    double high = frames + 1;
    for (int round = 0; round < 200; ++round) {
        const double middle = (low + high) / 2;
        double sum = 0;
        for (const double one : at(middle)) {
            sum += one;
        }
        (sum > frames ? high : low) = middle;
    }
    return at(low);
}

RC_GTEST_PROP(Quota, agrees_with_the_division_in_real_numbers, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    const auto frames = *rc::gen::inRange<FrameCount>(0, 1U << 20);
    std::vector<ProgramShare> programs;
    FrameCount promised = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto weight = *rc::gen::inRange<std::uint32_t>(0, 1000);
        const auto most = (frames - promised) / 2;
        const auto minimum = *rc::gen::inRange<FrameCount>(0, most + 1);
        const auto room = *rc::gen::inRange<FrameCount>(0, frames + 1);
        programs.push_back(share(weight, minimum, *rc::gen::arbitrary<bool>() ? kNoQuota : minimum + room));
        promised += minimum;
    }
    const FrameCount left = share_out(frames, programs);
    const std::vector<double> wanted = real_shares(frames, programs);
    FrameCount sum = left;
    for (std::size_t i = 0; i < count; ++i) {
        RC_ASSERT(programs[i].quota >= programs[i].facts.minimum);
        RC_ASSERT(programs[i].quota <= programs[i].maximum);
        // Rounding down may hold another at a bound than real numbers would: less than a frame a program.
        RC_ASSERT(std::abs(static_cast<double>(programs[i].quota) - wanted[i]) <
                  static_cast<double>(count) + 1);
        sum += programs[i].quota;
    }
    RC_ASSERT(sum == frames);
}

TEST(Quota, a_lowered_quota_drains_by_a_frame_a_fault) {
    FrameCount resident = 100;
    for (unsigned faults = 0; faults < 60; ++faults) {
        resident = resident - drain_at_fault(resident, 40) + 1;
        EXPECT_EQ(resident, 99 - faults);
    }
    for (int faults = 0; faults < 5; ++faults) {
        resident = resident - drain_at_fault(resident, 40) + 1;
        EXPECT_EQ(resident, 40U);
    }
    EXPECT_EQ(drain_at_fault(39, 40), 0U);
    EXPECT_EQ(drain_at_fault(1'000'000, kNoQuota), 0U);
}

TEST(Quota, a_lowered_quota_drains_within_the_stated_ticks) {
    for (FrameCount excess = 1; excess <= kMostFrames; excess = excess * 3 / 2 + 1) {
        FrameCount resident = 8 + excess;
        unsigned ticks = 0;
        while (resident > 8) {
            const FrameCount out = drain_at_tick(resident, 8);
            ASSERT_GT(out, 0U);
            ASSERT_LE(out, resident - 8);
            resident -= out;
            ++ticks;
        }
        EXPECT_LE(ticks, kDrainTicks) << excess;
    }
    EXPECT_EQ(drain_at_tick(8, 8), 0U);
}

TEST(Quota, every_thread_has_a_minimum_of_its_own) {  // E3
    EXPECT_EQ(minimum_frames(1), kMinimumFrames);
    EXPECT_EQ(minimum_frames(3), 3 * kMinimumFrames);
    EXPECT_LT(minimum_frames(~0U), kNoQuota);
    EXPECT_GT(minimum_frames(~0U), kNoQuota - 3 * kMinimumFrames);
}

}  // namespace
}  // namespace mm
