// How long the kernel has been running.
//
// Owns: the relation between the time-stamp counter and real time. The PIT is the reference: its counter
// gives a first estimate as soon as a tenth of a millisecond has passed, its interrupts refine that, at
// doubling distances, for the first ten seconds. Nothing ever waits for calibration. (A wait long enough to
// be exact costs millions of instructions, and under an emulator that counts them the boot is to take fewer
// than that.) Invariant I1: microseconds_since_entry never goes back, except by what a refinement corrects.
// Cost: about 30 instructions to read, 500 while calibrating. Callable anywhere with interrupts off or on.
#pragma once

#include <cstdint>

namespace kernel {

class Clock {
  public:
    /// The PIT has just been started; its first period begins now.
    void start();
    /// A PIT interrupt came.
    void tick();

    /// PIT interrupts so far, 100 a second; those that came while interrupts were off for long are lost.
    [[nodiscard]] std::uint32_t ticks() const { return ticks_; }
    /// Microseconds since the kernel's first instruction; 0 while nothing is known.
    [[nodiscard]] std::uint64_t microseconds_since_entry();

  private:
    void estimate_from_counter();
    void set_rate(std::uint64_t tsc_ticks, std::uint64_t microseconds);

    std::uint64_t start_tsc_ = 0;
    std::uint64_t reference_tsc_ = 0;  // when the reference tick came
    std::uint32_t ticks_ = 0;
    std::uint64_t microseconds_per_tsc_tick_ = 0;  // times 2^32; 0: unknown
};

/// The clock of this kernel.
Clock& clock();

}  // namespace kernel
