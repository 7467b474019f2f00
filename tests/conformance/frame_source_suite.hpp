// What every FrameSource must do, whichever algorithm is behind it: one suite, instantiated per allocator and
// per wrapper (see mm/frames/frame_source_test.cpp).
//
// A Subject makes one: `Subject(limit, free)` manages the frames [0, limit), of which exactly `free` are
// free; `source()` is the FrameSource. The oracle is a std::set that knows nothing of the allocator's data.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "mm/frames/frame_source.hpp"

namespace conformance {

/// A memory map for a test: free runs of 1 to 9 frames with holes of 1 to 5 between them.
inline std::vector<mm::FrameRange> map_with_holes(mm::FrameCount limit, std::mt19937& random) {
    std::vector<mm::FrameRange> runs;
    std::uint32_t at = static_cast<std::uint32_t>(random() % 5);
    while (at < limit) {
        const std::uint32_t end = std::min(limit, at + 1 + static_cast<std::uint32_t>(random() % 9));
        runs.push_back({mm::FrameNumber(at), mm::FrameNumber(end)});
        at = end + 1 + static_cast<std::uint32_t>(random() % 5);
    }
    return runs;
}

/// Everything that can be seen of a source from outside: equal before and after means "nothing changed".
struct View {
    mm::FrameCount free_frames = 0;
    std::set<std::uint32_t> free;
    std::set<std::uint32_t> in_runs;
    friend bool operator==(const View&, const View&) = default;
};

template <mm::FrameSource Source>
View view_of(const Source& source, mm::FrameCount limit) {
    View view;
    view.free_frames = source.free_frames();
    for (std::uint32_t frame = 0; frame < limit; ++frame) {
        if (source.is_free(mm::FrameNumber(frame))) {
            view.free.insert(frame);
        }
    }
    mm::FrameNumber from(0);
    while (const std::optional<mm::FrameRange> run = source.next_free_run(from)) {
        for (mm::FrameNumber frame = run->begin; frame < run->end; ++frame) {
            view.in_runs.insert(frame.value());
        }
        from = run->end;
    }
    return view;
}

/// Random requests, each answer compared with the model. `steps` of (0..99) pick what happens: below
/// `take_percent` a frame is taken, else one in hand goes back, at times twice.
template <typename Subject>
void run_against_model(mm::FrameCount limit, std::uint32_t seed, std::size_t steps) {
    std::mt19937 random(seed);
    const std::vector<mm::FrameRange> runs = map_with_holes(limit, random);
    Subject subject(limit, runs);
    auto& source = subject.source();
    std::set<std::uint32_t> free;
    for (const mm::FrameRange& run : runs) {
        for (mm::FrameNumber frame = run.begin; frame < run.end; ++frame) {
            free.insert(frame.value());
        }
    }
    std::vector<std::uint32_t> held;
    unsigned take_percent = 50;
    for (std::size_t step = 0; step < steps; ++step) {
        if (step % 997 == 0) {
            take_percent = 20 + static_cast<unsigned>(random() % 61);  // Fills up, runs dry, and so on.
        }
        if (random() % 100 < take_percent) {
            const mm::Result<mm::FrameNumber> frame = source.allocate();
            ASSERT_EQ(frame.has_value(), !free.empty()) << "step " << step;
            if (frame) {
                ASSERT_EQ(free.erase(frame->value()), 1u) << "not free: " << frame->value();
                held.push_back(frame->value());
            } else {
                ASSERT_EQ(frame.error(), mm::Error::kNoMemory);
            }
        } else if (!held.empty()) {
            const std::size_t pick = random() % held.size();
            const std::uint32_t frame = held[pick];
            held[pick] = held.back();
            held.pop_back();
            ASSERT_TRUE(source.release(mm::FrameNumber(frame)).has_value());
            free.insert(frame);
            if (random() % 8 == 0) {
                ASSERT_EQ(source.release(mm::FrameNumber(frame)), mm::failure(mm::Error::kNotAllocated));
            }
        }
        ASSERT_EQ(source.free_frames(), free.size());
        if (step % 256 == 0) {
            const View view = view_of(source, limit);
            ASSERT_EQ(view.free, free);
            ASSERT_EQ(view.in_runs, free);
            ASSERT_TRUE(source.check_invariants());
        }
    }
    ASSERT_TRUE(source.check_invariants());
}

template <typename Subject>
class FrameSourceSuite : public testing::Test {
  protected:
    /// Holes on purpose, also across a word's border; the last frame below the limit is free.
    static constexpr mm::FrameCount kLimit = 197;
    static std::vector<mm::FrameRange> free_runs() {
        return {run(3, 4), run(17, 31), run(60, 70), run(128, 192), run(196, 197)};
    }
    static mm::FrameRange run(std::uint32_t begin, std::uint32_t end) {
        return {mm::FrameNumber(begin), mm::FrameNumber(end)};
    }
    View view() { return view_of(source, kLimit); }
    std::vector<mm::FrameNumber> take_all() {
        std::vector<mm::FrameNumber> taken;
        while (const mm::Result<mm::FrameNumber> frame = source.allocate()) {
            taken.push_back(*frame);
        }
        return taken;
    }

