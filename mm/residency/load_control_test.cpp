#include "mm/residency/load_control.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "lab/allocation/simulation.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Reason = LoadDecision::Reason;
using State = LoadProgram::State;
constexpr FrameCount kFrames = 1000;
constexpr CpuTime kFaultTime = 1000;

LoadDecision suspend(std::uint32_t id) {
    return {Reason::kThrashing, id, {}};
}
LoadDecision resume(Reason reason, std::uint32_t id) {
    return {reason, {}, id};
}

/// A system that pages, a period at a time.
struct Paging {
    LoadControl control;
    LoadSample sample{.frames = kFrames, .fault_time = kFaultTime};
    std::vector<LoadProgram> programs;

    /// A program's number is its place in the list.
    explicit Paging(const std::vector<FrameCount>& resident) {
        for (const FrameCount frames : resident) {
            programs.push_back({.id = static_cast<std::uint32_t>(programs.size()), .resident = frames});
        }
        // Begun so long ago that nobody is spared.
        sample.now = 100'000'000;
        control.review(sample, programs);
    }

    /// A period in which so many of each hundred faults hit ghosts, with so much CPU time for each of these.
    LoadDecision period(std::uint32_t ghosts_per_hundred, CpuTime cpu_per_ghost) {
        constexpr std::uint32_t kFaults = kFrames / 2;
        const std::uint32_t ghosts = kFaults * ghosts_per_hundred / 100;
        sample.faults += kFaults;
        sample.ghost_hits += ghosts;
        sample.cpu_time += ghosts * cpu_per_ghost;
        sample.now += Moment{kFaults} * kFaultTime;
        return ask();
    }
    LoadDecision ask() {
        const LoadDecision decision = control.review(sample, programs);
        obey(decision);
        return decision;
    }
    void obey(const LoadDecision& decision) {
        if (decision.suspend) {
            programs[*decision.suspend].state = State::kSuspended;
            programs[*decision.suspend].since = sample.now;
        }
        if (decision.resume) {
            programs[*decision.resume].state = State::kActive;
            programs[*decision.resume].since = sample.now;
        }
    }
};

constexpr CpuTime kThrashing = kFaultTime / 2;
constexpr CpuTime kBetween = kFaultTime * 3 / 2;
constexpr CpuTime kCalm = kFaultTime * 3;

TEST(LoadControl, the_largest_is_suspended_when_faults_on_ghosts_come_faster_than_the_disk) {  // E10
    Paging paging({100, 600, 300});
    EXPECT_EQ(paging.period(90, kThrashing), suspend(1));
}

TEST(LoadControl, there_is_no_thrashing_with_time_to_work_or_few_ghosts_or_one_program) {
    Paging paging({100, 600, 300});
    EXPECT_EQ(paging.period(90, kBetween), LoadDecision{});
    EXPECT_EQ(paging.period(90, kCalm), LoadDecision{});
    EXPECT_EQ(paging.period(10, 1), LoadDecision{});
    Paging alone({1000});
    EXPECT_EQ(alone.period(90, kThrashing), LoadDecision{});
    EXPECT_EQ(alone.period(90, kThrashing), LoadDecision{});
}

TEST(LoadControl, nothing_is_concluded_before_half_a_memory_of_faults) {
    Paging paging({500, 500});
    paging.sample.faults += kFrames / 2 - 1;
    paging.sample.ghost_hits += kFrames / 2 - 1;
    EXPECT_FALSE(paging.control.due(paging.sample));
    EXPECT_EQ(paging.ask(), LoadDecision{});
    ++paging.sample.faults;
    EXPECT_TRUE(paging.control.due(paging.sample));
    EXPECT_EQ(paging.ask(), suspend(0));
}

TEST(LoadControl, the_counters_may_wrap) {
    Paging paging({500});
    paging.sample.faults = ~0U - 100;
    paging.sample.ghost_hits = ~0U - 50;
    paging.sample.cpu_time = ~0U - 1000;
    ASSERT_EQ(paging.ask(), LoadDecision{});
    paging.programs.push_back({.id = 1, .resident = 501});
    EXPECT_EQ(paging.period(90, kThrashing), suspend(1));
}

TEST(LoadControl, who_was_suspended_first_is_resumed_first_when_it_is_calm) {
    Paging paging({100, 600, 300, 50});
    ASSERT_EQ(paging.period(90, kThrashing), suspend(1));
    EXPECT_EQ(paging.period(90, kThrashing), LoadDecision{});  // what stayed is loading its pages
    ASSERT_EQ(paging.period(90, kThrashing), suspend(2));
    EXPECT_EQ(paging.period(90, kCalm), LoadDecision{});
    EXPECT_EQ(paging.period(90, kBetween), LoadDecision{});
    EXPECT_EQ(paging.period(90, kCalm), resume(Reason::kCalm, 1));
    EXPECT_EQ(paging.period(0, 1), LoadDecision{});
    EXPECT_EQ(paging.period(0, 1), resume(Reason::kCalm, 2));
}

