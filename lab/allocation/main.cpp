// allocation_lab    four mixes of programs in memories of four sizes, under every scheme, with and without load
//                   control
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "lab/allocation/simulation.hpp"
#include "lab/printed.hpp"

namespace {

using mm::simulation::Machine;
using mm::simulation::Outcome;
using mm::simulation::ProgramPlan;

struct Mix {
    std::string name;
    std::vector<ProgramPlan> programs;
};

/// A program that stays in localities of that many pages for so many references each.
ProgramPlan local(const std::string& name, mm::PageCount size, mm::PageCount working_set,
                  std::uint64_t references, std::uint64_t phase, std::uint64_t seed) {
    return {.name = name,
            .size = size,
            .references = references,
            .reference = mm::simulation::localities(size, working_set, phase, seed)};
}

ProgramPlan looping(const std::string& name, mm::PageCount size, std::uint64_t references,
                    std::uint64_t stay) {
    return {
        .name = name, .size = size, .references = references, .reference = mm::simulation::loop(size, stay)};
}

ProgramPlan skewed(const std::string& name, mm::PageCount size, std::uint64_t references,
                   std::uint64_t seed) {
    return {.name = name,
            .size = size,
            .references = references,
            .reference = mm::simulation::skewed(size, seed)};
}

std::vector<Mix> mixes() {
    Mix alike{"eight alike", {}};
    for (std::uint64_t i = 0; i < 8; ++i) {
        alike.programs.push_back(local("alike", 400, 200, 600'000, 100'000, 10 + i));
    }
    Mix huge{"two huge, four small", {}};
    for (std::uint64_t i = 0; i < 6; ++i) {
        huge.programs.push_back(i < 2 ? local("huge", 2500, 900, 1'200'000, 400'000, 30 + i)
                                      : local("small", 80, 60, 1'200'000, 100'000, 38 + i));
    }
    return {{"four unequal",
             {local("small", 60, 50, 1'500'000, 100'000, 1), local("medium", 600, 250, 1'500'000, 200'000, 2),
              local("large", 1500, 500, 1'500'000, 300'000, 3), skewed("skewed", 1200, 1'500'000, 4)}},
            {"loop, scan, locality, skew",
             {looping("loop", 700, 1'500'000, 40), looping("scan", 4000, 1'000'000, 100),
              local("local", 800, 300, 1'500'000, 150'000, 5), skewed("skewed", 1000, 1'500'000, 6)}},
            alike,
            huge};
}

struct Row {
    std::string scheme;
    Outcome outcome;
};

constexpr mm::Moment kLimit = 1'000'000'000;

std::vector<Row> run(const Mix& mix, mm::FrameCount frames) {
    std::vector<Row> rows;
    const mm::AllocationPolicies policies;
    for (const auto controlled : {Machine::LoadControlled::kNo, Machine::LoadControlled::kYes}) {
        for (const mm::AllocationPolicy* policy : policies.all()) {
            Machine machine{.frames = frames, .load_controlled = controlled};
            machine.scheme = policy->name();
            Outcome outcome = mm::simulation::Simulation(machine, mix.programs).run(kLimit);
            rows.push_back({machine.scheme + (controlled == Machine::LoadControlled::kYes ? " +load" : ""),
                            std::move(outcome)});
        }
    }
    return rows;
}

void print(const Mix& mix, mm::FrameCount frames, const std::vector<Row>& rows) {
    mm::Moment best = kLimit;
    for (const Row& row : rows) {
        best = std::min(best, row.outcome.finished);
    }
    std::cout << lab::printed("\n%s, %u frames\n%-22s%9s%7s%9s%11s%9s   mean quota/faults of each\n",
                              mix.name.c_str(), frames, "scheme", "seconds", "/best", "faults", "suspended",
                              "longest");
    for (const Row& row : rows) {
        mm::Moment longest = 0;
        std::string each;
        for (const mm::simulation::ProgramOutcome& program : row.outcome.programs) {
            longest = std::max(longest, program.longest_suspended);
            each += row.scheme.starts_with("none")
                        ? lab::printed(" %u", program.faults)
                        : lab::printed(" %u/%u", program.mean_quota(), program.faults);
        }
        const auto seconds = [](mm::Moment moment) { return static_cast<double>(moment) / 1e6; };
        std::cout << lab::printed("%-22s%s%8.1f%7.2f%9u%11u%9.1f  %s\n", row.scheme.c_str(),
                                  row.outcome.finished >= kLimit ? ">" : " ", seconds(row.outcome.finished),
                                  seconds(row.outcome.finished) / seconds(best), row.outcome.faults,
                                  row.outcome.suspensions, seconds(longest), each.c_str());
    }
}

}  // namespace

int main() {
    std::cout
        << "# A reference stands for 10 us of work, a fault takes 1 ms of one disk. Least recently used goes "
           "first.\n# Stopped after 1000 s (>). Longest: how many seconds one program was suspended at "
           "most.\n";
    for (const Mix& mix : mixes()) {
        for (const mm::FrameCount frames : {300U, 600U, 1000U, 1500U}) {
            print(mix, frames, run(mix, frames));
        }
    }
    return 0;
}
