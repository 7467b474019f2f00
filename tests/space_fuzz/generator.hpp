// Random operations, such as programs might make at their worst: mostly near what is mapped already, where
// regions meet, at the ends of page tables and of the arena, now and then with arguments that make no sense.
//
// Deterministic: the same seed and the same states of the model give the same operations. Never makes a call
// that could reach beyond the arena.
#pragma once

#include <cstdint>
#include <random>

#include "tests/space_fuzz/model_side.hpp"
#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

class Generator {
  public:
    Generator(std::uint64_t seed, bool has_break) : random_(seed), has_break_(has_break) {}

    /// The next operation, for one of the processes alive in `model`.
    Operation next(const ModelSide& model);

  private:
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
    bool one_in(std::uint32_t chances) { return below(chances) == 0; }

    std::uint32_t living_process(const ModelSide& model);
    /// A page of the arena.
    std::uint32_t page(const ModelSpace& space);
    /// So many pages from `page` on, inside the arena.
    std::uint32_t count(std::uint32_t page);
    /// A length in bytes that takes `pages` pages.
    std::uint32_t length(std::uint32_t pages);
    std::uint32_t rights();

    Operation map(const ModelSpace& space);
    Operation remap(const ModelSpace& space);
    Operation protect(const ModelSpace& space);
    Operation range_call(const ModelSpace& space);
    Operation access(const ModelSpace& space);
    Operation file();
    Operation process(const ModelSide& model);

    std::mt19937_64 random_;
    bool has_break_;
    std::uint32_t next_word_ = 0x1000'0001;
};

}  // namespace space_fuzz
