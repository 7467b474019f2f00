#include "mm/map/multiboot_map.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "mm/map/map_oracle_test.hpp"

namespace mm {
namespace {

constexpr FrameRange frames(std::uint32_t begin, std::uint32_t end) {
    return {FrameNumber(begin), FrameNumber(end)};
}
using Usable = std::vector<FrameRange>;

/// Physical memory with a Multiboot map in it, and a MemoryMap to read it into.
struct Loader {
    static constexpr PhysAddr kAt{0x12345};  // Not aligned: nothing says it is.

    Loader& entry(std::uint64_t base, std::uint64_t length, std::uint32_t type, std::uint32_t size = 20,
                  std::size_t padding = 0) {
        append(size);
        append(base);
        append(length);
        append(type);
        bytes.resize(bytes.size() + padding, std::byte{0xee});
        return *this;
    }
    template <typename Number>
    void append(Number value) {
        const std::size_t at = bytes.size();
        bytes.resize(at + sizeof(value));
        std::memcpy(&bytes[at], &value, sizeof(value));
    }
    MultibootMapReport load(std::uint32_t length) {
        const MultibootMapReport report =
            add_multiboot_map(map, kAt, length, [this](PhysAddr from, std::span<std::byte> to) {
                ++reads;
                if (from < kAt || from - kAt + to.size() > bytes.size()) {
                    return false;
                }
                std::memcpy(to.data(), &bytes[from - kAt], to.size());
                return true;
            });
        map.clean();
        return report;
    }
    MultibootMapReport load() { return load(static_cast<std::uint32_t>(bytes.size())); }
    [[nodiscard]] Usable usable() const { return oracle::answer(map).usable; }

