// Reads what `valgrind --tool=lackey --trace-mem=yes` prints: one line an access, `I  04016b20,3`, ` L 1ffefff8,8` (load),
// ` S …` (store), ` M …` (both), among lines of other kinds.
#pragma once

#include <cstdint>
#include <istream>
#include <vector>

namespace lab {

/// The page numbers referenced, an access that straddles two pages counting as two, reduced for memories of at least
/// `frames` frames. Stops after `most_accesses`.
std::vector<std::uint64_t> read_lackey(std::istream& in, std::uint32_t frames, std::uint64_t most_accesses);

}  // namespace lab
