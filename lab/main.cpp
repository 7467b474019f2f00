// residency_lab compare [--cells] [--bars POLICY] TRACE…   every policy, on generated traces and those of the files
// residency_lab lackey FRAMES MOST_ACCESSES FILE           makes a trace of what lackey prints, on standard input
// residency_lab reduce PERMILLE MOST_REFERENCES IN OUT     reduces it for memories of that share of its footprint
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "lab/comparison.hpp"
#include "lab/generators.hpp"
#include "lab/lackey.hpp"
#include "lab/printed.hpp"
#include "lab/reduction.hpp"

namespace {

using Arguments = std::vector<std::string>;

/// The constants of `horizon` were chosen by these traces; so nothing is claimed on them.
constexpr std::array kTunedOn{"loop", "hot-and-scan", "phases", "nested-loops", "zipf", "sort", "sqlite"};

lab::Use use_of(const lab::Trace& trace) {
    return std::ranges::find(kTunedOn, trace.name) == kTunedOn.end() ? lab::Use::kReporting
                                                                     : lab::Use::kTuning;
}

int compare(const Arguments& arguments) {
    bool show_cells = false;
    std::string policy = "horizon";
    std::vector<lab::Trace> traces = lab::generated_traces();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--cells") {
            show_cells = true;
        } else if (arguments[i] == "--bars" && i + 1 < arguments.size()) {
            policy = arguments[++i];
        } else {
            traces.push_back(lab::read_trace(arguments[i]));
        }
    }

    const auto start = std::chrono::steady_clock::now();
    std::vector<lab::Cell> cells;
    double references = 0;
    std::cout << lab::printed("%-14s%12s%11s\n", "trace", "references", "footprint");
    for (const lab::Trace& trace : traces) {
        std::cout << lab::printed("%-14s%12zu%11u  %s\n", trace.name.c_str(), trace.references.size(),
                                  trace.footprint,
                                  use_of(trace) == lab::Use::kTuning ? "tuned on" : "reported on")
                  << std::flush;
        std::ranges::move(lab::compare(trace, use_of(trace)), std::back_inserter(cells));
        references += static_cast<double>(trace.references.size());
    }
    references *= static_cast<double>(lab::kPercents.size() * lab::all_policies().size());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

    std::cout << "\n# Faults relative to OPT at 5, 10, 25, 50, 75 % of the footprint; accessed bits read and "
                 "cleared a fault.\n"
                 "# Frames are empty at first; the reference that faulted sets the accessed bit after the "
                 "page has come in.\n"
                 "# opt, lru and s3fifo-exact see every reference; the others see accessed bits only.\n";
    lab::print_policies(std::cout, cells);
    std::cout << '\n';
    if (show_cells) {
        lab::print_cells(std::cout, cells);
        std::cout << '\n';
    }
    const bool holds = lab::print_bars(std::cout, cells, policy);
    std::cerr << lab::printed("# %.0f million references in %.1f s\n", references / 1e6, took.count());
    return holds ? 0 : 1;
}

int record(const Arguments& arguments) {
    const auto frames = static_cast<std::uint32_t>(std::stoul(arguments.at(0)));
    std::ios::sync_with_stdio(false);
    const auto pages = lab::read_lackey(std::cin, frames, std::stoull(arguments.at(1)));
    const lab::Trace trace = lab::make_trace("", pages);
    lab::write_trace(trace, arguments.at(2));
    std::cout << lab::printed("%zu references, %u pages\n", trace.references.size(), trace.footprint);
    return 0;
}

int reduce(const Arguments& arguments) {
    const auto permille = static_cast<std::uint32_t>(std::stoul(arguments.at(0)));
    const std::size_t most = std::stoull(arguments.at(1));
    lab::Trace trace = lab::read_trace(arguments.at(2));
    // Cut first: the footprint of what is left says which memory is the smallest.
    std::vector<std::uint64_t> pages(trace.references.begin(), trace.references.end());
    pages.resize(std::min(pages.size(), most));
    trace = lab::make_trace("", pages);
    lab::Reduction reduction(std::max(trace.footprint * permille / 1'000, 4U));
    for (const std::uint32_t page : trace.references) {
        reduction.reference(page);
    }
    trace = lab::make_trace("", reduction.finish());
    lab::write_trace(trace, arguments.at(3));
    std::cout << lab::printed("%zu references, %u pages\n", trace.references.size(), trace.footprint);
    return 0;
}

}  // namespace

int main(int count, char** words) {
    const Arguments arguments(words + std::min(count, 2), words + count);
    const std::string what = count > 1 ? words[1] : "";
    try {
        if (what == "compare") {
            return compare(arguments);
        }
        if (what == "lackey") {
            return record(arguments);
        }
        if (what == "reduce") {
            return reduce(arguments);
        }
        std::cerr << "residency_lab: compare, lackey or reduce\n";
    } catch (const std::exception& error) {
        std::cerr << "residency_lab: " << error.what() << '\n';
    }
    return 2;
}