    std::vector<std::byte> bytes;
    std::array<MapEntry, 64> storage;
    MemoryMap map{storage};
    int reads = 0;
};

TEST(MultibootMap, each_type_becomes_its_kind_and_an_unknown_one_is_reserved) {  // A1
    Loader loader;
    const std::array types{1U, 2U, 3U, 4U, 5U, 0U, 6U, 0xffffffffU};
    for (std::uint32_t i = 0; i < types.size(); ++i) {
        loader.entry(i * 0x10000, 0x1000, types[i]);
    }
    EXPECT_EQ(loader.load().entries, types.size());
    std::vector<MemoryKind> kinds;
    for (const MapEntry& entry : loader.map.entries()) {
        kinds.push_back(entry.kind);
    }
    using enum MemoryKind;
    EXPECT_EQ(kinds, (std::vector{kUsable, kReserved, kAcpiReclaimable, kAcpiNvs, kBad, kReserved, kReserved,
                                  kReserved}));
}

TEST(MultibootMap, all_64_bits_of_base_and_length_count) {  // A1
    Loader loader;
    loader.entry(0x1'2345'6000, 0x3'0000'2000, 1);
    loader.load();
    EXPECT_EQ(
        oracle::answer(loader.map).entries,
        (std::vector<MapEntry>{{{PhysAddr(0x1'2345'6000), PhysAddr(0x4'2345'8000)}, MemoryKind::kUsable}}));
}

TEST(MultibootMap, a_larger_entry_is_stepped_over_by_its_size) {  // A7
    Loader loader;
    const MultibootMapReport report = loader.entry(0, 0x1000, 1, 24, 4)
                                          .entry(0x1000, 0x1000, 1, 20)
                                          .entry(0x2000, 0x1000, 1, 21, 1)
                                          .entry(0x3000, 0x1000, 1, 320, 300)
                                          .load();
    EXPECT_EQ(report.end, MultibootMapEnd::kComplete);
    EXPECT_EQ(report.entries, 4u);
    EXPECT_EQ(loader.usable(), (Usable{frames(0, 4)}));
}

TEST(MultibootMap, an_empty_map_is_complete) {
    Loader loader;
    EXPECT_EQ(loader.load().end, MultibootMapEnd::kComplete);
    EXPECT_EQ(loader.reads, 0);
}

TEST(MultibootMap, an_entry_too_small_to_be_one_ends_the_map) {  // A7
    for (const std::uint32_t size : {0U, 1U, 4U, 19U}) {
        Loader loader;
        const MultibootMapReport report =
            loader.entry(0, 0x1000, 1).entry(0x1000, 0x1000, 1, size).entry(0x2000, 0x1000, 1).load();
        EXPECT_EQ(report.end, MultibootMapEnd::kMalformed);
        EXPECT_EQ(report.entries, 1u);
        EXPECT_EQ(loader.usable(), (Usable{frames(0, 1)}));
    }
}

TEST(MultibootMap, an_entry_larger_than_the_map_ends_it) {  // A7
    for (const std::uint32_t size : {0xfffffffcU, 0xffffffffU, 0x80000000U, 45U}) {
        Loader loader;
        const MultibootMapReport report =
            loader.entry(0, 0x1000, 1).entry(0x1000, 0x1000, 1, size).entry(0x2000, 0x1000, 1).load();
        EXPECT_EQ(report.end, MultibootMapEnd::kCutShort) << size;
        EXPECT_EQ(report.entries, 1u);
        EXPECT_EQ(loader.usable(), (Usable{frames(0, 1)}));
    }
}

TEST(MultibootMap, a_map_that_ends_inside_an_entry_counts_the_whole_ones) {  // A7
    for (std::uint32_t length = 0; length <= 72; ++length) {
        Loader loader;
        loader.entry(0, 0x1000, 1).entry(0x1000, 0x1000, 1).entry(0x2000, 0x1000, 1);
        const MultibootMapReport report = loader.load(length);
        EXPECT_EQ(report.entries, length / 24);
        EXPECT_EQ(report.end, length % 24 == 0 ? MultibootMapEnd::kComplete : MultibootMapEnd::kCutShort);
    }
}

TEST(MultibootMap, a_map_that_leaves_memory_counts_what_can_be_read) {  // A7
    Loader loader;
    loader.entry(0, 0x1000, 1).entry(0x1000, 0x1000, 1);
    const MultibootMapReport report = loader.load(0xffffffff);
    EXPECT_EQ(report.end, MultibootMapEnd::kUnreadable);
    EXPECT_EQ(report.entries, 2u);
    EXPECT_EQ(loader.usable(), (Usable{frames(0, 2)}));
    EXPECT_EQ(loader.reads, 3);
}

TEST(MultibootMap, endless_entries_end_at_the_limit) {  // A7
    std::array<MapEntry, MemoryMap::kMinimumStorage> storage;
    MemoryMap map(storage);
    std::uint32_t reads = 0;
    const MultibootMapReport report =
        add_multiboot_map(map, PhysAddr(0), 0xffffffff, [&reads](PhysAddr, std::span<std::byte> to) {
            constexpr std::array<std::uint32_t, 6> kEntry{20, 0x1000, 0, 0x1000, 0, 1};
            std::memcpy(to.data(), kEntry.data(), sizeof(kEntry));
            ++reads;
            return true;
        });
    EXPECT_EQ(report.end, MultibootMapEnd::kTooMany);
    EXPECT_EQ(report.entries, kMaxMultibootEntries);
    EXPECT_EQ(reads, kMaxMultibootEntries);
    map.clean();
    EXPECT_EQ(oracle::answer(map).usable, (Usable{frames(1, 2)}));
}

TEST(MultibootMap, without_a_map_the_two_basic_sizes_are_memory) {  // A1
    std::array<MapEntry, MemoryMap::kMinimumStorage> storage;
    MemoryMap map(storage);
    add_basic_memory(map, 639, 0x7bc0);
    map.clean();
    EXPECT_EQ(oracle::answer(map).usable, (Usable{frames(0, 0x9f), frames(0x100, 0x100 + 0x7bc0 / 4)}));
}

TEST(MultibootMap, basic_sizes_beyond_reason_neither_wrap_nor_reach_the_isa_hole) {  // A7
    std::array<MapEntry, MemoryMap::kMinimumStorage> storage;
    MemoryMap map(storage);
    add_basic_memory(map, 0xffffffff, 0xffffffff);
    map.clean();
    EXPECT_EQ(oracle::answer(map).usable, (Usable{frames(0, 0xa0), frames(0x100, 0x100000)}));
    EXPECT_EQ(map.above_4g_frames(), 0xff + (std::uint64_t{1} << 30) - (std::uint64_t{1} << 20));
}

}  // namespace
}  // namespace mm
