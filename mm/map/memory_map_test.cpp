#include "mm/map/memory_map.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "mm/map/map_oracle_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using enum MemoryKind;
using oracle::RawEntry;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kTop = ~std::uint64_t{0};

constexpr FrameRange frames(std::uint32_t begin, std::uint32_t end) {
    return {FrameNumber(begin), FrameNumber(end)};
}
constexpr MapEntry piece(std::uint64_t begin, std::uint64_t end, MemoryKind kind) {
    return {{PhysAddr(begin), PhysAddr(end)}, kind};
}

/// A clean map of `raw` with its storage.
struct CleanMap {
    explicit CleanMap(std::span<const RawEntry> raw, std::size_t capacity = 64)
        : storage(capacity), map(storage) {
        for (const RawEntry& entry : raw) {
            map.add(PhysAddr(entry.base), entry.length, entry.kind);
        }
        map.clean();
        map.check_invariants();
    }
    CleanMap(std::initializer_list<RawEntry> raw) : CleanMap(std::span(raw.begin(), raw.size())) {}

    [[nodiscard]] std::vector<FrameRange> usable() const { return oracle::answer(map).usable; }
    [[nodiscard]] std::vector<MapEntry> entries() const { return oracle::answer(map).entries; }

    std::vector<MapEntry> storage;
    MemoryMap map;
};

using Usable = std::vector<FrameRange>;
using Entries = std::vector<MapEntry>;

TEST(MemoryMap, a_pc_of_128_mib_gives_the_frames_its_firmware_says) {  // A1
    const CleanMap pc{{0, 0x9fc00, kUsable},
                      {0x9fc00, 0x400, kReserved},
                      {0xf0000, 0x10000, kReserved},
                      {0x100000, 0x7ee0000, kUsable},
                      {0x7fe0000, 0x20000, kReserved},
                      {0xfffc0000, 0x40000, kReserved},
                      {0xfd00000000, 0x300000000, kReserved}};
    EXPECT_EQ(pc.usable(), (Usable{frames(0, 0x9f), frames(0x100, 0x7fe0)}));
    EXPECT_EQ(pc.map.usable_frames(), 0x9fu + 0x7ee0u);
    EXPECT_EQ(pc.map.usable_end(), FrameNumber(0x7fe0));
    EXPECT_EQ(pc.map.above_4g_frames(), 0u);
    EXPECT_EQ(pc.map.lost_entries(), 0u);
}

TEST(MemoryMap, an_empty_map_gives_nothing) {  // A7
    const CleanMap nothing{};
    EXPECT_TRUE(nothing.usable().empty());
    EXPECT_TRUE(nothing.entries().empty());
    EXPECT_EQ(nothing.map.usable_frames(), 0u);
    EXPECT_EQ(nothing.map.usable_end(), FrameNumber(0));
    EXPECT_FALSE(nothing.map.is_usable(frames(0, 1)));
}

TEST(MemoryMap, usable_memory_rounds_inward_and_reserved_outward) {  // A7
    EXPECT_EQ((CleanMap{{0x1001, 0x3fff, kUsable}}.usable()), (Usable{frames(2, 5)}));
    EXPECT_EQ((CleanMap{{0x1000, 0x3fff, kUsable}}.usable()), (Usable{frames(1, 4)}));
    EXPECT_EQ((CleanMap{{0, 0x8000, kUsable}, {0x2fff, 2, kReserved}}.usable()),
              (Usable{frames(0, 2), frames(4, 8)}));
    EXPECT_TRUE((CleanMap{{0x1001, 0x1ffe, kUsable}}.usable().empty()));
}

TEST(MemoryMap, usable_entries_that_meet_inside_a_frame_give_that_frame) {  // A7
    EXPECT_EQ((CleanMap{{0, 0x1800, kUsable}, {0x1800, 0x1800, kUsable}}.usable()), (Usable{frames(0, 3)}));
    EXPECT_EQ((CleanMap{{0, 0x1800, kUsable}, {0x1801, 0x17ff, kUsable}}.usable()),
              (Usable{frames(0, 1), frames(2, 3)}));
}

TEST(MemoryMap, one_foreign_byte_takes_the_frame) {  // A7
    for (const MemoryKind kind : {kReserved, kAcpiReclaimable, kAcpiNvs, kBad}) {
        EXPECT_EQ((CleanMap{{0, 0x4000, kUsable}, {0x1fff, 1, kind}}.usable()),
                  (Usable{frames(0, 1), frames(2, 4)}));
    }
}

