#include "mm/map/claims.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "mm/map/map_oracle_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using oracle::Run;
using Runs = std::vector<Run>;  // Inside a TEST, Run is one of its functions.

constexpr ClaimTag kKernel{1};
constexpr ClaimTag kBootInformation{2};
constexpr ClaimTag kModule{3};

constexpr FrameRange frames(std::uint32_t begin, std::uint32_t end) {
    return {FrameNumber(begin), FrameNumber(end)};
}

/// Two usable ranges, [0, 0x9f) and [0x100, 0x200), and nothing claimed.
struct Machine {
    Machine() {
        map.add(PhysAddr(0), 0x9fc00, MemoryKind::kUsable);
        map.add(PhysAddr(0x100000), 0x100000, MemoryKind::kUsable);
        map.clean();
    }
    void claim(FrameRange range, ClaimTag tag) {
        ASSERT_TRUE(claims.claim(range, tag));
        claims.check_invariants();
    }
    [[nodiscard]] std::vector<Run> runs() const { return oracle::partition(map, claims); }
    [[nodiscard]] std::vector<Claim> list() const {
        return {claims.entries().begin(), claims.entries().end()};
    }

    std::array<MapEntry, 8> map_storage;
    MemoryMap map{map_storage};
    std::array<Claim, 32> storage;
    ClaimList claims{storage};
};

TEST(ClaimList, without_claims_every_usable_range_is_one_free_run) {
    const Machine machine;
    EXPECT_EQ(machine.runs(), (Runs{{frames(0, 0x9f), {}}, {frames(0x100, 0x200), {}}}));
}

TEST(ClaimList, a_claim_splits_the_run_it_lies_in) {  // A4
    Machine machine;
    machine.claim(frames(0x100, 0x140), kKernel);
    machine.claim(frames(0x10, 0x11), kBootInformation);
    EXPECT_EQ(machine.runs(), (Runs{{frames(0, 0x10), {}},
                                    {frames(0x10, 0x11), kBootInformation},
                                    {frames(0x11, 0x9f), {}},
                                    {frames(0x100, 0x140), kKernel},
                                    {frames(0x140, 0x200), {}}}));
}

TEST(ClaimList, claims_show_only_where_memory_is_usable) {  // A6
    Machine machine;
    machine.claim(frames(0x90, 0x110), kKernel);
    machine.claim(frames(0x1f0, 0x300), kModule);
    machine.claim(frames(0x400, 0x401), kModule);
    EXPECT_EQ(machine.runs(), (Runs{{frames(0, 0x90), {}},
                                    {frames(0x90, 0x9f), kKernel},
                                    {frames(0x100, 0x110), kKernel},
                                    {frames(0x110, 0x1f0), {}},
                                    {frames(0x1f0, 0x200), kModule}}));
}

TEST(ClaimList, the_lower_tag_wins_an_overlap_whichever_came_first) {  // A7
    for (const bool kernel_first : {true, false}) {
        Machine machine;
        if (kernel_first) {
            machine.claim(frames(0x110, 0x120), kKernel);
        }
        machine.claim(frames(0x108, 0x130), kModule);
        if (!kernel_first) {
            machine.claim(frames(0x110, 0x120), kKernel);
        }
        EXPECT_EQ(machine.list(), (std::vector<Claim>{{frames(0x108, 0x110), kModule},
                                                      {frames(0x110, 0x120), kKernel},
                                                      {frames(0x120, 0x130), kModule}}));
    }
}

TEST(ClaimList, touching_claims_of_one_tag_are_one) {
    Machine machine;
    machine.claim(frames(4, 6), kModule);
    machine.claim(frames(8, 10), kModule);
    machine.claim(frames(6, 8), kModule);
    machine.claim(frames(9, 12), kModule);
    machine.claim(frames(12, 14), kKernel);
    EXPECT_EQ(machine.list(), (std::vector<Claim>{{frames(4, 12), kModule}, {frames(12, 14), kKernel}}));
}

TEST(ClaimList, an_empty_claim_claims_nothing) {
    Machine machine;
    machine.claim(frames(7, 7), kKernel);
    EXPECT_TRUE(machine.list().empty());
}

TEST(ClaimList, a_claim_without_room_fails_and_changes_nothing) {
    std::array<Claim, 3> storage;
    ClaimList claims(storage);
    ASSERT_TRUE(claims.claim(frames(10, 20), kModule));
    ASSERT_TRUE(claims.claim(frames(30, 40), kModule));
    const std::vector<Claim> before(claims.entries().begin(), claims.entries().end());
    EXPECT_EQ(claims.claim(frames(12, 14), kKernel).error(), Error::kNoMemory);
    EXPECT_EQ(std::vector<Claim>(claims.entries().begin(), claims.entries().end()), before);
}