TEST(LoadControl, who_ends_makes_room) {
    Paging paging({100, 600, 300});
    EXPECT_EQ(paging.control.program_ended(paging.sample, paging.programs), LoadDecision{});
    ASSERT_EQ(paging.period(90, kThrashing), suspend(1));
    paging.programs[2].resident = 0;
    EXPECT_EQ(paging.control.program_ended(paging.sample, paging.programs), resume(Reason::kEnded, 1));
}

TEST(LoadControl, a_disk_half_idle_is_calm_whatever_the_faults_were) {
    Paging paging({500, 500});
    ASSERT_EQ(paging.period(90, kThrashing), suspend(0));
    paging.sample.faults += 10;
    paging.sample.ghost_hits += 10;
    paging.sample.now += Moment{kFrames} * kFaultTime;
    EXPECT_FALSE(paging.control.due(paging.sample));
    EXPECT_EQ(paging.ask(), LoadDecision{});
    ++paging.sample.now;
    EXPECT_TRUE(paging.control.due(paging.sample));
    EXPECT_EQ(paging.ask(), resume(Reason::kCalm, 0));
}

TEST(LoadControl, nobody_active_is_no_reason_to_wait) {
    Paging paging({500, 500});
    ASSERT_EQ(paging.period(90, kThrashing), suspend(0));
    paging.programs.pop_back();
    EXPECT_EQ(paging.ask(), resume(Reason::kNobodyActive, 0));
}

TEST(LoadControl, under_lasting_load_the_programs_take_turns) {
    constexpr std::size_t kPrograms = 5;
    Paging paging(std::vector<FrameCount>(kPrograms, 200));
    std::vector<Moment> waited(kPrograms);
    std::vector<unsigned> resumed(kPrograms);
    for (int period = 0; period < 400; ++period) {
        const std::vector<LoadProgram> before = paging.programs;
        const LoadDecision decision = paging.period(90, kThrashing);
        std::size_t active = 0;
        for (const LoadProgram& program : paging.programs) {
            active += program.state == State::kActive ? 1 : 0;
        }
        ASSERT_GE(active, 1U);
        if (decision.resume) {
            const std::size_t id = *decision.resume;
            waited[id] = std::max(waited[id], paging.sample.now - before[id].since);
            ++resumed[id];
        }
    }
    // Asked once a period, it may be late by one each time.
    const Moment period = Moment{kFrames} / 2 * kFaultTime;
    for (std::size_t id = 0; id < kPrograms; ++id) {
        EXPECT_GE(resumed[id], 5U) << id;
        EXPECT_LE(waited[id], kPrograms * (paging.control.turn(paging.sample) + period)) << id;
    }
}

TEST(LoadControl, a_turn_fills_memory_a_few_times_within_bounds) {
    const LoadTuning tuning;
    const LoadControl control;
    EXPECT_EQ(control.turn({.frames = 1000, .fault_time = 1000}), 4'000'000U);
    EXPECT_EQ(control.turn({.frames = 10, .fault_time = 100}), tuning.shortest_turn);
    EXPECT_EQ(control.turn({.frames = kMostFrames, .fault_time = ~0U}), tuning.longest_turn);
}

TEST(LoadControl, a_fault_takes_some_time) {
    Paging paging({500});
    paging.sample.fault_time = 0;
    EXPECT_THROW(paging.ask(), host::Panic);
}

// Whole systems, simulated: see the head of the simulation.

using simulation::Machine;
using simulation::Outcome;

Outcome simulate(FrameCount frames, Machine::LoadControlled controlled, std::size_t programs,
                 Moment limit = ~Moment{0}) {
    constexpr PageCount kSize = 200;
    constexpr PageCount kWorkingSet = 100;
    std::vector<simulation::ProgramPlan> plans;
    for (std::size_t i = 0; i < programs; ++i) {
        plans.push_back({.name = "one of several",
                         .size = kSize,
                         .references = 40'000,
                         .reference = simulation::localities(kSize, kWorkingSet, 20'000, i)});
    }
    Machine machine{.frames = frames, .reference_time = 50, .load_controlled = controlled};
    machine.load.shortest_turn = 200'000;
    return simulation::Simulation(machine, plans).run(limit);
}

TEST(LoadControl, whole_programs_get_on_where_they_would_all_stand_still) {  // E10
    // Six programs that each use 100 pages at a time, and 300 frames.
    const Outcome with = simulate(300, Machine::LoadControlled::kYes, 6);
    const Outcome without = simulate(300, Machine::LoadControlled::kNo, 6, 4 * with.finished);
    EXPECT_GT(with.suspensions, 0U);
    EXPECT_GE(without.finished, 4 * with.finished);  // and it was not done then
    for (const simulation::ProgramOutcome& program : with.programs) {
        EXPECT_GT(program.finished, 0U);
        EXPECT_LE(program.longest_suspended, 6 * (with.longest_turn + 500'000));
    }
}

TEST(LoadControl, nobody_is_suspended_while_everything_fits) {
    const Outcome outcome = simulate(1300, Machine::LoadControlled::kYes, 6);
    EXPECT_EQ(outcome.suspensions, 0U);
    for (const simulation::ProgramOutcome& program : outcome.programs) {
        EXPECT_EQ(program.refaults, 0U);
    }
}

}  // namespace
}  // namespace mm
