#include "kernel/syscalls/user_time.hpp"

#include <gtest/gtest.h>

namespace kernel {
namespace {

TEST(UserTime, rounds_up_so_that_nobody_is_woken_early) {
    EXPECT_EQ(microseconds_of(Timespec32{.seconds = 1, .nanoseconds = 1}), 1'000'001U);
    EXPECT_EQ(microseconds_of(Timespec32{.seconds = 1, .nanoseconds = 1'000}), 1'000'001U);
    EXPECT_EQ(microseconds_of(Timespec32{.seconds = 0, .nanoseconds = 999'999'999}), 1'000'000U);
}

TEST(UserTime, refuses_what_is_no_time) {
    EXPECT_FALSE(microseconds_of(Timespec32{.seconds = -1, .nanoseconds = 0}));
    EXPECT_FALSE(microseconds_of(Timespec64{.seconds = 0, .nanoseconds = 1'000'000'000, .unused = 0}));
    EXPECT_FALSE(microseconds_of(Timespec64{.seconds = 0, .nanoseconds = -1, .unused = 0}));
    EXPECT_FALSE(microseconds_of(Timeval{.seconds = 0, .microseconds = 1'000'000}));
}

TEST(UserTime, saturates) {
    EXPECT_EQ(microseconds_of(Timespec64{.seconds = INT64_MAX, .nanoseconds = 0, .unused = 0}), kForever);
    EXPECT_EQ(moment_after(5, kForever), kNever);
    EXPECT_EQ(moment_after(kNever - 1, 1), kNever);
    EXPECT_EQ(moment_after(5, 6), 11U);
}

TEST(UserTime, comes_back) {
    const auto time = time_of<Timespec64>(12'345'678'901'234);
    EXPECT_EQ(time.seconds, 12'345);
    EXPECT_EQ(time.nanoseconds, 678'901'234);
    EXPECT_EQ(timeval_of(3'000'007).microseconds, 7);
}

}  // namespace
}  // namespace kernel
