// The programmable interval timer (Intel 8254), channel 0: IRQ 0, 100 times a second.
#pragma once

#include <cstdint>

namespace kernel::pit {

inline constexpr std::uint32_t kCountsPerSecond = 1'193'182;
inline constexpr std::uint32_t kTicksPerSecond = 100;
inline constexpr std::uint32_t kCountsPerTick = (kCountsPerSecond + kTicksPerSecond / 2) / kTicksPerSecond;
inline constexpr std::uint32_t kMicrosecondsPerTick = 1'000'000 / kTicksPerSecond;

/// Starts the channel as a rate generator; its first interrupt is one period away.
void start();

/// Counts since the present period began, below kCountsPerTick. Cost: three port accesses.
std::uint32_t counts_into_period();

}  // namespace kernel::pit