    Subject subject{kLimit, free_runs()};
    decltype(subject.source()) source = subject.source();
};
TYPED_TEST_SUITE_P(FrameSourceSuite);

TYPED_TEST_P(FrameSourceSuite, each_free_frame_is_handed_out_exactly_once) {  // B1 B6
    const std::set<std::uint32_t> free = this->view().free;
    std::set<std::uint32_t> taken;
    for (const mm::FrameNumber frame : this->take_all()) {
        EXPECT_TRUE(taken.insert(frame.value()).second) << "twice: " << frame.value();
        EXPECT_FALSE(this->source.is_free(frame));
    }
    EXPECT_EQ(taken, free);
    EXPECT_EQ(taken.size(), 1u + 14 + 10 + 64 + 1);
    EXPECT_EQ(this->source.free_frames(), 0u);
    EXPECT_EQ(this->source.next_free_run(mm::FrameNumber(0)), std::nullopt);
    EXPECT_TRUE(this->source.check_invariants());
}

TYPED_TEST_P(FrameSourceSuite, a_source_that_ran_dry_serves_again_after_a_release) {  // B5
    const std::vector<mm::FrameNumber> taken = this->take_all();
    EXPECT_EQ(this->source.allocate(), mm::failure(mm::Error::kNoMemory));
    EXPECT_EQ(this->source.allocate(), mm::failure(mm::Error::kNoMemory));
    for (const mm::FrameNumber frame : taken) {  // Each one alone, wherever it lies.
        ASSERT_TRUE(this->source.release(frame).has_value());
        ASSERT_TRUE(this->source.is_free(frame));
        ASSERT_EQ(this->source.allocate(), frame);
    }
    EXPECT_TRUE(this->source.check_invariants());
}

TYPED_TEST_P(FrameSourceSuite, no_free_frame_is_lost_whatever_the_order_of_release) {  // B5
    const View before = this->view();
    std::vector<mm::FrameNumber> taken = this->take_all();
    std::shuffle(taken.begin(), taken.end(), std::mt19937(7));
    for (const mm::FrameNumber frame : taken) {
        ASSERT_TRUE(this->source.release(frame).has_value());
    }
    EXPECT_EQ(this->view(), before);
    EXPECT_EQ(this->take_all().size(), before.free.size());
}

TYPED_TEST_P(FrameSourceSuite, a_second_release_is_refused_and_changes_nothing) {  // B3
    const mm::FrameNumber frame = this->source.allocate().value();
    ASSERT_TRUE(this->source.release(frame).has_value());
    const View before = this->view();
    EXPECT_EQ(this->source.release(frame), mm::failure(mm::Error::kNotAllocated));
    EXPECT_EQ(this->source.release(mm::FrameNumber(196)), mm::failure(mm::Error::kNotAllocated));
    EXPECT_EQ(this->view(), before);
    EXPECT_TRUE(this->source.check_invariants());
}

TYPED_TEST_P(FrameSourceSuite, a_release_out_of_range_is_refused_and_changes_nothing) {  // B3
    const mm::FrameNumber taken = this->source.allocate().value();
    const View before = this->view();
    for (const std::uint32_t frame : {this->kLimit, this->kLimit + 1, this->kLimit + 1000, 0xffff'ffffU}) {
        EXPECT_EQ(this->source.release(mm::FrameNumber(frame)), mm::failure(mm::Error::kOutOfRange));
        EXPECT_FALSE(this->source.is_free(mm::FrameNumber(frame)));
    }
    EXPECT_EQ(this->view(), before);
    EXPECT_TRUE(this->source.release(taken).has_value());
}

TYPED_TEST_P(FrameSourceSuite, free_runs_are_maximal_in_order_and_cut_at_the_start_asked) {
    mm::FrameNumber from(0);
    for (const mm::FrameRange& expected : this->free_runs()) {
        ASSERT_EQ(this->source.next_free_run(from), expected);
        from = expected.end;
    }
    EXPECT_EQ(this->source.next_free_run(from), std::nullopt);
    EXPECT_EQ(this->source.next_free_run(mm::FrameNumber(20)), this->run(20, 31));
    EXPECT_EQ(this->source.next_free_run(mm::FrameNumber(64)), this->run(64, 70));
    EXPECT_EQ(this->source.next_free_run(mm::FrameNumber(190)), this->run(190, 192));
    EXPECT_EQ(this->source.next_free_run(mm::FrameNumber(0xffff'ffff)), std::nullopt);
}

TYPED_TEST_P(FrameSourceSuite, any_number_of_frames_can_be_managed) {
    for (const mm::FrameCount limit : {0U, 1U, 7U, 8U, 31U, 32U, 33U, 63U, 64U, 65U, 128U, 1000U}) {
        const std::vector<mm::FrameRange> all{{mm::FrameNumber(0), mm::FrameNumber(limit)}};
        TypeParam other(limit, all);
        EXPECT_EQ(other.source().free_frames(), limit);
        mm::FrameCount taken = 0;
        while (other.source().allocate()) {
            ++taken;
        }
        EXPECT_EQ(taken, limit);
        EXPECT_TRUE(other.source().check_invariants());
    }
}

TYPED_TEST_P(FrameSourceSuite, nothing_is_handed_out_of_no_memory) {  // A4
    TypeParam other(this->kLimit, std::vector<mm::FrameRange>{});
    EXPECT_EQ(other.source().free_frames(), 0u);
    EXPECT_EQ(other.source().allocate(), mm::failure(mm::Error::kNoMemory));
    EXPECT_EQ(other.source().next_free_run(mm::FrameNumber(0)), std::nullopt);
    EXPECT_TRUE(other.source().check_invariants());
}

TYPED_TEST_P(FrameSourceSuite, random_requests_agree_with_a_set) {  // B1 B3 B5
    EXPECT_TRUE(rc::check([] {
        const auto limit = *rc::gen::inRange<mm::FrameCount>(1, 300);
        run_against_model<TypeParam>(limit, *rc::gen::arbitrary<std::uint32_t>(), 600);
        RC_ASSERT(!testing::Test::HasFatalFailure());
    }));
}

TYPED_TEST_P(FrameSourceSuite, a_long_run_agrees_with_a_set) {  // B1 B3 B5
    run_against_model<TypeParam>(1500, 20, 60'000);
}

REGISTER_TYPED_TEST_SUITE_P(FrameSourceSuite, each_free_frame_is_handed_out_exactly_once,
                            a_source_that_ran_dry_serves_again_after_a_release,
                            no_free_frame_is_lost_whatever_the_order_of_release,
                            a_second_release_is_refused_and_changes_nothing,
                            a_release_out_of_range_is_refused_and_changes_nothing,
                            free_runs_are_maximal_in_order_and_cut_at_the_start_asked,
                            any_number_of_frames_can_be_managed, nothing_is_handed_out_of_no_memory,
                            random_requests_agree_with_a_set, a_long_run_agrees_with_a_set);

}  // namespace conformance
