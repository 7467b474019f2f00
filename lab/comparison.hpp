// Every policy on every trace at every memory size, relative to OPT; and whether the best of them is as good as was asked.
//
// A cell is one trace in a memory of so many percent of its footprint. The bars are for one policy that a kernel can run,
// over the cells of traces that it was not tuned on:
//
//   mean     the geometric mean of faults / OPT's is at most 1.60
//   worst    none is above 3, unless within 2 % of the best policy that sees every reference, in the same cell
//   clock    none has more than 1.05 times clock's faults and a quarter of a fault for each frame
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "lab/replay.hpp"

namespace lab {

inline constexpr std::array<std::uint32_t, 5> kPercents{5, 10, 25, 50, 75};
/// The name, in results, of what exact_s3fifo_faults() gives.
inline constexpr const char* kExactS3Fifo = "s3fifo-exact";

/// What a trace is there for.
enum class Use : std::uint8_t { kTuning, kReporting };

struct Cell {
    std::string trace;
    Use use;
    std::uint32_t percent;
    std::uint32_t frames;
    std::size_t references;
    std::map<std::string, Outcome> outcomes;  ///< By policy; "opt" is one of them.

    /// Faults of `policy` for each of OPT's.
    [[nodiscard]] double ratio(const std::string& policy) const;
};

/// All algorithms, those that see every reference first.
std::vector<std::string> all_policies();

/// The cells of `trace`; memories of at least eight frames.
std::vector<Cell> compare(const Trace& trace, Use use);

/// A line a policy: mean and worst cell.
void print_policies(std::ostream& out, const std::vector<Cell>& cells);
/// A line a cell: each policy's faults relative to OPT's.
void print_cells(std::ostream& out, const std::vector<Cell>& cells);
/// The bars for `policy`, and each cell that breaks one. Whether all hold.
bool print_bars(std::ostream& out, const std::vector<Cell>& cells, const std::string& policy);

}  // namespace lab
