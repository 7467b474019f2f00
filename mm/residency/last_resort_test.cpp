#include "mm/residency/last_resort.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mm {
namespace {

using Candidate = LastResortCandidate;
constexpr std::uint64_t kTotal = 10'000;

Candidate candidate(std::uint32_t id, FrameCount resident, std::int32_t adjustment = 0) {
    return {.id = id, .score_adjustment = adjustment, .resident = resident};
}

TEST(LastResort, who_has_most_pages_anywhere_goes) {
    const std::vector<Candidate> candidates{
        {.id = 2, .resident = 500, .swapped = 10, .tables = 3},
        {.id = 3, .resident = 100, .swapped = 500, .tables = 2},
        {.id = 4, .resident = 100, .swapped = 480, .tables = 23},
    };
    EXPECT_EQ(last_resort(candidates, kTotal), 4U);
    EXPECT_EQ(badness(candidates[2], kTotal), 603);
}

TEST(LastResort, a_unit_of_oom_score_adj_counts_a_thousandth_of_all_memory) {
    // 50 of 1000: 500 of 10,000 pages.
    EXPECT_EQ(last_resort(std::vector{candidate(2, 400, 50), candidate(3, 899)}, kTotal), 2U);
    EXPECT_EQ(last_resort(std::vector{candidate(2, 400, 50), candidate(3, 901)}, kTotal), 3U);
    EXPECT_EQ(last_resort(std::vector{candidate(2, 900, -50), candidate(3, 401)}, kTotal), 3U);
    EXPECT_EQ(last_resort(std::vector{candidate(2, 9'000), candidate(3, 1, 1000)}, kTotal), 3U);
    EXPECT_EQ(last_resort(std::vector{candidate(2, 9'000), candidate(3, 1, 70'000)}, kTotal), 3U);
}

TEST(LastResort, the_first_process_who_may_never_go_and_who_is_going_are_spared) {
    Candidate ending = candidate(5, 9'000);
    ending.state = Candidate::State::kEnding;
    std::vector candidates{candidate(1, 9'000), candidate(4, 9'000, -1000), ending, candidate(6, 1, -999)};
    EXPECT_EQ(last_resort(candidates, kTotal), 6U);  // though its badness is negative
    candidates.pop_back();
    EXPECT_EQ(last_resort(candidates, kTotal), std::nullopt);
    EXPECT_EQ(last_resort({}, kTotal), std::nullopt);
}

TEST(LastResort, of_equals_the_youngest_goes_in_any_order) {
    EXPECT_EQ(last_resort(std::vector{candidate(7, 50), candidate(9, 50), candidate(8, 50)}, kTotal), 9U);
}

TEST(LastResort, scores_are_thousandths_of_all_memory) {
    EXPECT_EQ(oom_score(candidate(2, 500), kTotal), 50U);
    EXPECT_EQ(oom_score(candidate(2, 500, 1000), kTotal), 1050U);
    EXPECT_EQ(oom_score(candidate(2, 500, -51), kTotal), 0U);
    EXPECT_EQ(oom_score(candidate(2, 500, -1000), kTotal), 0U);
    EXPECT_EQ(oom_score(candidate(1, 500), kTotal), 0U);
    EXPECT_EQ(oom_score(candidate(2, 500), 0), 0U);
}

TEST(LastResort, the_largest_numbers_do_not_overflow) {
    Candidate large{.id = 2, .resident = ~0U, .swapped = ~0U, .tables = ~0U};
    EXPECT_EQ(badness(large, std::uint64_t{1} << 40), 3 * std::int64_t{~0U});
    EXPECT_EQ(oom_score(large, 1), 2000U);
}

}  // namespace
}  // namespace mm
