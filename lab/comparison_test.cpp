#include "lab/comparison.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "lab/generators.hpp"

namespace lab {
namespace {

Trace string_of(const std::vector<std::uint32_t>& pages) {
    return {.name = "", .references = pages, .numbers = 10, .footprint = 10};
}

TEST(Replay, gives_the_textbooks_answers) {
    const Trace belady = string_of({1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5});
    EXPECT_EQ(replay(belady, "fifo", 3).faults, 9U);
    EXPECT_EQ(replay(belady, "fifo", 4).faults, 10U);
    EXPECT_EQ(replay(belady, "lru", 4).faults, 8U);
    EXPECT_EQ(replay(belady, "opt", 3).faults, 7U);
    const Trace other = string_of({7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1});
    EXPECT_EQ(replay(other, "clock", 3).faults, 14U);  // The bit is set when a page comes in.
    EXPECT_EQ(replay(other, "fifo", 3).faults, 15U);
    EXPECT_THROW(replay(other, "nobody", 3), std::invalid_argument);
}

TEST(Replay, counts_the_bits_that_a_policy_reads) {
    const Trace loop = string_of({0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3});
    EXPECT_EQ(replay(loop, "fifo", 3).bits_read, 0U);
    const Outcome clock = replay(loop, "clock", 3);
    EXPECT_GT(clock.bits_read, clock.bits_cleared);
    EXPECT_GT(clock.bits_cleared, 0U);
}

TEST(Replay, s3fifo_with_exact_references_keeps_what_a_scan_would_flush) {
    std::vector<std::uint32_t> pages;
    for (std::uint32_t round = 0; round < 200; ++round) {
        for (std::uint32_t hot = 0; hot < 10; ++hot) {
            pages.push_back(hot);
            pages.push_back(hot + 10);
        }
        for (std::uint32_t i = 0; i < 30; ++i) {
            pages.push_back(20 + round * 30 + i);
        }
    }
    Trace trace{.name = "", .references = pages, .numbers = 20 + 6'000, .footprint = 6'020};
    EXPECT_EQ(replay(trace, "lru", 40).faults, pages.size());
    EXPECT_LT(exact_s3fifo_faults(trace, 40), 6'000U + 400U);
    EXPECT_EQ(exact_s3fifo_faults(trace, 7'000), 6'020U);
}

TEST(Comparison, says_which_cells_break_which_bar) {
    const auto cell = [](const char* trace, std::uint64_t policy, std::uint64_t clock, std::uint64_t exact) {
        return Cell{.trace = trace,
                    .use = Use::kReporting,
                    .percent = 5,
                    .frames = 40,
                    .references = 1'000,
                    .outcomes = {{"opt", {.faults = 100}},
                                 {"lru", {.faults = exact}},
                                 {kExactS3Fifo, {.faults = exact}},
                                 {"clock", {.faults = clock}},
                                 {"horizon", {.faults = policy}}}};
    };
    std::ostringstream good;
    EXPECT_TRUE(print_bars(good, {cell("a", 110, 150, 105), cell("b", 160, 150, 140)}, "horizon"));
    EXPECT_EQ(good.str().find("BROKEN"), std::string::npos);

    // Ten frames' worth over clock are forgiven, one fault more is not.
    std::ostringstream clock;
    EXPECT_TRUE(print_bars(clock, {cell("a", 115, 100, 100)}, "horizon"));
    EXPECT_FALSE(print_bars(clock, {cell("a", 116, 100, 100)}, "horizon"));
    EXPECT_NE(clock.str().find("a at 5 %, 40 frames"), std::string::npos);

    std::ostringstream worst;
    EXPECT_TRUE(print_bars(
        worst, {cell("a", 100, 900, 100), cell("b", 305, 900, 300), cell("c", 100, 900, 100)}, "horizon"));
    EXPECT_FALSE(print_bars(
        worst, {cell("a", 100, 900, 100), cell("b", 307, 900, 300), cell("c", 100, 900, 100)}, "horizon"));
    std::ostringstream mean;
    EXPECT_FALSE(print_bars(mean, {cell("a", 161, 900, 100)}, "horizon"));
}

TEST(Generators, make_the_same_traces_every_time_each_with_a_footprint_of_its_own) {
    const std::vector<Trace> once = generated_traces();
    const std::vector<Trace> twice = generated_traces();
    ASSERT_EQ(once.size(), twice.size());
    for (std::size_t i = 0; i < once.size(); ++i) {
        EXPECT_EQ(once[i].references, twice[i].references) << once[i].name;
        EXPECT_GE(once[i].footprint, 1'000U) << once[i].name;
    }
}

}  // namespace
}  // namespace lab
