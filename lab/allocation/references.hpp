// Which pages simulated programs refer to, one after the other: strings that need no storage, each a function
// of how many references came before. Deterministic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "mm/core/address.hpp"

namespace mm::simulation {

/// The page that the program refers to, given how many references it has made.
using Reference = std::function<PageCount(std::uint64_t)>;

/// A number as good as random, for each pair of seed and step.
inline std::uint64_t hashed(std::uint64_t seed, std::uint64_t step) {
    std::uint64_t z = seed * 0x9E3779B97F4A7C15U + step * 0xBF58476D1CE4E5B9U + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/// A locality of `working_set` pages, any of them each time, that lies elsewhere in `size` pages after every
/// `phase`.
inline Reference localities(PageCount size, PageCount working_set, std::uint64_t phase, std::uint64_t seed) {
    return [=](std::uint64_t step) {
        const std::uint64_t first = hashed(seed, step / phase) % (size - working_set + 1);
        return static_cast<PageCount>(first + hashed(seed + 1, step) % working_set);
    };
}

/// Every page in turn, `stay` references each, over and over.
inline Reference loop(PageCount size, std::uint64_t stay) {
    return [=](std::uint64_t step) { return static_cast<PageCount>(step / stay % size); };
}

/// Half of all references to 1/32 of the pages, half of the others to 1/16 of those behind, and so on.
inline Reference skewed(PageCount size, std::uint64_t seed) {
    return [=](std::uint64_t step) {
        const std::uint64_t random = hashed(seed, step);
        PageCount first = 0;
        PageCount part = size / 32;
        for (unsigned bit = 0; bit < 5 && ((random >> bit) & 1) != 0; ++bit) {
            first += part;
            part = std::min(part * 2, size - first);
        }
        return static_cast<PageCount>(first + (random >> 8) % std::max<PageCount>(part, 1));
    };
}

}  // namespace mm::simulation
