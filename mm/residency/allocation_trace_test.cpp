#include "mm/residency/allocation_trace.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "lab/allocation/simulation.hpp"

namespace mm {
namespace {

using Outcome = AllocationReplay::Outcome;

class Bytes final : public TraceSink {
  public:
    void append(std::span<const std::byte> bytes) override {
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::byte> all;
};

/// A replay with room for `Count` programs.
struct Replay {
    explicit Replay(const AllocationTuning& allocation = {}, const LoadTuning& tuning = {},
                    std::size_t room = 16)
        : policies(allocation), load(tuning), known(room), asked(room), programs(room), candidates(room) {}

    AllocationPolicies policies;
    LoadControl load;
    std::vector<ProgramShare> known, asked;
    std::vector<LoadProgram> programs;
    std::vector<LastResortCandidate> candidates;
    AllocationReplay replay{policies, load, {known, asked, programs, candidates}};
    int events = 0;

    /// Replays until something is not the same; what that was.
    Outcome run(std::span<const std::byte> bytes) {
        TraceReader reader(bytes);
        for (;;) {
            const Outcome outcome = replay.step(reader);
            if (outcome != Outcome::kSame) {
                return outcome;
            }
            ++events;
        }
    }
};

/// A run in which quotas move and programs are suspended and resumed.
std::vector<std::byte> recorded(const std::string& scheme) {
    std::vector<simulation::ProgramPlan> plans;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto size = static_cast<PageCount>(150 + 60 * i);
        const auto reference = simulation::localities(size, 80 + 20 * static_cast<PageCount>(i), 5'000, i);
        plans.push_back({.name = "one of four", .size = size, .references = 20'000, .reference = reference});
    }
    simulation::Machine machine{.frames = 250, .reference_time = 50};
    machine.scheme = scheme;
    machine.load_controlled = simulation::Machine::LoadControlled::kYes;
    machine.load.shortest_turn = 300'000;
    Bytes bytes;
    simulation::Simulation(machine, plans, &bytes).run();
    return bytes.all;
}

LoadTuning tuning_of_the_record() {
    LoadTuning tuning;
    tuning.shortest_turn = 300'000;
    return tuning;
}

class AllocationTrace : public testing::TestWithParam<std::string> {};

TEST_P(AllocationTrace, a_replay_decides_the_same_event_for_event) {
    const std::vector<std::byte> bytes = recorded(GetParam());
    Replay replay({}, tuning_of_the_record());
    EXPECT_EQ(replay.run(bytes), Outcome::kEnd);
    EXPECT_GT(replay.events, 20);
}

TEST_P(AllocationTrace, a_changed_answer_is_noticed) {
    std::vector<std::byte> bytes = recorded(GetParam());
    bytes.back() = bytes.back() ^ std::byte{1};  // the last decision's, a program resumed or not
    Replay replay({}, tuning_of_the_record());
    EXPECT_NE(replay.run(bytes), Outcome::kEnd);
}

INSTANTIATE_TEST_SUITE_P(EachScheme, AllocationTrace,
                         testing::Values("none", "equal", "proportional", "priority", "working-set",
                                         "fault-frequency"),
                         [](const auto& scheme) {
                             std::string name = scheme.param;
                             std::erase(name, '-');
                             return name;
                         });

/// Whether the record under `scheme` tells a changed constant.
Outcome with(const std::string& scheme, const AllocationTuning& allocation, const LoadTuning& load) {
    return Replay(allocation, load).run(recorded(scheme));
}

TEST(AllocationTraceConstants, each_of_the_schemes_is_noticed_when_changed) {
    const LoadTuning load = tuning_of_the_record();
    ASSERT_EQ(with("working-set", {}, load), Outcome::kEnd);
    EXPECT_EQ(with("working-set", {.window = 100'001}, load), Outcome::kDiffers);
    EXPECT_EQ(with("working-set", {.steady_part = 4}, load), Outcome::kDiffers);
    EXPECT_EQ(with("fault-frequency", {.grow_below = 2}, load), Outcome::kDiffers);
    EXPECT_EQ(with("fault-frequency", {.shrink_above = 4}, load), Outcome::kDiffers);
    EXPECT_EQ(with("fault-frequency", {.grow_part = 5}, load), Outcome::kDiffers);
    EXPECT_EQ(with("fault-frequency", {.shrink_part = 17}, load), Outcome::kDiffers);
    EXPECT_EQ(with("fault-frequency", {.evidence = 17}, load), Outcome::kDiffers);
}

/// Reviews of a load that comes and goes, on disks from fast to slow.
std::vector<std::byte> recorded_reviews() {
    AllocationPolicies policies;
    LoadControl load;
    Bytes bytes;
    RecordedAllocation recorded_calls(policies, load, bytes);
    std::vector<LoadProgram> programs(5);
    LoadSample sample{.frames = 1000};
    for (std::uint64_t step = 0; step < 3000; ++step) {
        const auto any = [step](std::uint64_t seed, std::uint32_t below) {
            return static_cast<std::uint32_t>(simulation::hashed(seed, step) % below);
        };
        sample.fault_time = 200 << (step / 1000 * 3);
        const std::uint32_t faults = 100 + any(1, 500);
        const std::uint32_t ghosts = any(2, faults);
        sample.faults += faults;
        sample.ghost_hits += ghosts;
        sample.cpu_time += ghosts * any(3, 4 * sample.fault_time);
        sample.now += faults * (sample.fault_time + any(4, 2 * sample.fault_time));
        for (LoadProgram& program : programs) {
            program.id = static_cast<std::uint32_t>(&program - programs.data());
            program.resident = any(10 + program.id, 400);
        }
        const LoadDecision decision = recorded_calls.review(sample, programs);
        if (decision.suspend) {
            programs[*decision.suspend].state = LoadProgram::State::kSuspended;
            programs[*decision.suspend].since = sample.now;
        }
        if (decision.resume) {
            programs[*decision.resume].state = LoadProgram::State::kActive;
            programs[*decision.resume].since = sample.now;
        }
    }
    return bytes.all;
}

TEST(AllocationTraceConstants, each_of_load_control_is_noticed_when_changed) {
    const std::vector<std::byte> bytes = recorded_reviews();
    const auto changed = [&](auto change) {
        LoadTuning load;
        change(load);
        return Replay({}, load).run(bytes);
    };
    EXPECT_EQ(changed([](LoadTuning&) {}), Outcome::kEnd);
    EXPECT_EQ(changed([](LoadTuning& load) { load.period_part = 3; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.thrashing_below = 2; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.calm_above = 3; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.ghost_part = 5; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.settle_periods = 2; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.turn_loads = 5; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.shortest_turn = 2'500'000; }), Outcome::kDiffers);
    EXPECT_EQ(changed([](LoadTuning& load) { load.longest_turn = 9'000'000; }), Outcome::kDiffers);
}

TEST(AllocationTraceFormat, one_call_is_the_bytes_that_are_documented) {
    AllocationPolicies policies;
    LoadControl load;
    Bytes bytes;
    RecordedAllocation recorded_calls(policies, load, bytes);
    std::vector<ProgramShare> programs(2);
    programs[0].facts = {.id = 7, .size = 10, .minimum = 1, .nice = -1};
    programs[1].facts = {.id = 9, .size = 127, .minimum = 1};
    recorded_calls.allocate(2, {.frames = 62, .fault_time = 3}, programs);
    const std::vector<int> wanted{0x40, 2,   62, 3, 2,                 //
                                  7,    10,  0,  1, 0, 0, 0, 0, 0, 1,  //
                                  9,    127, 0,  1, 0, 0, 0, 0, 0, 0,  //
                                  1,    0,   0,  5, 58};
    std::vector<int> written;
    for (const std::byte byte : bytes.all) {
        written.push_back(std::to_integer<int>(byte));
    }
    EXPECT_EQ(written, wanted);
}

TEST(AllocationTraceFormat, the_last_resort_is_recorded_and_replayed) {
    AllocationPolicies policies;
    LoadControl load;
    Bytes bytes;
    RecordedAllocation recorded_calls(policies, load, bytes);
    const std::vector<LastResortCandidate> candidates{
        {.id = 2, .score_adjustment = -17, .resident = 500},
        {.id = 3, .state = LastResortCandidate::State::kEnding, .swapped = 900, .tables = 4},
    };
    EXPECT_EQ(recorded_calls.last_resort(candidates, 10'000), 2U);
    Replay replay;
    EXPECT_EQ(replay.run(bytes.all), Outcome::kEnd);
    EXPECT_EQ(replay.events, 1);
    bytes.all.back() = std::byte{4};
    EXPECT_EQ(Replay().run(bytes.all), Outcome::kDiffers);
}

TEST(AllocationTraceFormat, events_of_others_are_left_to_them) {
    const std::vector bytes{std::byte{0x01}, std::byte{0x02}};
    TraceReader reader(bytes);
    Replay replay;
    EXPECT_EQ(replay.replay.step(reader), Outcome::kNotMine);
    EXPECT_EQ(reader.next_kind(), 1);
}

TEST(AllocationTraceFormat, who_is_forgotten_is_known_no_more) {
    AllocationPolicies policies;
    LoadControl load;
    Bytes bytes;
    RecordedAllocation recorded_calls(policies, load, bytes);
    // Many more programs than there is room for, one after the other.
    for (std::uint32_t id = 1; id <= 100; ++id) {
        std::vector<ProgramShare> programs(1);
        programs[0].facts = {.id = id, .size = 100, .minimum = 8};
        recorded_calls.allocate(5, {.frames = 62}, programs);
        recorded_calls.forget(programs[0]);
    }
    EXPECT_EQ(Replay({}, {}, 1).run(bytes.all), Outcome::kEnd);
}

TEST(AllocationTraceFormat, a_trace_cut_anywhere_is_bad_or_ends_and_never_more) {
    std::vector<std::byte> bytes = recorded("working-set");
    bytes.resize(std::min<std::size_t>(bytes.size(), 600));
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        const Outcome outcome = Replay({}, tuning_of_the_record()).run(std::span(bytes).first(cut));
        EXPECT_TRUE(outcome == Outcome::kBadTrace || outcome == Outcome::kEnd) << cut;
    }
}

RC_GTEST_PROP(AllocationTraceFormat, any_bytes_are_survived, (const std::vector<std::uint8_t>& noise)) {
    std::vector<std::byte> bytes{
        static_cast<std::byte>(*rc::gen::element(0x40, 0x41, 0x42, 0x60, 0x61, 0x70))};
    for (const std::uint8_t byte : noise) {
        bytes.push_back(std::byte{byte});
    }
    RC_ASSERT(Replay({}, {}, 2).run(bytes) != Outcome::kSame);
}

}  // namespace
}  // namespace mm
