// A process: an address space, descriptors, signal actions, a place in the family tree, and the threads that use them.
//
// Owns: its threads (the list), its children once they have ended and until somebody waits for them. Shares what
// clone lets it share. Lives from fork until its parent has waited for it; an orphan belongs to process 1.
// The table of all processes and threads by number is here, too. Main line only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/files/file_table.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/signals.hpp"
#include "kernel/programs/thread.hpp"
#include "kernel/programs/wait.hpp"
#include "kernel/shared.hpp"

namespace kernel {

class Terminal;

using ProcessId = ThreadId;

enum class ProcessState : std::uint8_t { kAlive, kZombie };

/// Signals, stops and exits as wait4 and siginfo want them.
struct ExitInfo {
    std::uint8_t status = 0;  ///< exit's argument.
    Signal signal = 0;        ///< What killed it, or 0.
};

/// CPU time and the like, for wait4's rusage and times().
struct Usage {
    std::uint64_t user_microseconds = 0;
    std::uint64_t system_microseconds = 0;
    std::uint32_t minor_faults = 0, major_faults = 0;
    std::uint32_t voluntary_switches = 0, involuntary_switches = 0;
    std::uint32_t peak_resident_pages = 0;
};

/// Linux's resource limits, by its numbers.
struct Limit {
    std::uint32_t soft, hard;  ///< UINT32_MAX: none.
};
inline constexpr std::size_t kLimits = 16;
inline constexpr std::size_t kLimitStack = 3, kLimitProcesses = 6, kLimitOpenFiles = 7,
                             kLimitAddressSpace = 9;

class Process {
  public:
    /// Processes and threads at most.
    static constexpr ThreadId kMostThreads = 4096;
    static constexpr ThreadId kLargestId = 32767;
    static constexpr std::size_t kNameBytes = 16;  ///< TASK_COMM_LEN, its NUL included.

    Process(ProcessId id, Process* parent) : id_(id), parent(parent) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() = default;

    [[nodiscard]] ProcessId id() const { return id_; }

  private:
    ProcessId id_;

  public:
    Process* parent;
    Process* first_child = nullptr;  // newest first
    Process* next_sibling = nullptr;
    ProcessId group = 0;
    ProcessId session = 0;
    Terminal* terminal = nullptr;  ///< Controlling terminal.
    bool has_executed = false;     ///< execve succeeded since fork: setpgid by the parent fails then.

    ProcessState state = ProcessState::kAlive;
    ExitInfo exit;
    bool exiting = false;  ///< exit_group or a fatal signal: every thread ends on its way to ring 3.
    Signal exit_signal = signal::kChild;  ///< What the parent is sent at the end.
    Signal stopped_by = 0;                ///< Stopped, by this signal.
    bool stop_unreported = false;         ///< wait4(WUNTRACED) has not told the parent yet.
    bool continue_unreported = false;

    Thread* first_thread = nullptr;
    std::uint32_t thread_count = 0;

    Shared<ProgramMemory> memory;  ///< Null once it has ended.
    Shared<FileTable> files;
    Shared<FileSystemView> paths;
    Shared<SignalActions> actions;
    PendingSignals pending;

    WaitQueue children_events;  ///< A child ended, stopped or went on.
    WaitQueue vfork_done;       ///< For the parent of a vfork: this child has executed or ended.
    bool vfork_parent_waits = false;

    std::array<char, kNameBytes> name{};
    Shared<Inode> executable;
    std::int32_t oom_score_adjustment = 0;
    std::array<Limit, kLimits> limits{};
    Usage ended_threads;    ///< Of threads that have ended.
    Usage waited_children;  ///< Of children that were waited for.
    Moment started = 0;
    Moment alarm = kNever;  ///< ITIMER_REAL.
    std::uint64_t alarm_interval = 0;

    Process* next_in_table = nullptr;  // all processes, in order of creation
};

/// All processes, zombies too, in order of creation: follow next_in_table.
Process* first_process();
/// By number; null when there is none.
Process* find_process(ProcessId id);
Thread* find_thread(ThreadId id);
/// Process 1, the ancestor of all; null before it runs.
Process* init_process();
std::uint32_t thread_count();
/// The last number given out, for /proc/loadavg.
ThreadId last_thread_id();

}  // namespace kernel
