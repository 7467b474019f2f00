#include "mm/core/address.hpp"

#include <gtest/gtest.h>

#include "mm/core/range.hpp"

namespace mm {
namespace {

constexpr PhysRange bytes(std::uint64_t begin, std::uint64_t end) {
    return {PhysAddr(begin), PhysAddr(end)};
}
constexpr FrameRange frames(std::uint32_t begin, std::uint32_t end) {
    return {FrameNumber(begin), FrameNumber(end)};
}

TEST(Address, an_address_splits_into_frame_and_offset) {
    const PhysAddr address(0x1'2345'6789);
    EXPECT_EQ(address.frame(), FrameNumber(0x123456));
    EXPECT_EQ(address.offset_in_frame(), 0x789u);
    EXPECT_EQ(address.frame().address() + address.offset_in_frame(), address);
}

TEST(Range, usable_bytes_round_inward_to_whole_frames) {  // A7
    EXPECT_EQ(whole_frames(bytes(0x1000, 0x3000)), frames(1, 3));
    EXPECT_EQ(whole_frames(bytes(0x1001, 0x3fff)), frames(2, 3));
    EXPECT_TRUE(whole_frames(bytes(0x1001, 0x1fff)).empty());
    EXPECT_TRUE(whole_frames(bytes(0x1001, 0x2fff)).empty());
}

TEST(Range, reserved_bytes_round_outward_to_touched_frames) {  // A7
    EXPECT_EQ(touched_frames(bytes(0x1000, 0x3000)), frames(1, 3));
    EXPECT_EQ(touched_frames(bytes(0x1fff, 0x2001)), frames(1, 3));
    EXPECT_TRUE(touched_frames(bytes(0x1fff, 0x1fff)).empty());
}

TEST(Range, the_intersection_of_disjoint_ranges_is_empty) {
    EXPECT_TRUE(frames(1, 3).intersection(frames(3, 9)).empty());
    EXPECT_EQ(frames(1, 5).intersection(frames(3, 9)), frames(3, 5));
    EXPECT_FALSE(frames(1, 3).overlaps(frames(3, 9)));
    EXPECT_TRUE(frames(1, 4).overlaps(frames(3, 9)));
}

}  // namespace
}  // namespace mm
