#include "kernel/calendar.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace kernel {
namespace {

TEST(Calendar, agrees_with_the_c_library_for_130_years) {
    for (std::uint32_t days = 0; days < 130 * 365; ++days) {
        const std::time_t seconds = static_cast<std::time_t>(days) * 86'400;
        std::tm date{};
        gmtime_r(&seconds, &date);
        ASSERT_EQ(days_since_1970(static_cast<std::uint32_t>(date.tm_year + 1900),
                                  static_cast<std::uint32_t>(date.tm_mon + 1),
                                  static_cast<std::uint32_t>(date.tm_mday)),
                  days);
    }
}

}  // namespace
}  // namespace kernel
