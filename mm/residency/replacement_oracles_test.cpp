// The reference strings of the textbooks, whose faults are known. Conventions (they change the answers, and
// are printed with a wrong one): frames are empty at first; clock: the accessed bit is set at insertion, by
// the faulting reference.
#include <gtest/gtest.h>

#include <string>

#include "mm/residency/aging.hpp"
#include "mm/residency/replacement_machine_test.hpp"

namespace mm {
namespace {

using simulated::Trace;

constexpr const char* kConventions =
    "conventions: frames are empty at first, first references are faults; clock's accessed bit is set at "
    "insertion; "
    "of pages OPT never needs again any goes";

struct Known {
    const char* algorithm;
    std::uint32_t frames;
    std::uint64_t faults;
};

void expect_faults(const Trace& trace, std::initializer_list<Known> answers) {
    for (const Known& known : answers) {
        EXPECT_EQ(simulated::faults_of(known.algorithm, trace, known.frames), known.faults)
            << known.algorithm << " with " << known.frames << " frames; " << kConventions;
    }
}

TEST(ReplacementOracles, the_string_of_beladys_anomaly) {  // E9
    const Trace trace{1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
    expect_faults(trace, {{"fifo", 3, 9}, {"fifo", 4, 10}});  // More frames, more faults.
    expect_faults(trace, {{"lru", 3, 10}, {"lru", 4, 8}, {"opt", 3, 7}, {"opt", 4, 6}});
}

TEST(ReplacementOracles, the_string_that_begins_with_701203) {
    const Trace trace{7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1};
    expect_faults(trace, {{"fifo", 3, 15}, {"lru", 3, 12}, {"opt", 3, 9}, {"clock", 3, 14}});
    expect_faults(trace, {{"fifo", 4, 10}, {"lru", 4, 8}, {"opt", 4, 8}});
}

TEST(ReplacementOracles, the_string_that_begins_with_123421_with_one_to_seven_frames) {
    const Trace trace{1, 2, 3, 4, 2, 1, 5, 6, 2, 1, 2, 3, 7, 6, 3, 2, 1, 2, 3, 6};
    constexpr std::array<std::uint64_t, 7> kLru{20, 18, 15, 10, 8, 7, 7};
    constexpr std::array<std::uint64_t, 7> kFifo{20, 18, 16, 14, 10, 10, 7};
    constexpr std::array<std::uint64_t, 7> kOpt{20, 15, 11, 8, 7, 7, 7};
    for (std::uint32_t i = 0; i < 7; ++i) {
        expect_faults(trace, {{"lru", i + 1, kLru[i]}, {"fifo", i + 1, kFifo[i]}, {"opt", i + 1, kOpt[i]}});
    }
}

TEST(ReplacementOracles, the_string_that_begins_with_723125) {
    expect_faults({7, 2, 3, 1, 2, 5, 3, 4, 6, 7, 7, 1, 0, 5, 4, 6, 2, 3, 0, 1},
                  {{"fifo", 3, 17}, {"lru", 3, 18}, {"opt", 3, 13}});
}

TEST(ReplacementOracles, the_string_that_begins_with_232152) {
    expect_faults({2, 3, 2, 1, 5, 2, 4, 5, 3, 2, 5, 2},
                  {{"opt", 3, 6}, {"lru", 3, 7}, {"clock", 3, 8}, {"fifo", 3, 9}});
}

TEST(ReplacementOracles, the_string_that_begins_with_017232) {
    expect_faults({0, 1, 7, 2, 3, 2, 7, 1, 0, 3}, {{"fifo", 4, 6}, {"lru", 4, 7}});
}

TEST(ReplacementOracles, a_loop_one_page_larger_than_memory) {
    Trace loop;
    for (int round = 0; round < 8; ++round) {
        loop.insert(loop.end(), {0, 1, 2, 3, 4});
    }
    expect_faults(loop, {{"lru", 4, 40}, {"fifo", 4, 40}, {"clock", 4, 40}, {"opt", 4, 13}});
}

TEST(ReplacementOracles, agings_counters_of_eight_bits) {
    simulated::Memory memory(6);
    Aging aging(memory.setup());
    simulated::Bits bits(6);
    for (FrameIndex frame = 0; frame < 6; ++frame) {
        aging.entered(frame, {1, frame}, 0, bits);
    }
    for (const std::string accessed : {"101011", "110010", "110101", "100010", "011000"}) {
        for (FrameIndex frame = 0; frame < 6; ++frame) {
            bits.accessed[frame] = accessed[frame] == '1';
        }
        aging.tick(0, bits);
        ASSERT_TRUE(aging.check_invariants());
    }
    constexpr std::array<std::uint8_t, 6> kCounters{0b01111000, 0b10110000, 0b10001000,
                                                    0b00100000, 0b01011000, 0b00101000};
    for (FrameIndex frame = 0; frame < 6; ++frame) {
        EXPECT_EQ(aging.counter_of(frame), kCounters[frame])
            << "page " << frame << "; conventions: counters begin with 0, the accessed bit enters at the top";
    }
    EXPECT_EQ(aging.choose({1, 6}, 0, bits), 3u);  // The lowest.
}

}  // namespace
}  // namespace mm
