// What holds of every replacement policy, whatever happens.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <random>
#include <set>
#include <vector>

#include "mm/residency/replacement_machine_test.hpp"
#include "mm/residency/replacement_programs_test.hpp"

namespace mm {
namespace {

using simulated::Trace;

constexpr std::uint32_t kPages = 12;

Trace any_trace() {
    return *rc::gen::container<Trace>(rc::gen::inRange(0U, kPages));
}

TEST(Replacement, random_events_keep_every_invariant_and_only_known_frames_are_chosen) {
    for (std::uint32_t seed = 1; seed <= 6 && !testing::Test::HasFatalFailure(); ++seed) {
        simulated::Programs programs(seed, simulated::all_kinds());
        for (int step = 0; step < 3'000 && !testing::Test::HasFailure(); ++step) {
            programs.step();
            if (step % 8 == 0) {
                programs.check();
            }
        }
    }
}

TEST(Replacement, as_long_as_nothing_is_accessed_each_page_is_offered_before_any_is_offered_again) {
    constexpr std::uint32_t kFrames = 24;
    for (const ReplacementKind kind : simulated::all_kinds()) {
        for (const std::uint32_t seed : {1, 2, 3, 4}) {
            std::mt19937 random(seed);
            simulated::Memory memory(kFrames);
            ReplacementSlot slot;
            simulated::Machine machine(slot.start(kind, memory.setup()), kFrames);
            for (int i = 0; i < 500; ++i) {
                machine.reference(static_cast<std::uint32_t>(random() % 60),
                                  random() % 4 == 0 ? simulated::Access::kWrite : simulated::Access::kRead,
                                  2'000);
                if (i % 50 == 49) {
                    machine.tick();
                }
            }
            std::set<FrameIndex> offered;
            for (std::uint32_t i = 0; i < kFrames; ++i) {
                const std::optional<FrameIndex> victim =
                    slot.policy()->choose({1, 999}, 1'000'000, machine.bits);
                ASSERT_TRUE(victim.has_value());
                EXPECT_TRUE(offered.insert(*victim).second)
                    << name_of(kind) << ", seed " << seed << ", refusal " << i;
                slot.policy()->refused(*victim);
                ASSERT_TRUE(slot.policy()->check_invariants()) << name_of(kind);
            }
        }
    }
}

RC_GTEST_PROP(Replacement, opt_is_never_worse_than_anything, ()) {
    const Trace trace = any_trace();
    const auto frames = *rc::gen::inRange(1U, kPages);
    const std::uint64_t best = simulated::opt_faults(trace, frames);
    RC_ASSERT(best <= simulated::lru_faults(trace, frames));
    for (const ReplacementKind kind : simulated::all_kinds()) {
        RC_ASSERT(best <= simulated::faults_of(kind, trace, frames));
    }
}

RC_GTEST_PROP(Replacement, with_a_frame_for_each_page_only_first_references_fault, ()) {
    const Trace trace = any_trace();
    const std::uint64_t distinct = std::set<std::uint32_t>(trace.begin(), trace.end()).size();
    RC_ASSERT(simulated::opt_faults(trace, kPages) == distinct);
    RC_ASSERT(simulated::lru_faults(trace, kPages) == distinct);
    for (const ReplacementKind kind : simulated::all_kinds()) {
        RC_ASSERT(simulated::faults_of(kind, trace, kPages) == distinct);
    }
}

/// Pages resident after each reference.
template <typename Replacement>
std::vector<std::set<std::uint32_t>> residents(Replacement replacement, const Trace& trace) {
    std::vector<std::set<std::uint32_t>> after;
    std::set<std::uint32_t> now;
    for (const std::uint32_t page : trace) {
        const ExactStep step = replacement.step();
        EXPECT_EQ(step.outcome == ExactStep::Outcome::kHit, now.contains(page));
        now.erase(step.evicted);
        now.insert(page);
        after.push_back(now);
    }
    return after;
}

std::vector<std::set<std::uint32_t>> lru_residents(const Trace& trace, std::uint32_t frames) {
    std::vector<ExactLru::Page> pages(kPages);
    return residents(ExactLru(trace, frames, pages), trace);
}

std::vector<std::set<std::uint32_t>> opt_residents(const Trace& trace, std::uint32_t frames) {
    std::vector<std::uint32_t> next(trace.size());
    std::vector<std::uint32_t> pages(kPages);
    std::vector<std::uint64_t> words(ExactOpt::words_for(trace.size()));
    return residents(ExactOpt(trace, frames, {.next_use = next, .pages = pages, .words = words}), trace);
}

RC_GTEST_PROP(Replacement, lru_and_opt_keep_with_more_frames_what_they_keep_with_fewer, ()) {
    const Trace trace = any_trace();
    const auto frames = *rc::gen::inRange(1U, kPages - 1);
    for (const auto& of : {lru_residents, opt_residents}) {
        const auto few = of(trace, frames);
        const auto more = of(trace, frames + 1);
        for (std::size_t i = 0; i < trace.size(); ++i) {
            RC_ASSERT(std::includes(more[i].begin(), more[i].end(), few[i].begin(), few[i].end()));
        }
    }
}

RC_GTEST_PROP(Replacement, lru_is_a_list_with_the_latest_at_its_end, ()) {
    const Trace trace = any_trace();
    const auto frames = *rc::gen::inRange(1U, kPages);
    std::deque<std::uint32_t> model;
    const auto resident = lru_residents(trace, frames);
    for (std::size_t i = 0; i < trace.size(); ++i) {
        if (const auto found = std::find(model.begin(), model.end(), trace[i]); found != model.end()) {
            model.erase(found);
        } else if (model.size() == frames) {
            model.pop_front();
        }
        model.push_back(trace[i]);
        RC_ASSERT(resident[i] == std::set<std::uint32_t>(model.begin(), model.end()));
    }
}

RC_GTEST_PROP(Replacement, fifo_is_a_queue, ()) {
    const Trace trace = any_trace();
    const auto frames = *rc::gen::inRange(1U, kPages);
    simulated::Memory memory(frames);
    ReplacementSlot slot;
    simulated::Machine machine(slot.start(ReplacementKind::kFifo, memory.setup()), frames);
    std::deque<std::uint32_t> model;
    for (const std::uint32_t page : trace) {
        const bool known = std::find(model.begin(), model.end(), page) != model.end();
        RC_ASSERT(machine.reference(page) == !known);
        if (!known) {
            model.push_back(page);
        }
        if (model.size() > frames) {
            RC_ASSERT(machine.last_evicted() == model.front());
            model.pop_front();
        }
    }
}

RC_GTEST_PROP(Replacement, clock_is_a_hand_that_goes_round_an_array, ()) {
    const Trace trace = any_trace();
    const auto frames = *rc::gen::inRange(1U, kPages);
    simulated::Memory memory(frames);
    ReplacementSlot slot;
    simulated::Machine machine(slot.start(ReplacementKind::kClock, memory.setup()), frames);
    struct Seat {
        std::uint32_t page;
        bool accessed;
    };
    std::vector<Seat> circle;
    std::size_t hand = 0;
    for (const std::uint32_t page : trace) {
        const auto found = std::find_if(circle.begin(), circle.end(),
                                        [page](const Seat& seat) { return seat.page == page; });
        RC_ASSERT(machine.reference(page) == (found == circle.end()));
        if (found != circle.end()) {
            found->accessed = true;
        } else if (circle.size() < frames) {
            circle.push_back({page, true});
        } else {
            for (; circle[hand].accessed; hand = (hand + 1) % frames) {
                circle[hand].accessed = false;
            }
            RC_ASSERT(machine.last_evicted() == circle[hand].page);
            circle[hand] = {page, true};
            hand = (hand + 1) % frames;
        }
    }
}

/// References, writes and ticks at random, and before each choice what a full scan would say of every page.
template <typename Rank>
void expect_lowest_rank(ReplacementKind kind, const Rank& rank) {
    constexpr std::uint32_t kFrames = 10;
    for (const std::uint32_t seed : {1, 2, 3}) {
        std::mt19937 random(seed);
        simulated::Memory memory(kFrames);
        ReplacementSlot slot;
        ReplacementPolicy& policy = slot.start(kind, memory.setup());
        simulated::Bits bits(kFrames);
        std::array<bool, kFrames> accessed{};  // Since the last tick, whoever has asked in between.
        std::array<std::uint8_t, kFrames> counters{};
        const auto access = [&](FrameIndex frame) {
            bits.accessed[frame] = accessed[frame] = true;
            bits.dirty[frame] = bits.dirty[frame] || random() % 4 == 0;
        };
        for (FrameIndex frame = 0; frame < kFrames; ++frame) {
            policy.entered(frame, {1, frame}, 0, bits);
            access(frame);
        }
        for (std::uint32_t step = 0; step < 3'000; ++step) {
            if (random() % 5 == 0) {
                policy.tick(0, bits);
                for (FrameIndex frame = 0; frame < kFrames; ++frame) {
                    counters[frame] =
                        static_cast<std::uint8_t>((counters[frame] >> 1) | (accessed[frame] ? 0x80 : 0));
                }
                accessed = {};
            } else if (random() % 3 == 0) {
                const FrameIndex victim = policy.choose({1, step}, 0, bits).value();
                for (FrameIndex frame = 0; frame < kFrames; ++frame) {
                    ASSERT_LE(rank(accessed[victim], bits.dirty[victim], counters[victim]),
                              rank(accessed[frame], bits.dirty[frame], counters[frame]))
                        << name_of(kind) << ", seed " << seed << ", step " << step;
                }
                policy.left(victim, ReplacementPolicy::Departure::kEvicted);
                counters[victim] = 0;
                bits.dirty[victim] = false;
                policy.entered(victim, {1, step}, 0, bits);
                access(victim);
            } else {
                access(static_cast<FrameIndex>(random() % kFrames));
            }
        }
    }
}

TEST(Replacement, nru_takes_from_the_lowest_class_that_a_full_scan_would_find) {
    expect_lowest_rank(ReplacementKind::kNru, [](bool accessed, bool dirty, std::uint8_t) {
        return (accessed ? 2 : 0) + (dirty ? 1 : 0);
    });
}

TEST(Replacement, aging_takes_the_lowest_counter_that_a_full_scan_would_find) {
    expect_lowest_rank(ReplacementKind::kAging, [](bool accessed, bool, std::uint8_t counter) {
        return (accessed ? 0x100 : 0) + counter;
    });
}

}  // namespace
}  // namespace mm
