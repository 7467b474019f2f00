// What the schemes do to programs that run: see the head of the simulation.
#include "lab/allocation/simulation.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mm {
namespace {

using simulation::Machine;
using simulation::Outcome;

constexpr FrameCount kFrames = 400;

/// One load: a small program, a large one that uses little of it at a time, one that goes round in circles,
/// and one that nobody is waiting for.
std::vector<simulation::ProgramPlan> one_load() {
    return {
        {.name = "small",
         .size = 40,
         .references = 60'000,
         .reference = simulation::localities(40, 30, 10'000, 1)},
        {.name = "large",
         .size = 800,
         .references = 60'000,
         .reference = simulation::localities(800, 60, 12'000, 2)},
        {.name = "circles", .size = 150, .references = 60'000, .reference = simulation::loop(150, 20)},
        {.name = "patient",
         .size = 300,
         .references = 60'000,
         .reference = simulation::localities(300, 120, 15'000, 4),
         .nice = 10},
    };
}

Outcome run(const std::string& scheme, Machine::LoadControlled controlled = Machine::LoadControlled::kNo) {
    Machine machine{.frames = kFrames, .reference_time = 50, .load_controlled = controlled};
    machine.scheme = scheme;
    return simulation::Simulation(machine, one_load()).run();
}

std::vector<FrameCount> mean_quotas(const Outcome& outcome) {
    std::vector<FrameCount> all;
    for (const simulation::ProgramOutcome& program : outcome.programs) {
        all.push_back(program.mean_quota());
    }
    return all;
}

TEST(FrameAllocationSimulation, each_scheme_gives_other_quotas_to_one_load) {  // E4 E5 E10
    std::set<std::vector<FrameCount>> seen;
    for (const std::string scheme : {"equal", "proportional", "priority", "working-set", "fault-frequency"}) {
        const Outcome outcome = run(scheme);
        const std::vector<FrameCount> quotas = mean_quotas(outcome);
        for (const std::vector<FrameCount>& others : seen) {
            int apart = 0;
            for (std::size_t i = 0; i < quotas.size(); ++i) {
                apart += std::abs(static_cast<int>(quotas[i]) - static_cast<int>(others[i]));
            }
            EXPECT_GE(apart, static_cast<int>(kFrames) / 10) << scheme;
        }
        seen.insert(quotas);
        for (const simulation::ProgramOutcome& program : outcome.programs) {
            EXPECT_GT(program.finished, 0U) << scheme;
        }
    }
}

TEST(FrameAllocationSimulation, equal_wastes_frames_on_small_programs_and_proportional_does_not) {  // E4 E5
    const FrameCount small = one_load()[0].size;
    EXPECT_GT(run("equal").programs[0].mean_quota(), 2 * small);
    EXPECT_LT(run("proportional").programs[0].mean_quota(), small);
    // But size is not need: the large program uses 60 pages at a time, and has more than twice that.
    EXPECT_GT(run("proportional").programs[1].mean_quota(), 120U);
    EXPECT_LT(run("working-set").programs[1].mean_quota(), 120U);
}

TEST(FrameAllocationSimulation, priority_takes_from_whom_nobody_waits_for) {  // E10
    const Outcome by_size = run("proportional");
    const Outcome by_priority = run("priority");
    EXPECT_LT(by_priority.programs[3].mean_quota(), by_size.programs[3].mean_quota() / 2);
    EXPECT_GT(by_priority.programs[2].mean_quota(), by_size.programs[2].mean_quota());
}

TEST(FrameAllocationSimulation, under_quotas_a_neighbour_changes_nothing_and_without_them_it_does) {  // E7 E8
    const auto faults_of_circles = [](const std::string& scheme, PageCount neighbour_uses) {
        Machine machine{.frames = kFrames, .reference_time = 50, .quantum = 500};
        machine.scheme = scheme;
        // Its quota is enough for its circle; the neighbour is as large in both cases.
        const std::vector<simulation::ProgramPlan> plans{
            {.name = "circles", .size = 190, .references = 60'000, .reference = simulation::loop(190, 60)},
            {.name = "neighbour",
             .size = 600,
             .references = 60'000,
             .reference = simulation::localities(600, neighbour_uses, 2'000, 2)},
        };
        return simulation::Simulation(machine, plans).run().programs[0].faults;
    };
    EXPECT_EQ(faults_of_circles("equal", 10), 190U);
    EXPECT_EQ(faults_of_circles("equal", 500), 190U);
    EXPECT_EQ(faults_of_circles("none", 10), 190U);
    EXPECT_GT(faults_of_circles("none", 500), 2 * 190U);
}

TEST(FrameAllocationSimulation, the_pool_saves_reads) {
    std::uint32_t rescued = 0;
    for (const simulation::ProgramOutcome& program : run("equal").programs) {
        rescued += program.rescued;
    }
    EXPECT_GT(rescued, 100U);
}

// The default's aim: within a tenth of the best of all schemes at every size of memory, whether those have
// load control or not.
TEST(FrameAllocationSimulation, the_default_is_near_the_best_at_every_size) {
    for (const FrameCount frames : {150U, 250U, 400U, 700U}) {
        const auto time_of = [frames](const std::string& scheme, Machine::LoadControlled controlled) {
            Machine machine{.frames = frames, .reference_time = 50, .load_controlled = controlled};
            machine.scheme = scheme;
            return simulation::Simulation(machine, one_load()).run().finished;
        };
        Moment best = ~Moment{0};
        for (const std::string scheme : {"none", "equal", "proportional", "working-set", "fault-frequency"}) {
            best = std::min({best, time_of(scheme, Machine::LoadControlled::kNo),
                             time_of(scheme, Machine::LoadControlled::kYes)});
        }
        EXPECT_LE(time_of("none", Machine::LoadControlled::kYes), best + best / 10) << frames;
    }
}

}  // namespace
}  // namespace mm
