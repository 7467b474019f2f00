// Interval timers that count real time: ITIMER_REAL, alarm. At their end the process gets SIGALRM.
//
// Owns: when the earliest of them ends. The times themselves are in each Process. They are looked at when the
// timer's interrupt has come, so a signal is up to 10 ms late. Main line only. Cost: O(processes) where one
// ends or is set.
#pragma once

#include <cstdint>

namespace kernel {

class Process;

/// Microseconds to the next end, 0 when it does not run, and from each end to the one after it, 0 for once.
struct IntervalTimer {
    std::uint64_t left = 0;
    std::uint64_t interval = 0;
};

IntervalTimer interval_timer(const Process& process);
/// `left` 0 stops it.
void set_interval_timer(Process& process, const IntervalTimer& timer);

}  // namespace kernel