TEST(MemoryMap, order_duplicates_overlaps_and_empty_entries_do_not_matter) {  // A7
    const Usable expected{frames(0, 4), frames(6, 9)};
    EXPECT_EQ((CleanMap{{0, 0x9000, kUsable}, {0x4000, 0x2000, kReserved}}.usable()), expected);
    EXPECT_EQ((CleanMap{{0x4000, 0x2000, kReserved}, {0, 0x9000, kUsable}}.usable()), expected);
    EXPECT_EQ((CleanMap{{0x5000, 0x4000, kUsable},
                        {0x4000, 0x2000, kReserved},
                        {0, 0x7000, kUsable},
                        {0x2345, 0, kReserved},
                        {0, 0x7000, kUsable},
                        {0x4000, 0x2000, kReserved},
                        {0x5000, 0, kBad}}
                   .usable()),
              expected);
}

TEST(MemoryMap, a_usable_entry_that_runs_past_2_to_the_64_is_ignored_and_counted) {  // A7
    const CleanMap wrapping{{0x1000, 0x1000, kUsable}, {kGiB, kTop, kUsable}, {kTop, 2, kUsable}};
    EXPECT_EQ(wrapping.usable(), (Usable{frames(1, 2)}));
    EXPECT_EQ(wrapping.map.above_4g_frames(), 0u);
    EXPECT_EQ(wrapping.map.wrapped_entries(), 2u);
}

TEST(MemoryMap, a_usable_entry_that_ends_at_2_to_the_64_does_not_run_past_it) {  // A7
    const CleanMap touching{{kTop - 0x2fff, 0x3000, kUsable}};
    EXPECT_EQ(touching.map.wrapped_entries(), 0u);
    EXPECT_EQ(touching.map.above_4g_frames(), 2u) << "the last frame has a byte that is not represented";
    EXPECT_EQ(touching.entries(), (Entries{piece(kTop - 0x2fff, kTop, kUsable)}));
}

TEST(MemoryMap, a_reserved_entry_that_runs_past_2_to_the_64_is_clipped_and_kept) {  // A7
    const CleanMap clipped{{0, 4 * kMiB, kUsable}, {2 * kMiB, kTop, kReserved}, {kTop, 1, kReserved}};
    EXPECT_EQ(clipped.usable(), (Usable{frames(0, 0x200)}));
    EXPECT_EQ(clipped.entries(), (Entries{piece(0, 2 * kMiB, kUsable), piece(2 * kMiB, kTop, kReserved)}));
    EXPECT_EQ(clipped.map.wrapped_entries(), 0u);
}

TEST(MemoryMap, memory_above_4_gib_is_counted_and_left_alone) {  // A7
    const CleanMap big{{3 * kGiB, 2 * kGiB, kUsable}, {6 * kGiB + 1, 0x2000, kUsable}};
    EXPECT_EQ(big.usable(), (Usable{frames(0xc0000, 0x100000)}));
    EXPECT_EQ(big.map.usable_frames(), 0x40000u);
    EXPECT_EQ(big.map.above_4g_frames(), 0x40000u + 1);
    EXPECT_FALSE(big.map.is_usable(frames(0xfffff, 0x100001)));
}

TEST(MemoryMap, the_whole_address_space_can_be_usable) {  // A7
    const CleanMap all{{0, kTop, kUsable}};
    EXPECT_EQ(all.usable(), (Usable{frames(0, 0x100000)}));
    EXPECT_EQ(all.map.above_4g_frames(), (std::uint64_t{1} << 52) - (std::uint64_t{1} << 20) - 1);
}

TEST(MemoryMap, where_entries_overlap_the_more_restrictive_kind_is_shown) {
    const CleanMap onion{{0, 0x9000, kUsable},
                         {0x1000, 0x7000, kReserved},
                         {0x2000, 0x5000, kAcpiReclaimable},
                         {0x3000, 0x3000, kAcpiNvs},
                         {0x4000, 0x1000, kBad}};
    EXPECT_EQ(onion.entries(),
              (Entries{piece(0, 0x1000, kUsable), piece(0x1000, 0x2000, kReserved),
                       piece(0x2000, 0x3000, kAcpiReclaimable), piece(0x3000, 0x4000, kAcpiNvs),
                       piece(0x4000, 0x5000, kBad), piece(0x5000, 0x6000, kAcpiNvs),
                       piece(0x6000, 0x7000, kAcpiReclaimable), piece(0x7000, 0x8000, kReserved),
                       piece(0x8000, 0x9000, kUsable)}));
}

TEST(MemoryMap, is_usable_wants_every_frame_of_the_range) {  // A7
    const CleanMap two{{0x1000, 0x3000, kUsable}, {0x5000, 0x1000, kUsable}};
    EXPECT_TRUE(two.map.is_usable(frames(1, 4)));
    EXPECT_TRUE(two.map.is_usable(frames(2, 3)));
    EXPECT_TRUE(two.map.is_usable(frames(9, 9))) << "an empty range asks for nothing";
    EXPECT_FALSE(two.map.is_usable(frames(0, 2)));
    EXPECT_FALSE(two.map.is_usable(frames(3, 6)));
    EXPECT_FALSE(two.map.is_usable(frames(4, 5)));
}

