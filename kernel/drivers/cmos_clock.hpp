// The clock that goes on while the machine is off (Motorola MC146818, "CMOS"): date and time, in UTC as far
// as this system is concerned, to the second. Read while booting, and while a disk is silent. Main line only.
// [mc146818]
#pragma once

#include <cstdint>

namespace kernel::cmos_clock {

/// Seconds from 1970 to now; 0 when the clock shows no date. Cost: about twenty port accesses; up to 2 ms
/// when the clock is just counting on.
std::uint64_t seconds_since_1970();

}  // namespace kernel::cmos_clock
