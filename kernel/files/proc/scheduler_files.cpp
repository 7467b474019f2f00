// /proc/stat and /proc/loadavg: what the CPU did, in Linux's formats. [linux] fs/proc/stat.c, fs/proc/loadavg.c
#include "kernel/clock.hpp"
#include "kernel/files/proc/system_files.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/scheduler.hpp"

namespace kernel {
namespace {

std::uint64_t ticks(std::uint64_t microseconds) {
    return microseconds / 10'000;
}

/// Threads that wait for what ends by itself: Linux calls them blocked.
std::uint32_t blocked_threads() {
    std::uint32_t count = 0;
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        for (const Thread* thread = process->first_thread; thread != nullptr;
             thread = thread->next_in_process) {
            count += thread->state == ThreadState::kSleeping &&
                             thread->schedule.interruptible == Interruptible::kNo
                         ? 1
                         : 0;
        }
    }
    return count;
}

class StatFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        const SchedulerFigures figures = scheduler_figures();
        for (const char* name : {"cpu ", "cpu0"}) {
            out.print("{} {} {} {} {} 0 0 0 0 0 0\n", name, ticks(figures.user_microseconds),
                      ticks(figures.nice_microseconds), ticks(figures.system_microseconds),
                      ticks(figures.idle_microseconds));
        }
        const std::uint64_t now = clock().microseconds_since_1970();
        out.print("ctxt {}\nbtime {}\nprocesses {}\nprocs_running {}\nprocs_blocked {}\n", figures.switches,
                  (now - clock().microseconds_since_entry()) / 1'000'000, last_thread_id(), figures.runnable,
                  blocked_threads());
        return {};
    }
};

class LoadFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        const SchedulerFigures figures = scheduler_figures();
        for (const std::uint32_t load : figures.load) {
            constexpr std::uint32_t kOne = 2048;
            const std::uint32_t rounded = load + kOne / 200;
            out.print("{}.{02} ", rounded / kOne, (rounded % kOne) * 100 / kOne);
        }
        out.print("{}/{} {}\n", figures.runnable, thread_count(), last_thread_id());
        return {};
    }
};

constinit StatFile stat_file;
constinit LoadFile load_file;
constinit Node stat_file_node("stat", stat_file);
constinit Node load_file_node("loadavg", load_file);

}  // namespace

Node& stat_node() {
    return stat_file_node;
}

Node& loadavg_node() {
    return load_file_node;
}

}  // namespace kernel
