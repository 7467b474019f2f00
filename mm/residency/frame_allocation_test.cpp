#include "mm/residency/frame_allocation.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "mm/residency/frame_allocation_schemes.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Admission = ProgramShare::Admission;
using Programs = std::vector<ProgramShare>;

AllocationPolicy& named(AllocationPolicies& policies, const std::string& name) {
    for (AllocationPolicy* policy : policies.all()) {
        if (policy->name() == name) {
            return *policy;
        }
    }
    throw std::logic_error("no scheme " + name);
}

Programs of_sizes(const std::vector<PageCount>& sizes, FrameCount minimum = 0) {
    Programs programs;
    for (const PageCount size : sizes) {
        ProgramShare program;
        program.facts.id = static_cast<std::uint32_t>(programs.size() + 1);
        program.facts.size = size;
        program.facts.minimum = minimum;
        programs.push_back(program);
    }
    return programs;
}

std::vector<FrameCount> quotas(const Programs& programs) {
    std::vector<FrameCount> all;
    for (const ProgramShare& program : programs) {
        all.push_back(program.quota);
    }
    return all;
}

struct Division {
    std::vector<FrameCount> quotas;
    Allotment allotment;
};

Division divide(const std::string& scheme, FrameCount frames, Programs programs) {
    AllocationPolicies policies;
    const Allotment allotment = named(policies, scheme).allocate({.frames = frames}, programs);
    return {quotas(programs), allotment};
}

TEST(FrameAllocation, equal_gives_nine_programs_five_of_48_frames_and_leaves_three) {  // E4
    const Division division = divide("equal", 48, of_sizes({1, 2, 3, 4, 5, 6, 7, 8, 900}, 3));
    EXPECT_EQ(division.quotas, std::vector<FrameCount>(9, 5));
    EXPECT_EQ(division.allotment.pool, 3U);
}

TEST(FrameAllocation, equal_gives_five_programs_18_of_93_frames_and_leaves_three) {  // E4
    const Division division = divide("equal", 93, of_sizes({10, 127, 40, 40, 40}, kMinimumFrames));
    EXPECT_EQ(division.quotas, std::vector<FrameCount>(5, 18));
    EXPECT_EQ(division.allotment.pool, 3U);
}

TEST(FrameAllocation, proportional_gives_10_and_127_pages_4_and_57_of_62_frames_and_leaves_one) {  // E5
    const Division division = divide("proportional", 62, of_sizes({10, 127}, 1));
    EXPECT_EQ(division.quotas, (std::vector<FrameCount>{4, 57}));
    EXPECT_EQ(division.allotment.pool, 1U);
}

TEST(FrameAllocation, the_minimum_of_this_machine_comes_before_proportion) {  // E3 E5
    const Division division = divide("proportional", 62, of_sizes({10, 127}, kMinimumFrames));
    EXPECT_EQ(division.quotas, (std::vector<FrameCount>{8, 54}));
    EXPECT_EQ(division.allotment.pool, 0U);
}

TEST(FrameAllocation, it_follows_the_programs) {  // E6
    AllocationPolicies policies;
    AllocationPolicy& proportional = named(policies, "proportional");
    Programs programs = of_sizes({100, 300});
    proportional.allocate({.frames = 80}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{20, 60}));
    programs[0].facts.size = 300;
    proportional.allocate({.frames = 80}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{40, 40}));
    programs.erase(programs.begin());
    proportional.allocate({.frames = 80}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{80}));
}

TEST(FrameAllocation, five_steps_of_nice_double_what_a_page_counts) {  // E10
    EXPECT_EQ(priority_weight(0), 1024U);
    EXPECT_EQ(priority_weight(-5), 2048U);
    EXPECT_EQ(priority_weight(5), 512U);
    EXPECT_EQ(priority_weight(-20), 16384U);
    EXPECT_EQ(priority_weight(19), 73U);
    EXPECT_EQ(priority_weight(127), 73U);
    EXPECT_EQ(priority_weight(-128), 16384U);
    for (int nice = -20; nice < 19; ++nice) {
        EXPECT_GT(priority_weight(static_cast<std::int8_t>(nice)),
                  priority_weight(static_cast<std::int8_t>(nice + 1)));
    }
    Programs programs = of_sizes({1000, 1000, 100});
    programs[1].facts.nice = 5;
    const Division division = divide("priority", 310, programs);
    EXPECT_EQ(division.quotas, (std::vector<FrameCount>{193, 96, 19}));
    // And nobody gets more than there is to hold.
    const Division ample = divide("priority", 3000, programs);
    EXPECT_EQ(ample.quotas, (std::vector<FrameCount>{1000, 1000, 100}));
    EXPECT_EQ(ample.allotment.pool, 900U);
}

