#include "lab/generators.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace lab {

namespace {

using Pages = std::vector<std::uint64_t>;

/// Numbers that are the same everywhere: the standard says what mt19937 gives, but not what its distributions do.
class Dice {
  public:
    explicit Dice(std::uint32_t seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>((std::uint64_t{random_()} * bound) >> 32);
    }
    /// A rank below `count`, roughly as Zipf's law with exponent `skew` (not 1) has them: low ranks are drawn most.
    std::uint32_t skewed(std::uint32_t count, double skew) {
        const double uniform = static_cast<double>(random_()) / 4294967296.0;
        const double top = std::pow(count + 1.0, 1 - skew) - 1;
        return std::min(count - 1,
                        static_cast<std::uint32_t>(std::pow(uniform * top + 1, 1 / (1 - skew)) - 1));
    }
    /// 0 .. count - 1 in any order.
    std::vector<std::uint32_t> shuffled(std::uint32_t count) {
        std::vector<std::uint32_t> numbers(count);
        std::iota(numbers.begin(), numbers.end(), 0U);
        for (std::uint32_t i = count; i > 1; --i) {
            std::swap(numbers[i - 1], numbers[below(i)]);
        }
        return numbers;
    }

  private:
    std::mt19937 random_;
};

/// One array, read from its beginning to its end again and again.
Pages loop() {
    Pages pages;
    for (std::uint32_t i = 0; i < 60'000; ++i) {
        pages.push_back(i % 1'000);
    }
    return pages;
}

/// A popular table beside a file that is read through, slowly.
Pages hot_and_scan() {
    Dice dice(2);
    const auto table = dice.shuffled(600);
    Pages pages;
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        pages.push_back(table[dice.skewed(600, 0.8)]);
        if (i % 40 == 0) {
            pages.push_back(700 + i / 40 % 2'500);
        }
    }
    return pages;
}

/// Now a loop, now random accesses, now skewed ones, each somewhere else.
Pages phases() {
    Dice dice(3);
    Pages pages;
    for (std::uint32_t phase = 0; phase < 20; ++phase) {
        const std::uint32_t base = dice.below(1'500);
        const std::uint32_t length = 200 + dice.below(400);
        for (std::uint32_t i = 0; i < 10'000; ++i) {
            const std::uint32_t place = phase % 3 == 0   ? i % length
                                        : phase % 3 == 1 ? dice.below(length)
                                                         : dice.skewed(length, 0.9);
            pages.push_back(base + place);
        }
    }
    return pages;
}

/// Loops inside a loop: an array, another at random, a piece of a file that is never seen again.
Pages nested_loops() {
    Dice dice(4);
    Pages pages;
    for (std::uint32_t round = 0; round < 40; ++round) {
        for (std::uint32_t i = 0; i < 500; ++i) {
            pages.push_back(i);
        }
        for (std::uint32_t i = 0; i < 250; ++i) {
            pages.push_back(600 + i);
            pages.push_back(600 + dice.below(250));
        }
        for (std::uint32_t i = 0; i < 300; ++i) {
            pages.push_back(900 + round * 20 + i);
        }
    }
    return pages;
}

/// Skewed accesses and nothing else to be learned.
Pages zipf() {
    Dice dice(5);
    const auto place = dice.shuffled(2'000);
    Pages pages;
    for (std::uint32_t i = 0; i < 300'000; ++i) {
        pages.push_back(place[dice.skewed(2'000, 0.9)]);
    }
    return pages;
}

/// Look-ups in a tree of three levels: its root, an inner node, a leaf; some leaves are popular.
Pages tree() {
    Dice dice(6);
    const auto leaf = dice.shuffled(1'600);
    Pages pages;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        const std::uint32_t found = leaf[dice.below(100) < 70 ? dice.skewed(1'600, 0.7) : dice.below(1'600)];
        pages.push_back(0);
        pages.push_back(1 + found / 40);
        pages.push_back(50 + found);
    }
    return pages;
}

/// A stack that grows and shrinks.
Pages stack() {
    Dice dice(7);
    Pages pages;
    std::uint32_t depth = 500;
    for (std::uint32_t i = 0; i < 300'000; ++i) {
        const std::uint32_t moved = depth + dice.below(41);
        depth = std::clamp(moved, 20U, 1'520U) - 20;
        pages.push_back(depth);
    }
    return pages;
}

}  // namespace

std::vector<Trace> generated_traces() {
    return {make_trace("loop", loop()),     make_trace("hot-and-scan", hot_and_scan()),
            make_trace("phases", phases()), make_trace("nested-loops", nested_loops()),
            make_trace("zipf", zipf()),     make_trace("tree", tree()),
            make_trace("stack", stack())};
}

}  // namespace lab
