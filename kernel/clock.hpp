// How long the kernel has been running, and what time it is.
//
// Owns: the relation between the time-stamp counter and real time, and when 1970 was: the CMOS clock says so
// once, at the start; whoever may sets it anew. The PIT is the reference: its counter
// gives a first estimate as soon as a tenth of a millisecond has passed, its interrupts refine that, at
// doubling distances, for the first ten seconds. Nothing ever waits for calibration. (A wait long enough to
// be exact costs millions of instructions, and under an emulator that counts them the boot is to take fewer
// than that.) Invariant I1: microseconds_since_entry never goes back: where a refinement says that it is
// earlier than was told before, time goes on from there at the new rate.
// Cost: about 40 instructions to read, 500 while calibrating. Callable anywhere with interrupts off or on.
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
    [[nodiscard]] std::uint64_t microseconds_since_entry() { return nanoseconds_since_entry() / 1'000; }
    [[nodiscard]] std::uint64_t nanoseconds_since_entry();

    /// What the CMOS clock shows, if anything: real time is known from now on.
    void start_real_time(std::uint64_t seconds_since_1970);
    /// Real time, in microseconds since 1970, UTC.
    [[nodiscard]] std::uint64_t microseconds_since_1970() { return at_entry_ + microseconds_since_entry(); }
    /// It is `microseconds` since 1970 now.
    void set_real_time(std::uint64_t microseconds);

  private:
    void estimate_from_counter();
    void set_rate(std::uint64_t tsc_ticks, std::uint64_t microseconds);
    [[nodiscard]] std::uint64_t nanoseconds_of(std::uint64_t tsc_ticks) const;

    std::uint64_t start_tsc_ = 0;
    std::uint64_t reference_tsc_ = 0;  // when the reference tick came
    std::uint32_t ticks_ = 0;
    std::uint64_t nanoseconds_per_tsc_tick_ = 0;  // times 2^32; 0: unknown
    // Time goes on from here: what was told at that count.
    std::uint64_t base_tsc_ = 0;
    std::uint64_t base_nanoseconds_ = 0;
    std::uint64_t at_entry_ = 0;  // microseconds since 1970
};

/// The clock of this kernel.
Clock& clock();

}  // namespace kernel