TEST(FrameAllocation, none_limits_nobody_but_still_refuses_who_has_no_minimum) {  // E3 E8
    const Division division = divide("none", 20, of_sizes({100, 200, 300}, kMinimumFrames));
    EXPECT_EQ(division.quotas, (std::vector<FrameCount>{kNoQuota, kNoQuota, 0}));
    EXPECT_EQ(division.allotment, (Allotment{.pool = 20, .short_by = 0, .refused = 1}));
}

TEST(FrameAllocation, a_working_set_is_what_was_used_in_a_window_and_what_had_to_come_back) {  // E10
    AllocationPolicies policies;
    AllocationPolicy& scheme = named(policies, "working-set");
    Programs programs = of_sizes({1000, 1000}, kMinimumFrames);
    const AllocationTuning tuning;
    scheme.allocate({.frames = 600}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{300, 300}));  // nothing known: by size
    ProgramFacts& first = programs[0].facts;
    EXPECT_FALSE(scheme.scan_due(first));
    first.cpu_time = tuning.window - 1;
    EXPECT_FALSE(scheme.scan_due(first));
    first.cpu_time = tuning.window;
    ASSERT_TRUE(scheme.scan_due(first));
    first.scanned_at = first.cpu_time;
    first.accessed = 80;
    first.faults = 500;
    scheme.allocate({.frames = 600}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{90, 300}));
    EXPECT_FALSE(scheme.scan_due(first));
    // It thrashes in its 90 frames: what comes back again shows that its set is larger.
    first.scanned_at = first.cpu_time += tuning.window;
    first.accessed = 90;
    first.refaults = 70;
    scheme.allocate({.frames = 600}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{180, 300}));
    // Little changes change nothing: 175 is within a sixteenth of 180.
    first.scanned_at = first.cpu_time += tuning.window;
    first.accessed = 156;
    EXPECT_EQ(scheme.allocate({.frames = 600}, programs).pool, 120U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{180, 300}));
    // More than there is: the same part of everybody's.
    first.scanned_at = first.cpu_time += tuning.window;
    first.accessed = 800;
    EXPECT_EQ(scheme.allocate({.frames = 600}, programs).short_by, 600U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{450, 150}));
}

TEST(FrameAllocation, fault_frequency_grows_who_refaults_often_and_shrinks_who_hardly_does) {  // E10
    AllocationPolicies policies;
    AllocationPolicy& scheme = named(policies, "fault-frequency");
    Programs programs = of_sizes({1000, 1000, 1000}, kMinimumFrames);
    const AllocationRequest epoch{.frames = 900, .fault_time = 100};
    scheme.allocate({.frames = 900, .fault_time = 100}, programs);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{300, 300, 300}));
    // 20 refaults: every 50 us, every 400 us, and one in 20 ms; a fault takes 100.
    const auto go_on = [&] {
        programs[0].facts.refaults += 20;
        programs[0].facts.cpu_time += 20 * 50;
        programs[1].facts.refaults += 20;
        programs[1].facts.cpu_time += 20 * 400;
        programs[2].facts.refaults += 1;
        programs[2].facts.cpu_time += 20'000;
    };
    go_on();
    EXPECT_EQ(scheme.allocate(epoch, programs).short_by, 57U);
    EXPECT_EQ(quotas(programs), (std::vector<FrameCount>{352, 282, 265}));
    go_on();
    scheme.allocate(epoch, programs);
    EXPECT_GT(programs[0].quota, 352U);
    EXPECT_LT(programs[2].quota, 265U);
    // First touches are no reason to grow; and from two refaults nothing follows yet.
    const Programs before = programs;
    programs[0].facts.faults += 1000;
    programs[0].facts.refaults += 2;
    programs[0].facts.cpu_time += 10;
    scheme.allocate(epoch, programs);
    EXPECT_EQ(programs[0].history, before[0].history);
}

TEST(FrameAllocation, counters_may_wrap) {
    AllocationPolicies policies;
    AllocationPolicy& scheme = named(policies, "fault-frequency");
    Programs programs = of_sizes({1000, 1000}, kMinimumFrames);
    programs[0].facts.refaults = ~0U - 5;
    programs[0].facts.cpu_time = ~0U - 100;
    scheme.allocate({.frames = 400, .fault_time = 100}, programs);
    programs[0].facts.refaults += 20;
    programs[0].facts.cpu_time += 1000;
    scheme.allocate({.frames = 400, .fault_time = 100}, programs);
    EXPECT_EQ(programs[0].history.wanted, 250U);
}

TEST(FrameAllocation, the_names_are_the_documented_ones_and_the_first_is_the_default) {
    AllocationPolicies policies;
    std::vector<std::string> names;
    for (const AllocationPolicy* policy : policies.all()) {
        names.emplace_back(policy->name());
    }
    EXPECT_EQ(names, (std::vector<std::string>{"none", "equal", "proportional", "priority", "working-set",
                                               "fault-frequency"}));
}

