// The heap against a trivial model: what is out, where, and with which bytes in it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "mm/heap/first_fit.hpp"
#include "mm/heap/page_arena_test.hpp"

namespace mm {
namespace {

/// A heap whose every block is filled with a pattern of its own, looked at again when the block is released.
class ModelledHeap {
  public:
    explicit ModelledHeap(PageArena::Placement placement) : arena_(placement) {}

    PageArena& arena() { return arena_; }
    [[nodiscard]] std::size_t blocks_out() const { return blocks_.size(); }

    /// False when the heap gave nothing.
    bool allocate(std::size_t size_bytes, std::size_t alignment) {
        void* const block = heap_.allocate_aligned(size_bytes, alignment);
        if (block == nullptr) {
            return false;
        }
        auto* const begin = static_cast<unsigned char*>(block);
        check(reinterpret_cast<std::uintptr_t>(begin) % alignment == 0, "a block is not aligned as asked");
        const auto above = blocks_.lower_bound(begin);
        check(above == blocks_.end() || begin + size_bytes <= above->first,
              "a block overlaps the one above it");
        if (above != blocks_.begin()) {
            const auto below = std::prev(above);
            check(below->first + below->second.size_bytes <= begin, "a block overlaps the one below it");
        }
        const auto pattern = static_cast<unsigned char>(next_pattern_++);
        std::memset(begin, pattern, size_bytes);
        blocks_[begin] = {size_bytes, pattern};
        return true;
    }

    /// Releases the first block at or above the `choice`-th of all.
    void release(std::size_t choice) {
        const auto block = std::next(blocks_.begin(), static_cast<std::ptrdiff_t>(choice % blocks_.size()));
        for (std::size_t i = 0; i < block->second.size_bytes; ++i) {
            check(block->first[i] == block->second.pattern, "a block's contents changed");
        }
        check(heap_.size_bytes(block->first) == block->second.size_bytes, "a block forgot its size");
        heap_.release(block->first);
        blocks_.erase(block);
    }

    void check_all() const {
        if (const std::optional<HeapFault> fault = heap_.check_invariants()) {
            throw std::logic_error(fault->what);
        }
        const HeapCounts counts = heap_.counts();
        std::size_t requested = 0;
        for (const auto& [begin, block] : blocks_) {
            requested += block.size_bytes;
        }
        check(counts.used_blocks == blocks_.size() && counts.requested_bytes == requested,
              "blocks are miscounted");
        check(counts.pages_held == arena_.pages_out(), "pages are miscounted");
        check(counts.used_bytes + counts.free_bytes == arena_.pages_out() * kPageSize,
              "bytes are miscounted");
    }

    void release_all_and_check() {
        while (!blocks_.empty()) {
            release(blocks_.size() / 2);
        }
        check_all();
        heap_.give_back_idle_pages();
        check(arena_.pages_out() == 0, "an empty heap keeps pages");
        check_all();
    }

  private:
    struct Block {
        std::size_t size_bytes;
        unsigned char pattern;
    };
    static void check(bool holds, const char* what) {
        if (!holds) {
            throw std::logic_error(what);
        }
    }

    PageArena arena_;
    FirstFitHeap<PageArena> heap_{arena_};
    std::map<unsigned char*, Block> blocks_;
    unsigned next_pattern_ = 1;
};

constexpr PageArena::Placement kPlacements[] = {PageArena::Placement::kLowest, PageArena::Placement::kApart,
                                                PageArena::Placement::kAnywhere};

class FirstFitModel : public testing::TestWithParam<PageArena::Placement> {};
INSTANTIATE_TEST_SUITE_P(Placements, FirstFitModel, testing::ValuesIn(kPlacements));

/// Mostly small, now and then pages long: sizes of every magnitude alike.
std::size_t size_of_any_magnitude(std::minstd_rand& random) {
    const unsigned bits = random() % 16;
    return random() % (std::size_t{1} << bits);
}

TEST_P(FirstFitModel, a_long_random_sequence_keeps_every_byte) {  // D1, D2, D3
    ModelledHeap heap(GetParam());
    std::minstd_rand random(7);
    constexpr int kOperations = 60000;
    std::size_t most_out = 100;
    for (int step = 0; step < kOperations; ++step) {
        if (step % 5000 == 0) {
            heap.check_all();
            most_out = 1 + random() % 400;  // Grows and shrinks by turns.
        }
        if (random() % 500 == 0) {
            heap.arena().fail_take(1 + random() % 5);
        }
        if (heap.blocks_out() == 0 || (heap.blocks_out() < most_out && random() % 2 == 0)) {
            const std::size_t alignment = random() % 8 == 0 ? std::size_t{1} << (random() % 13) : 1;
            heap.allocate(size_of_any_magnitude(random), alignment);
        } else {
            heap.release(random());
        }
    }
    heap.release_all_and_check();
}

TEST_P(FirstFitModel, a_heap_that_often_runs_out_of_pages_stays_sound) {  // E2
    ModelledHeap heap(GetParam());
    heap.arena().limit_pages(40);
    std::minstd_rand random(11);
    int refused = 0;
    for (int step = 0; step < 20000; ++step) {
        if (heap.blocks_out() == 0 || random() % 5 < 3) {
            if (!heap.allocate(size_of_any_magnitude(random), 1)) {
                ++refused;
                heap.release(random());
            }
        } else {
            heap.release(random());
        }
        if (step % 256 == 0) {
            heap.check_all();
        }
    }
    EXPECT_GT(refused, 100);
    heap.release_all_and_check();
}

/// One generated step. Shrinks towards fewer, smaller allocations.
struct Step {
    bool allocates;
    std::size_t size_bytes;
    unsigned alignment_log;
    std::size_t choice;
};
std::ostream& operator<<(std::ostream& out, const Step& step) {
    return step.allocates ? out << "allocate(" << step.size_bytes << ", 1 << " << step.alignment_log << ")"
                          : out << "release(#" << step.choice << ")";
}

RC_GTEST_PROP(FirstFitProperty, any_sequence_keeps_invariants_and_contents, ()) {  // D1, D3
    ModelledHeap heap(*rc::gen::elementOf(std::vector(std::begin(kPlacements), std::end(kPlacements))));
    const auto size = rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 300),
                                     rc::gen::inRange<std::size_t>(0, 12 * kPageSize));
    const auto steps = *rc::gen::container<std::vector<Step>>(
        rc::gen::build<Step>(rc::gen::set(&Step::allocates), rc::gen::set(&Step::size_bytes, size),
                             rc::gen::set(&Step::alignment_log, rc::gen::inRange(0U, 13U)),
                             rc::gen::set(&Step::choice, rc::gen::inRange<std::size_t>(0, 64))));
    for (const Step& step : steps) {
        if (step.allocates) {
            heap.allocate(step.size_bytes, std::size_t{1} << step.alignment_log);
        } else if (heap.blocks_out() != 0) {
            heap.release(step.choice);
        }
        heap.check_all();
    }
    heap.release_all_and_check();
}

}  // namespace
}  // namespace mm
