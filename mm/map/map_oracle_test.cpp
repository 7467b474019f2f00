// The fuzzer's judge, judged: a right answer passes, and every way to be wrong is rejected.
#include "mm/map/map_oracle_test.hpp"

#include <gtest/gtest.h>

namespace mm {
namespace {

using oracle::Answer;

constexpr std::array<oracle::RawEntry, 4> kRaw{{{0, 0x9fc00, MemoryKind::kUsable},
                                                {0x100000, 0x100000, MemoryKind::kUsable},
                                                {0x180000, 0x10, MemoryKind::kBad},
                                                {kFourGiB.value(), 0x2000, MemoryKind::kUsable}}};

Answer right() {
    std::array<MapEntry, MemoryMap::kMinimumStorage> storage;
    MemoryMap map(storage);
    for (const oracle::RawEntry& entry : kRaw) {
        map.add(PhysAddr(entry.base), entry.length, entry.kind);
    }
    map.clean();
    return oracle::answer(map);
}

TEST(MapOracle, knows_the_answer_to_a_small_map_by_heart) {
    const Answer answer = oracle::answer(kRaw);
    EXPECT_EQ(answer.entries,
              (std::vector<MapEntry>{{{PhysAddr(0), PhysAddr(0x9fc00)}, MemoryKind::kUsable},
                                     {{PhysAddr(0x100000), PhysAddr(0x180000)}, MemoryKind::kUsable},
                                     {{PhysAddr(0x180000), PhysAddr(0x180010)}, MemoryKind::kBad},
                                     {{PhysAddr(0x180010), PhysAddr(0x200000)}, MemoryKind::kUsable},
                                     {{PhysAddr(0x100000000), PhysAddr(0x100002000)}, MemoryKind::kUsable}}));
    EXPECT_EQ(answer.usable, (std::vector<FrameRange>{{FrameNumber(0), FrameNumber(0x9f)},
                                                      {FrameNumber(0x100), FrameNumber(0x180)},
                                                      {FrameNumber(0x181), FrameNumber(0x200)}}));
    EXPECT_EQ(answer.usable_frames, 0x9fu + 0x80 + 0x7f);
    EXPECT_EQ(answer.above_4g_frames, 2u);
    EXPECT_TRUE(oracle::is_acceptable(right(), answer, 0));
}

TEST(MapOracle, rejects_every_kind_of_wrong_answer) {
    const auto rejected = [](auto&& spoil) {
        Answer wrong = right();
        spoil(wrong);
        return !oracle::is_acceptable(wrong, oracle::answer(kRaw), 0);
    };
    EXPECT_FALSE(rejected([](Answer&) {}));
    EXPECT_TRUE(rejected([](Answer& a) { ++a.usable.front().end; })) << "a frame too many";
    EXPECT_TRUE(rejected([](Answer& a) { ++a.usable.front().begin; })) << "a frame too few";
    EXPECT_TRUE(rejected([](Answer& a) { a.usable.pop_back(); }));
    EXPECT_TRUE(rejected([](Answer& a) { a.usable.push_back(a.usable.front()); }));
    EXPECT_TRUE(rejected([](Answer& a) { a.entries[2].kind = MemoryKind::kReserved; }));
    EXPECT_TRUE(rejected([](Answer& a) { a.entries[2].bytes.end = a.entries[2].bytes.end + 1; }));
    EXPECT_TRUE(rejected([](Answer& a) { ++a.usable_frames; }));
    EXPECT_TRUE(rejected([](Answer& a) { --a.above_4g_frames; }));
    EXPECT_TRUE(rejected([](Answer& a) { ++a.wrapped; }));
}

TEST(MapOracle, allows_a_coarse_map_less_but_never_more) {
    const auto accepted = [](auto&& spoil) {
        Answer coarse = right();
        spoil(coarse);
        return oracle::is_acceptable(coarse, oracle::answer(kRaw), 1);
    };
    EXPECT_TRUE(accepted([](Answer& a) { a.usable.pop_back(); }));
    EXPECT_TRUE(accepted([](Answer& a) { ++a.usable.front().begin; }));
    EXPECT_FALSE(accepted([](Answer& a) { ++a.usable.front().end; }));
    EXPECT_FALSE(accepted([](Answer& a) { a.usable[1].end = a.usable[2].end; })) << "the bad frame between";
    EXPECT_FALSE(accepted([](Answer& a) { ++a.above_4g_frames; }));
}

TEST(MapOracle, cuts_a_raw_map_where_it_cannot_be_trusted) {
    std::vector<std::uint8_t> bytes(48);
    bytes[0] = 20;
    bytes[20] = 1;
    bytes[24] = 19;
    EXPECT_EQ(oracle::parse(bytes, 48).size(), 1u);
    bytes[24] = 20;
    EXPECT_EQ(oracle::parse(bytes, 48).size(), 2u);
    EXPECT_EQ(oracle::parse(bytes, 47).size(), 1u);
    EXPECT_EQ(oracle::parse(bytes, 1000).size(), 2u);
    EXPECT_EQ(oracle::parse(bytes, 48)[0].kind, MemoryKind::kUsable);
    EXPECT_EQ(oracle::parse(bytes, 48)[1].kind, MemoryKind::kReserved);
}

}  // namespace
}  // namespace mm
