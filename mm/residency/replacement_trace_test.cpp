// What was recorded replays with the same decisions, event for event; what was not is seen.
#include "mm/residency/replacement_trace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "mm/residency/replacement_programs_test.hpp"
#include "mm/residency/replacement_replayer.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Kind = ReplacementKind;
using Move = ReplacementMove;

struct Recording final : TraceSink {
    void append(std::span<const std::byte> more) override {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
    std::vector<std::byte> bytes;
};

Recording record(std::uint32_t seed, const std::vector<Kind>& kinds, int steps = 2'000) {
    Recording trace;
    simulated::Programs programs(seed, kinds, &trace);
    for (int step = 0; step < steps; ++step) {
        programs.step();
    }
    return trace;
}

struct Desk {
    std::vector<ResidentRecord> records = std::vector<ResidentRecord>(64);
    std::vector<GhostEntry> ghosts = std::vector<GhostEntry>(64);
    std::array<ReplacementReplayer::Place, 4> places;

    Result<std::optional<ReplacementDifference>> replay(
        std::span<const std::byte> trace, const std::optional<ReplacementTuning>& tuning = std::nullopt) {
        return replay_replacement(trace, {.records = records, .ghosts = ghosts, .places = places}, tuning);
    }
    bool agrees(const Recording& trace, const std::optional<ReplacementTuning>& tuning = std::nullopt) {
        const auto result = replay(trace.bytes, tuning);
        EXPECT_TRUE(result.has_value());
        return result.has_value() && !result->has_value();
    }
};

TEST(ReplacementTrace, of_each_policy_replays_event_for_event) {
    for (const Kind kind : simulated::all_kinds()) {
        const Recording trace = record(5, {kind});
        EXPECT_GT(trace.bytes.size(), 10'000u);
        EXPECT_TRUE(Desk().agrees(trace)) << name_of(kind);
    }
}

TEST(ReplacementTrace, of_policies_that_follow_and_stand_beside_one_another_replays) {
    for (const std::uint32_t seed : {1, 2, 3}) {
        EXPECT_TRUE(Desk().agrees(record(seed, simulated::all_kinds()))) << seed;
    }
}

TEST(ReplacementTrace, another_constant_makes_a_difference_to_the_policies_that_use_it) {
    struct Change {
        Kind kind;
        std::uint32_t ReplacementTuning::* constant;
        std::uint32_t value;
    };
    const std::array changes{
        Change{Kind::kClock, &ReplacementTuning::scan_limit, 2},
        Change{Kind::kNru, &ReplacementTuning::ticks_per_look, 2},
        Change{Kind::kAging, &ReplacementTuning::ticks_per_look, 2},
        Change{Kind::kWsClock, &ReplacementTuning::working_set_us, 90'000},
        Change{Kind::kWsClock, &ReplacementTuning::working_set_scan, 10},
        Change{Kind::kTwoQueue, &ReplacementTuning::two_queue_new_percent, 25},
        Change{Kind::kTwoQueue, &ReplacementTuning::two_queue_ghost_percent, 40},
        Change{Kind::kTwoQueue, &ReplacementTuning::scan_limit, 2},
        Change{Kind::kS3Fifo, &ReplacementTuning::s3_small_percent, 25},
        Change{Kind::kS3Fifo, &ReplacementTuning::s3_ghost_percent, 40},
        Change{Kind::kS3Fifo, &ReplacementTuning::s3_deferred_percent, 15},
        Change{Kind::kS3Fifo, &ReplacementTuning::scan_limit, 2},
        Change{Kind::kHorizon, &ReplacementTuning::horizon_looks, 4},
        Change{Kind::kHorizon, &ReplacementTuning::horizon_ghost_percent, 40},
        Change{Kind::kHorizon, &ReplacementTuning::scan_limit, 1},
    };
    for (const Kind kind : simulated::all_kinds()) {
        const Recording trace = record(6, {kind}, 4'000);
        ReplacementTuning all_others;  // Whatever this policy does not use, changed at once.
        for (const auto constant : kReplacementTunings) {
            const auto change = std::find_if(changes.begin(), changes.end(), [&](const Change& known) {
                return known.kind == kind && known.constant == constant;
            });
            if (change == changes.end()) {
                all_others.*constant += 3;
                continue;
            }
            ReplacementTuning tuning;
            tuning.*constant = change->value;
            EXPECT_FALSE(Desk().agrees(trace, tuning))
                << name_of(kind) << ", constant " << change - changes.begin();
        }
        EXPECT_TRUE(Desk().agrees(trace, all_others)) << name_of(kind);
        EXPECT_TRUE(Desk().agrees(trace, ReplacementTuning{})) << name_of(kind);
    }
}

/// Says that it is another policy than it is.
class Impostor final : public ReplacementPolicy {
  public:
    explicit Impostor(ReplacementPolicy& policy) : policy_(policy) {}
    [[nodiscard]] const char* name() const override { return "fifo"; }
    void entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) override {
        policy_.entered(frame, page, now, bits);
    }
    void left(FrameIndex frame, Departure departure) override { policy_.left(frame, departure); }
    std::optional<FrameIndex> choose(PageId incoming, CpuTime now, UseBits& bits) override {
        return policy_.choose(incoming, now, bits);
    }
    void refused(FrameIndex frame) override { policy_.refused(frame); }
    void tick(CpuTime now, UseBits& bits) override { policy_.tick(now, bits); }
    [[nodiscard]] bool check_invariants() const override { return policy_.check_invariants(); }

  private:
    ReplacementPolicy& policy_;
};

/// Two frames, one eviction, by `policy`, which says that it was made of `setup`.
Recording record_two_frames(ReplacementPolicy& policy, const ReplacementSetup& setup) {
    Recording trace;
    trace_replacement_memory(trace, setup.memory);
    TracedReplacement traced(trace, policy, setup);
    simulated::Machine machine(traced, 2);
    for (const std::uint32_t page : {1, 2, 3, 4, 5, 6, 7, 8}) {
        machine.reference(page);
    }
    return trace;
}

TEST(ReplacementTrace, a_policy_that_is_not_what_it_says_is_seen) {
    simulated::Memory memory(2);
    ReplacementSlot slot;
    Impostor impostor(slot.start(Kind::kRandom, memory.setup()));
    EXPECT_FALSE(Desk().agrees(record_two_frames(impostor, memory.setup())));
}

TEST(ReplacementTrace, another_seed_is_seen) {
    for (const std::uint32_t said : {1, 2}) {
        simulated::Memory memory(2);
        ReplacementSlot slot;
        ReplacementPolicy& random = slot.start(Kind::kRandom, memory.setup(1, {}, 1));
        EXPECT_EQ(Desk().agrees(record_two_frames(random, memory.setup(1, {}, said))), said == 1);
    }
}

TEST(ReplacementTrace, the_first_difference_says_where_what_and_who) {
    simulated::Memory memory(2);
    ReplacementSlot slot;
    const Recording trace = record_two_frames(slot.start(Kind::kClock, memory.setup(9)), memory.setup(9));
    // memory, begin, entered, entered, choose, "frame 0?" accessed, "frame 1?" accessed, frame 0
    const auto event = [](ReplacementEvent kind) { return static_cast<std::byte>(kind); };
    std::vector<std::byte> changed = trace.bytes;
    const auto answer = std::find(changed.begin(), changed.end(), event(ReplacementEvent::kAccessed));
    ASSERT_NE(answer, changed.end());
    *answer = event(ReplacementEvent::kNotAccessed);
    const auto result = Desk().replay(changed);
    ASSERT_TRUE(result.has_value() && result->has_value());
    const ReplacementDifference& difference = **result;
    EXPECT_EQ(difference.event, 7u);
    EXPECT_EQ(difference.instance, 9u);
    EXPECT_EQ(difference.expected, (Move{Move::Kind::kAskAccessed, 1}));
    EXPECT_EQ(difference.got, (Move{Move::Kind::kChoose, 0}));
}

TEST(ReplacementTrace, what_no_caller_may_do_is_an_error) {
    using Event = ReplacementEvent;
    const auto outcome_of = [](const std::vector<std::vector<std::uint32_t>>& events) {
        simulated::Memory memory(4);
        ReplacementSlot slot;
        const ReplacementSetup setup = memory.setup(3);
        Recording trace;
        trace_replacement_memory(trace, setup.memory);
        TracedReplacement traced(trace, slot.start(Kind::kClock, setup), setup);
        for (const std::vector<std::uint32_t>& event : events) {
            TraceWriter writer(trace, static_cast<std::uint8_t>(event.front()));
            std::for_each(event.begin() + 1, event.end(),
                          [&](std::uint32_t number) { writer.number(number); });
        }
        const auto result = Desk().replay(trace.bytes);
        return result ? std::optional<Error>() : result.error();
    };
    const auto number = [](Event event) { return static_cast<std::uint32_t>(event); };
    const std::vector<std::uint32_t> enter{number(Event::kEntered), 3, 0, 1, 1, 0};
    EXPECT_EQ(outcome_of({enter}), std::nullopt);
    EXPECT_EQ(outcome_of({enter, enter}), Error::kBadInput);
    EXPECT_EQ(outcome_of({{number(Event::kEntered), 3, 4, 1, 1, 0}}),
              Error::kBadInput);  // There are 4 frames.
    EXPECT_EQ(outcome_of({{number(Event::kEntered), 4, 0, 1, 1, 0}}), Error::kBadInput);  // Nobody began 4.
    EXPECT_EQ(outcome_of({{number(Event::kLeft), 3, 0, 0}}), Error::kBadInput);
    EXPECT_EQ(outcome_of({enter, {number(Event::kLeft), 3, 0, 2}}), Error::kBadInput);
    EXPECT_EQ(outcome_of({enter, {number(Event::kLeft), 3, 0, 1}}), std::nullopt);
    EXPECT_EQ(outcome_of({{number(Event::kRefused), 3, 1}}), Error::kBadInput);
    EXPECT_EQ(outcome_of({{number(Event::kChoose), 3, 1, 1, 0}}), Error::kBadInput);  // And decided what?
    EXPECT_EQ(outcome_of({{number(Event::kMemory), 1, 4, 4}}), Error::kBadInput);
    EXPECT_EQ(outcome_of({{number(Event::kChose), 0}}), Error::kBadInput);
    std::vector<std::uint32_t> begin{number(Event::kBegin),     3, 4, 'f', 'i', 'f', 'o', 1,
                                     kReplacementTunings.size()};
    begin.resize(begin.size() + kReplacementTunings.size());
    EXPECT_EQ(outcome_of({begin}), Error::kBadInput);  // 3 has begun already.
    begin[1] = 4;
    EXPECT_EQ(outcome_of({begin}), std::nullopt);
    begin[3] = 'g';
    EXPECT_EQ(outcome_of({begin}), Error::kBadInput);
    EXPECT_EQ(outcome_of({{0x3F, 3}}), Error::kBadInput);
}

TEST(ReplacementTrace, too_little_room_is_an_error) {
    const Recording trace = record(1, simulated::all_kinds(), 100);
    Desk few_frames;
    few_frames.records.resize(simulated::Programs::kFrames - 1);
    EXPECT_EQ(few_frames.replay(trace.bytes).error(), Error::kNoMemory);
    Desk few_ghosts;
    few_ghosts.ghosts.resize(simulated::Programs::kFrames - 1);
    EXPECT_EQ(few_ghosts.replay(trace.bytes).error(), Error::kNoMemory);
    Desk desk;
    const ReplacementReplayer::Room one_place{
        .records = desk.records, .ghosts = desk.ghosts, .places = std::span(desk.places).first(1)};
    EXPECT_EQ(replay_replacement(trace.bytes, one_place).error(), Error::kNoMemory);
}

TEST(ReplacementTrace, cut_off_anywhere_it_is_an_error_or_agrees_so_far) {
    const Recording trace = record(2, simulated::all_kinds(), 60);
    unsigned errors = 0;
    for (std::size_t length = 0; length < trace.bytes.size(); ++length) {
        const auto result = Desk().replay(std::span(trace.bytes).first(length));
        EXPECT_TRUE(!result || !result->has_value()) << length;
        errors += result ? 0 : 1;
    }
    EXPECT_GT(errors, trace.bytes.size() / 2);
}

TEST(ReplacementTrace, damaged_anywhere_it_reaches_no_policy_that_would_panic) {
    const Recording trace = record(3, simulated::all_kinds(), 200);
    std::mt19937 random(3);
    unsigned errors = 0;
    unsigned differences = 0;
    for (int round = 0; round < 2'000; ++round) {
        std::vector<std::byte> damaged = trace.bytes;
        for (unsigned i = 0; i <= random() % 3; ++i) {
            damaged[random() % damaged.size()] = static_cast<std::byte>(random());
        }
        const auto result = Desk().replay(damaged);
        errors += result ? 0 : 1;
        differences += result && result->has_value() ? 1 : 0;
    }
    EXPECT_GT(errors, 100u);
    EXPECT_GT(differences, 100u);
}

}  // namespace
}  // namespace mm
