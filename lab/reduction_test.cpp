#include "lab/reduction.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "lab/lackey.hpp"
#include "lab/replay.hpp"

namespace lab {
namespace {

using Pages = std::vector<std::uint64_t>;

Pages reduced(const Pages& pages, std::uint32_t frames) {
    Reduction reduction(frames);
    for (const std::uint64_t page : pages) {
        reduction.reference(page);
    }
    return reduction.finish();
}

/// Loops, walks and jumps over a few dozen pages.
Pages any_pages(std::uint32_t seed) {
    std::mt19937 random(seed);
    Pages pages;
    std::uint64_t place = 20;
    for (int part = 0; part < 40; ++part) {
        const auto kind = random() % 3;
        const auto length = 2 + random() % 30;
        for (std::uint64_t i = 0; i < 60; ++i) {
            place = kind == 0 ? (place + 39 + random() % 3) % 40 : kind == 1 ? i % length : random() % length;
            pages.push_back(place);
        }
    }
    return pages;
}

TEST(Reduction, leaves_the_faults_of_lru_and_opt_in_memories_of_so_many_frames_and_more) {
    std::size_t before = 0;
    std::size_t after = 0;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        const Pages pages = any_pages(seed);
        const Trace whole = make_trace("", pages);
        for (const std::uint32_t least : {2U, 3U, 5U, 9U, 16U}) {
            const Trace less = make_trace("", reduced(pages, least));
            before += whole.references.size();
            after += less.references.size();
            for (const std::uint32_t frames : {least, least + 1, least + 4, 2 * least}) {
                EXPECT_EQ(replay(less, "lru", frames).faults, replay(whole, "lru", frames).faults)
                    << "seed " << seed << ", for " << least << ", " << frames << " frames";
                EXPECT_EQ(replay(less, "opt", frames).faults, replay(whole, "opt", frames).faults)
                    << "seed " << seed << ", for " << least << ", " << frames << " frames";
            }
        }
    }
    EXPECT_LT(after * 5, before * 4);
}

TEST(Reduction, of_uses_close_together_the_first_and_the_last_stay) {
    EXPECT_EQ(reduced({1, 2, 1, 2, 1, 2}, 2), (Pages{1, 2, 1, 2}));
    EXPECT_EQ(reduced({1, 1, 1, 2}, 2), (Pages{1, 2}));
    EXPECT_EQ(reduced({1, 2, 3, 1, 2, 3, 1, 2, 3}, 2), (Pages{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

TEST(Lackey, an_access_that_straddles_two_pages_references_both) {
    std::istringstream log(
        "==1== Lackey\nI  04001ffe,4\n S 1ffefff8,8\n L 04005000,1\n M 04006fff,2\nnoise, 12\n");
    EXPECT_EQ(read_lackey(log, 8, 100), (Pages{0x4001, 0x4002, 0x1ffef, 0x4005, 0x4006, 0x4007}));
    std::istringstream again("I  04001ffe,1\nI  04002000,1\n");
    EXPECT_EQ(read_lackey(again, 8, 1), (Pages{0x4001}));
}

TEST(Trace, neighbours_stay_neighbours_and_others_do_not_become_so) {
    const Trace trace = make_trace("", {500, 501, 501, 90, 500});
    EXPECT_EQ(trace.references, (std::vector<std::uint32_t>{2, 3, 0, 2}));
    EXPECT_EQ(trace.footprint, 3U);
    EXPECT_EQ(trace.numbers, 4U);
}

}  // namespace
}  // namespace lab
