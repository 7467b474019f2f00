// A process: an address space, descriptors, signal actions, a place in the family tree, and the threads that use them.
//
// Owns: its threads (the list), its children once they have ended and until somebody waits for them. Shares what
// clone lets it share. Lives from fork until its parent has waited for it; an orphan belongs to process 1.
// The table of all processes and threads by number is here, too. Main line only.
//
// I1 a process is in the table from announce_process to remove_process, and among its parent's children.
// I2 a number that any process, thread, group or session bears is not given out.
//
// Cost: finding by number, announcing and removing are O(1) on average; a new number is O(processes).
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

/// A thread that waits until its vfork child has executed or ended: on that thread's stack.
struct VforkWait {
    WaitQueue done_event;
    bool done = false;
};

class Process {
  public:
    /// Processes and threads at most.
    static constexpr ThreadId kMostThreads = 4096;
    static constexpr ThreadId kLargestId = 32767;
    static constexpr std::size_t kNameBytes = 16;  ///< TASK_COMM_LEN, its NUL included.

    Process(ProcessId id, Process* its_parent) : id_(id), parent(its_parent) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() = default;

    [[nodiscard]] ProcessId id() const { return id_; }

  private:
    ProcessId id_;

  public:
    Process* parent;
    Process* first_child = nullptr;  ///< Oldest first.
    Process* last_child = nullptr;
    Process* next_sibling = nullptr;
    Process* previous_sibling = nullptr;
    ProcessId group = 0;
    ProcessId session = 0;
    Terminal* terminal = nullptr;  ///< Controlling terminal.
    bool has_executed = false;     ///< execve succeeded since fork: setpgid by the parent fails then.

    ProcessState state = ProcessState::kAlive;
    ExitInfo exit;
    /// Its parent ended: process 1 is its parent, but never asked for it. The kernel waits for it.
    bool is_orphan = false;
    bool nobody_waits = false;  ///< It is removed already, and goes with its last thread.
    bool exiting = false;       ///< exit_group or a fatal signal: every thread ends on its way to ring 3.
    Signal exit_signal = signal::kChild;  ///< What the parent is sent at the end.
    Signal stopped_by = 0;                ///< Stopped by this signal: each thread stops on its way to ring 3.
    bool stop_unreported = false;         ///< wait4(WUNTRACED) has not told the parent yet.
    bool continue_unreported = false;

    Thread* first_thread = nullptr;
    std::uint32_t thread_count = 0;
    std::uint32_t stopped_threads = 0;  ///< Of them, those that stopped_by has reached.
    WaitQueue threads_events;           ///< A thread of it ended: for the one that executes another program.

    Shared<ProgramMemory> memory;  ///< Null once it has ended.
    Shared<FileTable> files;
    Shared<FileSystemView> paths;
    Shared<SignalActions> actions;
    PendingSignals pending;

    WaitQueue children_events;        ///< A child ended, stopped or went on.
    VforkWait* vfork_wait = nullptr;  ///< Of the thread that waits for this child to execute or end; or null.

    std::array<char, kNameBytes> name{};
    Shared<Inode> executable;
    std::int32_t oom_score_adjustment = 0;
    std::array<Limit, kLimits> limits;  ///< Whoever makes it sets them all.
    Usage ended_threads;                ///< Of threads that have ended.
    Usage waited_children;              ///< Of children that were waited for.
    Moment started = 0;
    Moment alarm = kNever;  ///< ITIMER_REAL.
    std::uint64_t alarm_interval = 0;

    Process* next_in_table = nullptr;  // all processes, in order of creation
    Process* previous_in_table = nullptr;
    Process* next_with_hash = nullptr;  // of those whose numbers have the same hash
};

/// All processes, zombies too, in order of creation: follow next_in_table.
Process* first_process();
/// By number; null when there is none.
Process* find_process(ProcessId id);
Thread* find_thread(ThreadId id);
/// Process 0, which the kernel's own thread belongs to: in no table, without memory and files.
Process& idle_process();
/// Process 1, the ancestor of all; null before it runs.
Process* init_process();
std::uint32_t thread_count();
/// The last number given out, for /proc/loadavg.
ThreadId last_thread_id();
/// How many threads there may be: fewer than kMostThreads where memory is small.
std::uint32_t most_threads();

/// A new process, known to nobody yet, with a number of its own. Errors: kAgain (too many), kNoMemory.
FileResult<Process*> make_process(Process* parent);
/// A new thread of `process` that will enter ring 3 with `frame`; known to nobody yet. With `id` 0 it gets a number
/// of its own. Errors: kAgain (too many), kNoMemory.
FileResult<Thread*> make_thread(Process& process, ThreadId id, const TrapFrame& frame);
/// Forgets what was made and never announced, or has been removed. The thread's stack is nobody's place any more.
void unmake_process(Process& process);
void unmake_thread(Thread& thread);

/// Everybody can find it from now on.
void announce_process(Process& process);
void announce_thread(Thread& thread);
/// Nobody can any more.
void remove_process(Process& process);
void remove_thread(Thread& thread);
/// The only thread of its process takes the process's number: execve by another thread than the first.
void take_process_id(Thread& thread);
/// `child`, which has no parent, gets one; and the opposite.
void adopt(Process& parent, Process& child);
void leave_parent(Process& child);

/// The current thread works in `memory` until this ends: for those who prepare a program's memory through the door. It
/// may wait for pages meanwhile; other threads of its process go on in their own. `memory` is kept by the caller.
class MemoryInUse {
  public:
    explicit MemoryInUse(ProgramMemory& memory);
    MemoryInUse(const MemoryInUse&) = delete;
    MemoryInUse& operator=(const MemoryInUse&) = delete;
    ~MemoryInUse();
};
/// What `thread` works in; null: nothing, only the kernel's half is there.
inline ProgramMemory* memory_of(const Thread& thread) {
    return thread.memory_in_use != nullptr ? thread.memory_in_use : thread.process().memory.get();
}
/// The current process works in `memory` from now on; null: in none, only the kernel's half is there. What it had is
/// given back.
void change_memory(Shared<ProgramMemory> memory);

/// What `process` has used so far, all its threads together.
Usage usage_of(const Process& process);
Usage usage_of(const Thread& thread);
void add_usage(Usage& total, const Usage& more);

}  // namespace kernel
