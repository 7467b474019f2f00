// The two interrupt controllers (Intel 8259A): lines 0..7 at the first, 8..15 at the second, which hangs on
// line 2.
#pragma once

#include <cstdint>

namespace kernel::pic {

inline constexpr std::uint32_t kLines = 16;

/// Moves line n to vector `first_vector` + n (a multiple of 8) and masks every line but the cascade.
void start(std::uint32_t first_vector);

/// Lets `line` interrupt from now on.
void unmask(std::uint32_t line);

/// Whether the interrupt just taken on `line` was none: noise on lines 7 and 15, which the controller reports
/// without a request of theirs. Such a one needs no end_of_interrupt.
bool is_spurious(std::uint32_t line);

/// `line` has been handled; it and lower priorities may interrupt again.
void end_of_interrupt(std::uint32_t line);

}  // namespace kernel::pic
