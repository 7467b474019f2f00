#include "lab/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "lab/printed.hpp"
#include "mm/residency/replacement_factory.hpp"

namespace lab {

namespace {

constexpr double kHighestMean = 1.60;
constexpr double kHighestCell = 3.0;
constexpr double kNearExact = 1.02;
constexpr double kOverClock = 1.05;
constexpr double kOverClockAFrame = 0.25;

std::string place_of(const Cell& cell) {
    return cell.trace + " at " + std::to_string(cell.percent) + " %";
}

std::vector<const Cell*> cells_for(const std::vector<Cell>& cells, Use use) {
    std::vector<const Cell*> chosen;
    for (const Cell& cell : cells) {
        if (cell.use == use) {
            chosen.push_back(&cell);
        }
    }
    return chosen;
}

double geometric_mean(const std::vector<const Cell*>& cells, const std::string& policy) {
    double sum = 0;
    for (const Cell* cell : cells) {
        sum += std::log(cell->ratio(policy));
    }
    return cells.empty() ? 0 : std::exp(sum / static_cast<double>(cells.size()));
}

const Cell* worst_cell(const std::vector<const Cell*>& cells, const std::string& policy) {
    const auto worst =
        std::ranges::max_element(cells, {}, [&policy](const Cell* cell) { return cell->ratio(policy); });
    return worst == cells.end() ? nullptr : *worst;
}

double faults_of(const Cell& cell, const std::string& policy) {
    return static_cast<double>(cell.outcomes.at(policy).faults);
}

bool is_too_bad(const Cell& cell, const std::string& policy) {
    const double exact = std::min(cell.ratio("lru"), cell.ratio(kExactS3Fifo));
    return cell.ratio(policy) > kHighestCell && cell.ratio(policy) > kNearExact * exact;
}

bool is_far_worse_than_clock(const Cell& cell, const std::string& policy) {
    return faults_of(cell, policy) > kOverClock * faults_of(cell, "clock") + kOverClockAFrame * cell.frames;
}

}  // namespace

double Cell::ratio(const std::string& policy) const {
    return static_cast<double>(outcomes.at(policy).faults) / static_cast<double>(outcomes.at("opt").faults);
}

std::vector<std::string> all_policies() {
    std::vector<std::string> names{"opt", "lru", kExactS3Fifo};
    names.insert(names.end(), mm::kReplacementNames.begin(), mm::kReplacementNames.end());
    return names;
}

std::vector<Cell> compare(const Trace& trace, Use use) {
    constexpr std::uint32_t kFewestFrames = 8;
    std::vector<Cell> cells;
    for (const std::uint32_t percent : kPercents) {
        const std::uint32_t frames = std::max(trace.footprint * percent / 100, kFewestFrames);
        Cell cell{.trace = trace.name,
                  .use = use,
                  .percent = percent,
                  .frames = frames,
                  .references = trace.references.size(),
                  .outcomes = {}};
        for (const std::string& policy : all_policies()) {
            cell.outcomes[policy] = policy == kExactS3Fifo
                                        ? Outcome{.faults = exact_s3fifo_faults(trace, frames)}
                                        : replay(trace, policy, frames);
        }
        cells.push_back(std::move(cell));
    }
    return cells;
}

void print_policies(std::ostream& out, const std::vector<Cell>& cells) {
    const auto reporting = cells_for(cells, Use::kReporting);
    const auto tuning = cells_for(cells, Use::kTuning);
    out << printed("%-14s%6s%7s  %-21s%6s%7s  %-21s%6s%8s\n", "", "mean", "worst", "(reported on)", "mean",
                   "worst", "(tuned on)", "bits", "clears");
    for (const std::string& policy : all_policies()) {
        out << printed("%-14s", policy.c_str());
        for (const auto& chosen : {reporting, tuning}) {
            if (const Cell* worst = worst_cell(chosen, policy)) {
                out << printed("%6.3f%7.2f  %-21s", geometric_mean(chosen, policy), worst->ratio(policy),
                               place_of(*worst).c_str());
            }
        }
        double faults = 0;
        double read = 0;
        double cleared = 0;
        for (const Cell& cell : cells) {
            const Outcome& outcome = cell.outcomes.at(policy);
            faults += static_cast<double>(outcome.faults);
            read += static_cast<double>(outcome.bits_read);
            cleared += static_cast<double>(outcome.bits_cleared);
        }
        if (read != 0) {
            out << printed("%6.1f%8.1f", read / faults, cleared / faults);
        }
        out << '\n';
    }
}

void print_cells(std::ostream& out, const std::vector<Cell>& cells) {
    const auto width_of = [](const std::string& policy) {
        return static_cast<int>(std::max<std::size_t>(policy.size() + 2, 7));
    };
    out << printed("%-13s%7s%8s%10s", "trace", "memory", "frames", "opt");
    for (const std::string& policy : all_policies()) {
        if (policy != "opt") {
            out << printed("%*s", width_of(policy), policy.c_str());
        }
    }
    out << '\n';
    for (const Cell& cell : cells) {
        out << printed("%-13s%5u %%%8u%10.0f", cell.trace.c_str(), cell.percent, cell.frames,
                       faults_of(cell, "opt"));
        for (const std::string& policy : all_policies()) {
            if (policy != "opt") {
                out << printed("%*.2f", width_of(policy), cell.ratio(policy));
            }
        }
        out << '\n';
    }
}

bool print_bars(std::ostream& out, const std::vector<Cell>& cells, const std::string& policy) {
    const auto chosen = cells_for(cells, Use::kReporting);
    const double mean = geometric_mean(chosen, policy);
    bool holds = mean <= kHighestMean;
    out << printed("%s: geometric mean %.3f, at most %.2f: %s\n", policy.c_str(), mean, kHighestMean,
                   holds ? "holds" : "BROKEN");

    const auto print_breakers = [&](const char* bar, auto is_broken) {
        std::vector<const Cell*> broken;
        std::ranges::copy_if(chosen, std::back_inserter(broken),
                             [&](const Cell* cell) { return is_broken(*cell, policy); });
        out << printed("%s: %s: %s\n", policy.c_str(), bar, broken.empty() ? "holds" : "BROKEN");
        for (const Cell* cell : broken) {
            out << printed("    %s, %u frames: %.3f, where clock has %.3f, lru %.3f, %s %.3f\n",
                           place_of(*cell).c_str(), cell->frames, cell->ratio(policy), cell->ratio("clock"),
                           cell->ratio("lru"), kExactS3Fifo, cell->ratio(kExactS3Fifo));
        }
        holds = holds && broken.empty();
    };
    print_breakers("no cell above 3, or within 2 % of the best exact-reference policy there", is_too_bad);
    print_breakers("no cell above 1.05 x clock + 0.25 faults a frame", is_far_worse_than_clock);
    return holds;
}

}  // namespace lab