TEST(ClaimList, taking_gets_the_lowest_free_run_that_is_long_enough) {
    Machine machine;
    machine.claim(frames(0, 0x9d), kKernel);
    EXPECT_EQ(machine.claims.take(machine.map, 2, kBootInformation), frames(0x9d, 0x9f));
    EXPECT_EQ(machine.claims.take(machine.map, 3, kBootInformation), frames(0x100, 0x103));
    EXPECT_EQ(machine.claims.take(machine.map, 1, kBootInformation), frames(0x103, 0x104));
    EXPECT_EQ(machine.runs(), (Runs{{frames(0, 0x9d), kKernel},
                                    {frames(0x9d, 0x9f), kBootInformation},
                                    {frames(0x100, 0x104), kBootInformation},
                                    {frames(0x104, 0x200), {}}}));
}

TEST(ClaimList, taking_stays_inside_the_frames_asked_for) {
    Machine machine;
    EXPECT_EQ(machine.claims.take(machine.map, 1, kModule, frames(0x100, 0x100000)), frames(0x100, 0x101));
    EXPECT_EQ(machine.claims.take(machine.map, 2, kModule, frames(0x9e, 0x103)), frames(0x101, 0x103));
    EXPECT_EQ(machine.claims.take(machine.map, 2, kModule, frames(0x9e, 0x103)).error(), Error::kNoMemory);
}

TEST(ClaimList, taking_more_than_any_run_has_fails_and_changes_nothing) {
    Machine machine;
    EXPECT_EQ(machine.claims.take(machine.map, 0x101, kModule).error(), Error::kNoMemory);
    EXPECT_TRUE(machine.list().empty());
    EXPECT_EQ(machine.claims.take(machine.map, 0x100, kModule), frames(0x100, 0x200));
    EXPECT_THROW((void)machine.claims.take(machine.map, 0, kModule), host::Panic);
}

TEST(ClaimList, taking_without_room_for_the_claim_fails) {
    const Machine machine;
    ClaimList claims({});
    EXPECT_EQ(claims.take(machine.map, 1, kModule).error(), Error::kNoMemory);
}

RC_GTEST_PROP(ClaimList, partitions_memory_as_a_set_of_frames_would, ()) {  // A4 A5 A6
    constexpr std::uint32_t kFrames = 64;
    const auto range =
        rc::gen::map(rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, kFrames),
                                   rc::gen::inRange<std::uint32_t>(0, kFrames)),
                     [](std::pair<std::uint32_t, std::uint32_t> ends) {
                         return frames(std::min(ends.first, ends.second), std::max(ends.first, ends.second));
                     });
    const auto memory = *rc::gen::container<std::vector<FrameRange>>(3, range);
    const auto claimed = *rc::gen::container<std::vector<std::pair<FrameRange, std::uint8_t>>>(
        rc::gen::pair(range, rc::gen::inRange<std::uint8_t>(0, 4)));
    const auto count = *rc::gen::inRange<FrameCount>(1, 12);

    constexpr int kAbsent = -2;
    constexpr int kFree = -1;
    std::vector<int> model(kFrames, kAbsent);
    std::vector<MapEntry> map_storage(8);
    MemoryMap map(map_storage);
    for (const FrameRange part : memory) {
        map.add(part.begin.address(), std::uint64_t{part.size()} * kPageSize, MemoryKind::kUsable);
        std::fill(model.begin() + part.begin.value(), model.begin() + part.end.value(), kFree);
    }
    map.clean();
    // There are fewer than two a claim made; and the next may overlap them all.
    std::vector<Claim> storage(4 * claimed.size() + 1);
    ClaimList claims(storage);
    for (const auto& [part, tag] : claimed) {
        RC_ASSERT(claims.claim(part, ClaimTag{tag}).has_value());
        for (std::uint32_t frame = part.begin.value(); frame < part.end.value(); ++frame) {
            int& owner = model[frame];
            owner = owner == kAbsent ? kAbsent : owner == kFree ? tag : std::min(owner, int{tag});
        }
        claims.check_invariants();
    }
    const auto model_runs = [&model] {
        std::vector<Run> runs;
        for (std::uint32_t begin = 0, end = 0; begin < kFrames; begin = end) {
            while (end < kFrames && model[end] == model[begin]) {
                ++end;
            }
            if (model[begin] != kAbsent) {
                runs.push_back({frames(begin, end),
                                model[begin] == kFree ? std::nullopt
                                                      : std::optional(static_cast<ClaimTag>(model[begin]))});
            }
        }
        return runs;
    };
    RC_ASSERT(oracle::partition(map, claims) == model_runs());

    std::optional<FrameRange> lowest;
    for (std::uint32_t begin = 0; begin + count <= kFrames && !lowest; ++begin) {
        if (std::all_of(&model[begin], &model[begin] + count, [](int owner) { return owner == kFree; })) {
            lowest = frames(begin, begin + count);
        }
    }
    const Result<FrameRange> taken = claims.take(map, count, ClaimTag{3});
    RC_ASSERT(taken.has_value() == lowest.has_value());
    if (lowest) {
        RC_ASSERT(*taken == *lowest);
        std::fill_n(model.begin() + lowest->begin.value(), count, 3);
        RC_ASSERT(oracle::partition(map, claims) == model_runs());
    }
}

}  // namespace
}  // namespace mm