/// Programs with any facts, up to memories and sizes of 2^20.
Programs any_programs(std::uint32_t largest) {
    const auto count = *rc::gen::inRange<std::size_t>(0, 40);
    Programs programs(count);
    for (ProgramShare& program : programs) {
        program.facts.id = *rc::gen::arbitrary<std::uint32_t>();
        program.facts.size = *rc::gen::inRange<PageCount>(0, largest + 1);
        program.facts.resident = *rc::gen::inRange<FrameCount>(0, largest + 1);
        program.facts.minimum = *rc::gen::inRange<FrameCount>(0, 64);
        program.facts.nice = *rc::gen::inRange<std::int8_t>(-20, 20);
    }
    return programs;
}

void live(Programs& programs) {
    for (ProgramShare& program : programs) {
        program.facts.refaults += *rc::gen::inRange<std::uint32_t>(0, 5000);
        program.facts.cpu_time += *rc::gen::inRange<std::uint32_t>(0, 400'000);
        program.facts.accessed = *rc::gen::inRange<PageCount>(0, program.facts.resident + 1);
        if (*rc::gen::arbitrary<bool>()) {
            program.facts.scanned_at = program.facts.cpu_time;
        }
    }
}

RC_GTEST_PROP(FrameAllocation, quotas_and_pool_are_all_the_frames_and_nobody_is_below_the_minimum, ()) {
    AllocationPolicies policies;
    const auto frames = *rc::gen::inRange<FrameCount>(0, (1U << 20) + 1);
    for (AllocationPolicy* policy : policies.all()) {
        Programs programs = any_programs(1U << 20);
        for (int epoch = 0; epoch < 3; ++epoch) {
            const Allotment allotment = policy->allocate({.frames = frames, .fault_time = 100}, programs);
            std::uint64_t sum = allotment.pool;
            std::uint32_t refused = 0;
            for (const ProgramShare& program : programs) {
                const bool in = program.admission == Admission::kAdmitted;
                refused += in ? 0 : 1;
                RC_ASSERT((in ? program.quota >= program.facts.minimum : program.quota == 0));
                sum += program.quota == kNoQuota ? 0 : program.quota;
            }
            RC_ASSERT(sum == frames);
            RC_ASSERT(refused == allotment.refused);
            live(programs);
        }
    }
}

RC_GTEST_PROP(FrameAllocation, nobody_is_refused_when_all_minimums_fit, ()) {
    AllocationPolicies policies;
    Programs programs = any_programs(1000);
    FrameCount frames = 0;
    for (const ProgramShare& program : programs) {
        frames += program.facts.minimum;
    }
    for (AllocationPolicy* policy : policies.all()) {
        RC_ASSERT(policy->allocate({.frames = frames}, programs).refused == 0U);
    }
}

// A page more for one: it gets no less, and what it gains, and the others lose, is what a page counts: frames
// / sizes, and one for rounding.
RC_GTEST_PROP(FrameAllocation, one_page_more_moves_proportional_quotas_by_little, ()) {
    AllocationPolicies policies;
    AllocationPolicy& proportional = *policies.all()[2];
    Programs programs = any_programs(1U << 20);
    RC_PRE(!programs.empty());
    const auto frames = *rc::gen::inRange<FrameCount>(64 * 40, (1U << 20) + 1);
    const auto grown = *rc::gen::inRange<std::size_t>(0, programs.size());
    const std::uint64_t sizes =
        std::accumulate(programs.begin(), programs.end(), std::uint64_t{1},
                        [](std::uint64_t sum, const ProgramShare& one) { return sum + one.facts.size; });
    const std::int64_t bound = 2 + static_cast<std::int64_t>(frames / sizes);
    proportional.allocate({.frames = frames}, programs);
    const std::vector<FrameCount> before = quotas(programs);
    ++programs[grown].facts.size;
    proportional.allocate({.frames = frames}, programs);
    for (std::size_t i = 0; i < programs.size(); ++i) {
        const std::int64_t gained = std::int64_t{programs[i].quota} - std::int64_t{before[i]};
        RC_ASSERT((i == grown ? gained >= 0 : gained <= 0));
        RC_ASSERT(std::abs(gained) <= bound);
    }
}

TEST(FrameAllocation, the_largest_machine_full_of_the_largest_programs) {
    AllocationPolicies policies;
    constexpr FrameCount kFrames = 1U << 20;
    for (const std::string scheme : {"equal", "proportional", "priority"}) {
        const Division division =
            divide(scheme, kFrames, of_sizes(std::vector<PageCount>(64, 1U << 20), kMinimumFrames));
        EXPECT_EQ(division.quotas, std::vector<FrameCount>(64, kFrames / 64)) << scheme;
        EXPECT_EQ(division.allotment.pool, 0U);
    }
    const Division beyond = divide("proportional", kFrames, of_sizes({~0U, ~0U, 1}, kMinimumFrames));
    EXPECT_EQ(beyond.quotas, (std::vector<FrameCount>{524'284, 524'284, 8}));
    EXPECT_THROW(divide("equal", kMostFrames + 1, of_sizes({1})), host::Panic);
}

}  // namespace
}  // namespace mm
