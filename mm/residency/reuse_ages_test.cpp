#include "mm/residency/reuse_ages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace mm {
namespace {

constexpr ReuseAges::Class kClass = 7;

/// What a class is worth at each age when `uses` waits ended at each age by the table's share, and some never.
ReuseAges learned(const std::array<std::uint32_t, ReuseAges::kAges>& uses, std::uint32_t gone) {
    ReuseAges ages;
    for (std::uint32_t age = 0; age < ReuseAges::kAges; ++age) {
        for (std::uint32_t i = 0; i < uses[age]; ++i) {
            ages.count_use(kClass, age);
        }
    }
    for (std::uint32_t i = 0; i < gone; ++i) {
        ages.count_gone(kClass);
    }
    ages.learn(kClass);
    return ages;
}

TEST(ReuseAges, before_anything_is_learned_the_oldest_page_is_worth_least) {
    const ReuseAges ages;
    for (std::uint32_t age = 1; age < ReuseAges::kAges; ++age) {
        EXPECT_LE(ages.level(kClass, age), ages.level(kClass, age - 1)) << age;
    }
    EXPECT_GT(ages.level(kClass, 0), ages.level(kClass, ReuseAges::kAges - 1));
}

TEST(ReuseAges, in_a_loop_the_page_is_worth_least_that_has_longest_to_wait) {
    constexpr std::uint32_t kRound = 20;
    std::array<std::uint32_t, ReuseAges::kAges> uses{};
    uses[kRound] = 2'000;
    const ReuseAges ages = learned(uses, 0);
    for (std::uint32_t age = 1; age < kRound; ++age) {
        EXPECT_GE(ages.level(kClass, age), ages.level(kClass, age - 1)) << age;
    }
    EXPECT_GT(ages.level(kClass, kRound - 1), ages.level(kClass, 0) + 10);
    EXPECT_LT(ages.level(kClass, kRound), ages.level(kClass, 0));  // It should have come by now.
}

TEST(ReuseAges, a_class_that_never_comes_back_is_worth_little_at_any_age) {
    std::array<std::uint32_t, ReuseAges::kAges> uses{};
    uses[0] = 10;
    const ReuseAges scanned = learned(uses, 3'000);
    const ReuseAges fresh;
    for (std::uint32_t age = 0; age < 10; ++age) {
        EXPECT_LT(scanned.level(kClass, age) + 8, fresh.level(kClass, age)) << age;
    }
}

/// The worth of residency.md's definition, by trying every horizon.
double worth(const std::array<std::uint32_t, ReuseAges::kAges>& uses, std::uint32_t gone, std::uint32_t age) {
    double best = 0;
    double hits = 0;
    double cost = 0;
    double waiting = gone;
    for (std::uint32_t later = age + 1; later < ReuseAges::kAges; ++later) {
        waiting += uses[later];
    }
    for (std::uint32_t horizon = age + 1; horizon < ReuseAges::kAges; ++horizon) {
        cost += waiting - uses[horizon] / 2.0;
        waiting -= uses[horizon];
        hits += uses[horizon];
        best = std::max(best, hits / cost);
    }
    return best;
}

TEST(ReuseAges, levels_are_those_that_trying_every_horizon_gives) {
    std::mt19937 random(11);
    for (int round = 0; round < 50; ++round) {
        std::array<std::uint32_t, ReuseAges::kAges> uses{};
        for (std::uint32_t& count : uses) {
            count = random() % 4 == 0 ? static_cast<std::uint32_t>(random() % 3'000) : 0;
        }
        const std::uint32_t gone = 1'000 + static_cast<std::uint32_t>(random() % 3'000);
        const ReuseAges ages = learned(uses, gone);
        for (std::uint32_t age = 0; age < ReuseAges::kAges - 1; ++age) {
            const double expected = worth(uses, gone, age);
            if (expected > 0.001) {  // Below, what was known before anything was learned tells.
                EXPECT_NEAR(ages.level(kClass, age), 4 * (std::log2(expected) + 14), 1.6)
                    << "round " << round << ", age " << age;
            }
        }
    }
}

TEST(ReuseAges, a_full_counter_halves_its_class_and_changes_no_other) {
    std::array<std::uint32_t, ReuseAges::kAges> uses{};
    uses[3] = 100;
    uses[9] = 50'000;
    const ReuseAges ages = learned(uses, 10'000);
    const ReuseAges fresh;
    EXPECT_GT(ages.level(kClass, 8), ages.level(kClass, 0));
    EXPECT_EQ(ages.level(kClass + 1, 5), fresh.level(kClass + 1, 5));
}

TEST(ReuseAges, a_class_is_what_the_last_two_waits_were) {
    const ReuseAges::Class once = ReuseAges::after_use(ReuseAges::kNewPage, 0);
    EXPECT_NE(once, ReuseAges::kNewPage);
    EXPECT_NE(ReuseAges::after_use(once, 0), once);
    EXPECT_EQ(ReuseAges::after_use(ReuseAges::after_use(once, 0), 0), ReuseAges::after_use(once, 0));
    EXPECT_EQ(ReuseAges::after_use(once, 4), ReuseAges::after_use(once, 15));
    EXPECT_NE(ReuseAges::after_use(once, 4), ReuseAges::after_use(once, 16));
    EXPECT_LT(ReuseAges::after_use(ReuseAges::after_use(once, 99), 99), ReuseAges::kClasses);
}

}  // namespace
}  // namespace mm
