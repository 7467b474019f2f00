#include "mm/paging/layout_i686.hpp"

#include <gtest/gtest.h>

namespace mm {
namespace {

TEST(LayoutI686, the_window_is_the_last_entry_of_the_kernels_first_table) {  // C3
    constexpr VirtAddr kWindow{0xc03f'f000};
    EXPECT_EQ(LayoutI686::index(kWindow, 1), 768u);
    EXPECT_EQ(LayoutI686::index(kWindow, 0), 1023u);
    EXPECT_EQ(LayoutI686::entry_span(0), kPageSize);
    EXPECT_EQ(LayoutI686::entry_span(1), std::size_t{4} << 20);
}

TEST(LayoutI686, an_entry_has_the_manuals_bits) {  // C1, [intel/vol3] table 4-6
    constexpr FrameNumber kFrame{0x12345};
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kReadOnly), 0x1234'5001u);
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kWritable), 0x1234'5003u);
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kUser), 0x1234'5005u);
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kUncached), 0x1234'5011u);
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kAccessed), 0x1234'5021u);
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kDirty), 0x1234'5041u);
    EXPECT_EQ(LayoutI686::page_entry(kFrame, page_flags::kOwned), 0x1234'5201u);
    EXPECT_EQ(LayoutI686::table_entry(kFrame), 0x1234'5007u);
    EXPECT_EQ(LayoutI686::frame(0xffff'ffff), FrameNumber(0xfffff));
    EXPECT_FALSE(LayoutI686::is_present(LayoutI686::kAbsent));
}

TEST(LayoutI686, every_set_of_flags_survives_an_entry) {
    constexpr PageFlags kAll[] = {page_flags::kWritable, page_flags::kUser,  page_flags::kUncached,
                                  page_flags::kAccessed, page_flags::kDirty, page_flags::kOwned};
    for (unsigned set = 0; set < 64; ++set) {
        PageFlags flags;
        for (unsigned i = 0; i < 6; ++i) {
            flags = (set >> i & 1) != 0 ? flags | kAll[i] : flags;
        }
        EXPECT_EQ(LayoutI686::flags(LayoutI686::page_entry(FrameNumber(0xabcde), flags)), flags);
        EXPECT_EQ(LayoutI686::frame(LayoutI686::page_entry(FrameNumber(0xabcde), flags)),
                  FrameNumber(0xabcde));
    }
}

}  // namespace
}  // namespace mm