TEST(MemoryMap, an_entry_may_be_added_after_cleaning) {
    CleanMap map{{0, 0x4000, kUsable}};
    map.map.add(PhysAddr(0x1000), 0x1000, kReserved);
    map.map.clean();
    EXPECT_EQ(map.usable(), (Usable{frames(0, 1), frames(2, 4)}));
}

TEST(MemoryMap, an_unclean_map_and_too_little_storage_are_refused) {
    std::array<MapEntry, MemoryMap::kMinimumStorage> storage;
    EXPECT_THROW(MemoryMap(std::span(storage).first(storage.size() - 1)), host::Panic);
    MemoryMap map(storage);
    map.add(PhysAddr(0), 0x1000, kUsable);
    EXPECT_THROW((void)map.usable_frames(), host::Panic);
    EXPECT_THROW(map.check_invariants(), host::Panic);
}

TEST(MemoryMap, ten_thousand_entries_are_exact_and_shuffled_they_say_the_same) {  // A7
    std::vector<RawEntry> raw{{0, 256 * kMiB, kUsable}};
    Usable expected;
    for (std::uint32_t i = 1; i < 10'000; ++i) {  // A hole of one byte in every fourth frame.
        raw.push_back({std::uint64_t{i} * 4 * kPageSize + i % kPageSize, 1, kReserved});
        expected.push_back(frames(4 * i - 3, 4 * i));
    }
    expected.front().begin = FrameNumber(0);
    expected.push_back(frames(4 * 9'999 + 1, 256 * kMiB / kPageSize));
    std::mt19937 random(1);
    for (int order = 0; order < 3; ++order) {
        const CleanMap map(raw, 16384);
        EXPECT_EQ(map.usable(), expected);
        EXPECT_EQ(map.entries().size(), 2 * raw.size() - 1) << "more pieces than entries: they have no array";
        EXPECT_EQ(map.map.lost_entries(), 0u);
        std::shuffle(raw.begin(), raw.end(), random);
    }
}

TEST(MemoryMap, a_full_map_merges_what_touches_before_it_loses_anything) {
    std::vector<RawEntry> raw;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        raw.push_back({i * 0x800, 0x800, kUsable});
    }
    const CleanMap map(raw, 16);
    EXPECT_EQ(map.usable(), (Usable{frames(0, 500)}));
    EXPECT_EQ(map.map.lost_entries(), 0u);
}

TEST(MemoryMap, a_map_without_room_loses_the_smallest_pieces_first_and_says_so) {  // A7
    std::vector<RawEntry> raw{{kMiB, 16 * kMiB, kUsable}, {64 * kMiB, 16 * kMiB, kUsable}};
    for (std::uint64_t i = 0; i < 200; ++i) {  // Holes 8 KiB apart in its first 1.6 MiB.
        raw.push_back({kMiB + i * 0x2000, 1, static_cast<MemoryKind>(1 + i % 4)});
    }
    const CleanMap map(raw, 16);
    EXPECT_GT(map.map.lost_entries(), 0u);
    EXPECT_TRUE(oracle::is_subset(map.usable(), oracle::answer(raw).usable));
    EXPECT_TRUE(map.map.is_usable(frames(0x100 + 399, 0x1100)));
    EXPECT_TRUE(map.map.is_usable(frames(0x4000, 0x5000)));
}

TEST(MemoryMap, a_map_without_room_keeps_all_but_the_pieces_below_its_resolution) {  // A7
    // A full map of 64 entries gets down to 48. Dropping what is smaller than a frame is enough for that, so
    // no frame is lost.
    constexpr std::size_t kStorage = 64;
    constexpr std::uint32_t kSmall = 24;
    constexpr std::uint32_t kLarge = 41;
    std::vector<RawEntry> raw;
    for (std::uint64_t i = 0; i < kSmall + kLarge; ++i) {
        const bool large = i >= kSmall;
        raw.push_back({i * 4 * kPageSize, large ? kPageSize : kPageSize - 1, kUsable});
    }
    const CleanMap map(raw, kStorage);
    EXPECT_EQ(map.map.usable_frames(), kLarge);
    EXPECT_EQ(map.map.lost_entries(), kSmall);
}

TEST(MemoryMap, a_reserved_entry_counts_even_when_there_is_no_room_for_it) {  // A7
    std::vector<RawEntry> raw{{0, 64 * kMiB, kUsable}};
    for (std::uint64_t i = 0; i < 64; ++i) {
        raw.push_back({(i * 37 % 64) * kMiB, 1, kReserved});
    }
    const CleanMap map(raw, MemoryMap::kMinimumStorage);
    EXPECT_TRUE(oracle::is_subset(map.usable(), oracle::answer(raw).usable));
}

// ---- Against models ----------------------------------------------------------------------------------------

constexpr std::uint64_t kWindowFrames = 12;
constexpr std::uint64_t kWindow = kWindowFrames * kPageSize;

/// Entries inside a window of 12 frames at `anchor`, with the kind of edges that hurt: on, beside and between
/// frame boundaries.
rc::Gen<std::vector<RawEntry>> entries_in_window(std::uint64_t anchor) {
    const auto edge = rc::gen::map(
        rc::gen::pair(rc::gen::inRange<std::uint64_t>(1, kWindowFrames * 2),
                      rc::gen::inRange<std::uint64_t>(0, 3)),
        [](std::pair<std::uint64_t, std::uint64_t> at) { return at.first * kPageSize / 2 + at.second - 1; });
    return rc::gen::container<std::vector<RawEntry>>(rc::gen::map(
        rc::gen::tuple(
            edge, edge,
            rc::gen::element(kUsable, kUsable, kUsable, kReserved, kAcpiReclaimable, kAcpiNvs, kBad)),
        [anchor](const std::tuple<std::uint64_t, std::uint64_t, MemoryKind>& entry) {
            const auto [a, b, kind] = entry;
            return RawEntry{anchor + std::min(a, b), std::max(a, b) - std::min(a, b), kind};
        }));
}

/// The most trivial model there is: every byte of the window, painted.
struct PaintedWindow {
    PaintedWindow(std::uint64_t anchor, std::span<const RawEntry> raw) : bytes(kWindow, -1) {
        for (const RawEntry& entry : raw) {
            for (std::uint64_t at = entry.base - anchor; at < entry.base - anchor + entry.length; ++at) {
                bytes[at] = std::max(bytes[at], static_cast<int>(entry.kind));
            }
        }
        for (std::uint64_t at = 0; at < kWindow;) {
            std::uint64_t end = at;
            while (end < kWindow && bytes[end] == bytes[at]) {
                ++end;
            }
            if (bytes[at] >= 0) {
                entries.push_back(piece(anchor + at, anchor + end, static_cast<MemoryKind>(bytes[at])));
            }
            at = end;
        }
        for (std::uint64_t frame = 0; frame < kWindowFrames; ++frame) {
            const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(frame * kPageSize);
            if (std::all_of(first, first + kPageSize, [](int kind) { return kind == 0; })) {
                const FrameNumber number(static_cast<std::uint32_t>(anchor / kPageSize + frame));
                if (number >= kFourGiB.frame()) {
                    ++above_4g;
                } else if (!usable.empty() && usable.back().end == number) {
                    ++usable.back().end;
                } else {
                    usable.push_back({number, number + 1});
                }
            }
        }
    }
    std::vector<int> bytes;
    Entries entries;
    Usable usable;
    std::uint64_t above_4g = 0;
};

RC_GTEST_PROP(MemoryMap, says_what_painted_bytes_say, ()) {  // A7
    const auto anchor = *rc::gen::element<std::uint64_t>(0, 0x9a000, 4 * kGiB - kWindow / 2, 4 * kGiB);
    const auto raw = *entries_in_window(anchor);
    const CleanMap map(raw, 256);
    const PaintedWindow painted(anchor, raw);
    RC_ASSERT(map.entries() == painted.entries);
    RC_ASSERT(map.usable() == painted.usable);
    RC_ASSERT(map.map.above_4g_frames() == painted.above_4g);
}

RC_GTEST_PROP(MemoryMap, says_what_the_oracle_says_of_any_64_bit_entries, ()) {  // A7
    const auto raw = *rc::gen::container<std::vector<RawEntry>>(
        rc::gen::map(rc::gen::tuple(rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<std::uint64_t>(),
                                    rc::gen::inRange(0, 64), rc::gen::inRange(0, 64), rc::gen::inRange(0, 5)),
                     [](const std::tuple<std::uint64_t, std::uint64_t, int, int, int>& entry) {
                         const auto [base, length, down, shorter, kind] = entry;
                         return RawEntry{base >> down, length >> shorter, static_cast<MemoryKind>(kind)};
                     }));
    RC_PRE(raw.size() <= 192u);
    RC_ASSERT(oracle::answer(CleanMap(raw, 256).map) == oracle::answer(raw));
}

RC_GTEST_PROP(MemoryMap, never_gives_a_frame_for_want_of_storage, ()) {  // A7
    const auto raw = *entries_in_window(0);
    const CleanMap map(raw, *rc::gen::inRange<std::size_t>(MemoryMap::kMinimumStorage, 24));
    RC_ASSERT(oracle::is_acceptable(oracle::answer(map.map), oracle::answer(raw), map.map.lost_entries()));
}

}  // namespace
}  // namespace mm
