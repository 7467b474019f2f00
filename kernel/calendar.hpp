// Dates of the Gregorian calendar as numbers of days. Pure arithmetic.
#pragma once

#include <cstdint>

namespace kernel {

/// Days from the first of January 1970 to the given day; `month` 1..12, `day` from 1.
constexpr std::uint32_t days_since_1970(std::uint32_t year, std::uint32_t month, std::uint32_t day) {
    // Years that begin in March: the leap day is the last one, and months have 153 days every five.
    const std::uint32_t shifted_year = month > 2 ? year : year - 1;
    const std::uint32_t shifted_month = month > 2 ? month - 3 : month + 9;
    const std::uint32_t days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100 +
                               shifted_year / 400 + (153 * shifted_month + 2) / 5 + day - 1;
    return days - 719'468;  // from the first of March of the year 0 to 1970
}

}  // namespace kernel
