#include "kernel/memory/slow_pages.hpp"

#include <gtest/gtest.h>

namespace kernel {
namespace {

TEST(SlowPages, none_is_late_unless_somebody_wants_it) {
    SlowPages pages;
    EXPECT_FALSE(pages.any_is_slow());
    EXPECT_FALSE(pages.holds_up(1, 1));
    EXPECT_FALSE(pages.on_their_way());
}

TEST(SlowPages, every_one_is_late_once) {
    SlowPages pages;
    pages.set(1);
    EXPECT_TRUE(pages.holds_up(1, 7));
    EXPECT_TRUE(pages.holds_up(1, 7));
    EXPECT_TRUE(pages.on_their_way());
    pages.arrive();
    EXPECT_FALSE(pages.on_their_way());
    EXPECT_FALSE(pages.holds_up(1, 7));
    EXPECT_TRUE(pages.holds_up(1, 7));
}

TEST(SlowPages, every_third_is_late_whoever_asks) {
    SlowPages pages;
    pages.set(3);
    EXPECT_FALSE(pages.holds_up(1, 1));
    EXPECT_FALSE(pages.holds_up(2, 1));
    EXPECT_TRUE(pages.holds_up(1, 2));
    EXPECT_FALSE(pages.holds_up(1, 3));
    pages.arrive();
    EXPECT_FALSE(pages.holds_up(1, 2));  // it is there, and does not count again
    EXPECT_FALSE(pages.holds_up(1, 4));
    EXPECT_TRUE(pages.holds_up(2, 2));
}

TEST(SlowPages, owners_have_pages_of_their_own) {
    SlowPages pages;
    pages.set(1);
    EXPECT_TRUE(pages.holds_up(1, 1));
    pages.arrive();
    EXPECT_TRUE(pages.holds_up(2, 1));
    EXPECT_FALSE(pages.holds_up(1, 1));
}

TEST(SlowPages, what_nobody_asks_about_again_makes_room) {
    SlowPages pages;
    pages.set(1);
    for (std::uint32_t page = 0; page < 1000; ++page) {
        EXPECT_TRUE(pages.holds_up(1, page)) << page;
        pages.arrive();
    }
}

TEST(SlowPages, with_all_places_taken_the_next_is_in_time) {
    SlowPages pages;
    pages.set(1);
    std::uint32_t late = 0;
    while (pages.holds_up(1, late)) {
        ++late;
        ASSERT_LT(late, 1000U);
    }
    EXPECT_EQ(late, 64U);
    EXPECT_TRUE(pages.holds_up(1, 0));
}

TEST(SlowPages, all_are_there_when_it_is_over) {
    SlowPages pages;
    pages.set(1);
    EXPECT_TRUE(pages.holds_up(1, 1));
    pages.set(0);
    EXPECT_FALSE(pages.holds_up(1, 1));
    EXPECT_FALSE(pages.on_their_way());
}

}  // namespace
}  // namespace kernel
