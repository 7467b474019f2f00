#include "kernel/programs/interval_timer.hpp"

#include <algorithm>

#include "kernel/clock.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/signals.hpp"

namespace kernel {
namespace {

constexpr std::int32_t kFromKernel = 0x80;

constinit Moment earliest = kNever;
constinit bool is_at_work = false;

/// Also after a process that had the earliest has ended: then nothing is found, and the next earliest noted.
void end_timers() {
    const Moment now = clock().microseconds_since_entry();
    earliest = kNever;
    for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->alarm <= now) {
            const std::uint64_t interval = process->alarm_interval;
            // What was missed is not made up for.
            process->alarm = interval != 0 ? now + interval - (now - process->alarm) % interval : kNever;
            send_signal(*process, {.signal = signal::kAlarm, .code = kFromKernel});
        }
        earliest = std::min(earliest, process->alarm);
    }
}

constinit DeferredWork work{
    .pending = [] { return earliest != kNever && clock().microseconds_since_entry() >= earliest; },
    .run = end_timers,
};

}  // namespace

IntervalTimer interval_timer(const Process& process) {
    if (process.alarm == kNever) {
        return {.left = 0, .interval = process.alarm_interval};
    }
    const Moment now = clock().microseconds_since_entry();
    // One that has ended, but was not looked at yet, still runs.
    return {.left = process.alarm > now ? process.alarm - now : 1, .interval = process.alarm_interval};
}

void set_interval_timer(Process& process, const IntervalTimer& timer) {
    if (!is_at_work) {
        is_at_work = true;
        add_deferred_work(work);
    }
    process.alarm = timer.left == 0 ? kNever : clock().microseconds_since_entry() + timer.left;
    process.alarm_interval = timer.interval;
    earliest = std::min(earliest, process.alarm);
}

}  // namespace kernel
