#include "kernel/programs/process.hpp"

#include <algorithm>
#include <new>

#include "kernel/arch/i686/context.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

/// Below it only numbers at boot are given out once they have all been used: daemons' numbers stay recognisable, and
/// 1 stays 1. [linux] RESERVED_PIDS
constexpr ThreadId kFirstReusedId = 300;
constexpr std::size_t kHashes = 256;

struct Table {
    std::array<Process*, kHashes> processes{};
    std::array<Thread*, kHashes> threads{};
    Process* first = nullptr;
    Process* last = nullptr;
    std::uint32_t process_count = 0;
    std::uint32_t thread_count = 0;
    ThreadId last_id = 0;
    bool all_ids_used = false;  // since boot: the next number may be somebody's
};

constinit Table table;
StaticStorage<Process> idle_storage;

std::size_t hash_of(ThreadId id) {
    return static_cast<std::uint32_t>(id) % kHashes;
}

template <typename T>
T* find_in(const std::array<T*, kHashes>& chains, ThreadId id) {
    T* found = chains[hash_of(id)];
    while (found != nullptr && found->id() != id) {
        found = found->next_with_hash;
    }
    return found;
}

template <typename T>
void add_to(std::array<T*, kHashes>& chains, T& item) {
    item.next_with_hash = chains[hash_of(item.id())];
    chains[hash_of(item.id())] = &item;
}

template <typename T>
void remove_from(std::array<T*, kHashes>& chains, T& item) {
    T** link = &chains[hash_of(item.id())];
    while (*link != &item) {
        mm::expect(*link != nullptr, "process table: removing what is not there");
        link = &(*link)->next_with_hash;
    }
    *link = item.next_with_hash;
}

bool in_use(ThreadId id) {
    if (find_thread(id) != nullptr || find_process(id) != nullptr) {
        return true;
    }
    for (const Process* process = table.first; process != nullptr; process = process->next_in_table) {
        if (process->group == id || process->session == id) {
            return true;
        }
    }
    return false;
}

/// I2. There are always more numbers than threads, groups and sessions together.
ThreadId new_id() {
    ThreadId id = table.last_id;
    do {
        if (++id > Process::kLargestId) {
            id = kFirstReusedId;
            table.all_ids_used = true;
        }
    } while (table.all_ids_used && in_use(id));
    table.last_id = id;
    return id;
}

void load_memory(const Thread& thread, ProgramMemory* memory) {
    detail::running_memory = memory;
    load_thread_state(
        thread.stack.end(), thread.tls,
        memory != nullptr ? memory->page_directory() : kernel_memory()->tables().root().address());
}

}  // namespace

Process* first_process() {
    return table.first;
}

Process* find_process(ProcessId id) {
    return find_in(table.processes, id);
}

Thread* find_thread(ThreadId id) {
    return find_in(table.threads, id);
}

Process& idle_process() {
    if (idle_storage.get() == nullptr) {
        idle_storage.construct(0, nullptr);
    }
    return *idle_storage.get();
}

Process* init_process() {
    return find_process(1);
}

std::uint32_t thread_count() {
    return table.thread_count;
}

ThreadId last_thread_id() {
    return table.last_id;
}

std::uint32_t most_threads() {
    // Each takes about ten frames with what belongs to it: a third of the memory may go that way.
    const std::uint32_t affordable = kernel_memory()->account().total_frames() / 32;
    return std::clamp(affordable, 16U, static_cast<std::uint32_t>(Process::kMostThreads));
}

FileResult<Process*> make_process(Process* parent) {
    // Zombies count: their numbers and their memory are taken, too.
    if (table.process_count >= most_threads()) {
        return file_error(Errno::kAgain);
    }
    auto* const process = new (std::nothrow) Process(new_id(), parent);
    if (process == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    return process;
}

FileResult<Thread*> make_thread(Process& process, ThreadId id, const TrapFrame& frame) {
    if (table.thread_count >= most_threads()) {
        return file_error(Errno::kAgain);
    }
    auto* const thread = new (std::nothrow) Thread(id != 0 ? id : new_id(), process);
    if (thread == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    auto stack = KernelStack::allocate();
    if (!stack) {
        delete thread;
        return file_error(Errno::kNoMemory);
    }
    thread->stack = std::move(*stack);
    thread->context = prepare_context(thread->stack.end(), frame, thread->frame);
    return thread;
}

void unmake_process(Process& process) {
    delete &process;
}

void unmake_thread(Thread& thread) {
    delete &thread;
}

void announce_process(Process& process) {
    add_to(table.processes, process);
    process.previous_in_table = table.last;
    (table.last != nullptr ? table.last->next_in_table : table.first) = &process;
    table.last = &process;
    ++table.process_count;
    if (process.parent != nullptr) {
        adopt(*process.parent, process);
    }
}

void remove_process(Process& process) {
    remove_from(table.processes, process);
    Process* const previous = process.previous_in_table;
    Process* const next = process.next_in_table;
    (previous != nullptr ? previous->next_in_table : table.first) = next;
    (next != nullptr ? next->previous_in_table : table.last) = previous;
    --table.process_count;
    leave_parent(process);
}

void announce_thread(Thread& thread) {
    add_to(table.threads, thread);
    Process& process = thread.process();
    Thread** link = &process.first_thread;
    while (*link != nullptr) {
        link = &(*link)->next_in_process;
    }
    *link = &thread;
    ++process.thread_count;
    ++table.thread_count;
}

void remove_thread(Thread& thread) {
    remove_from(table.threads, thread);
    Process& process = thread.process();
    Thread** link = &process.first_thread;
    while (*link != &thread) {
        link = &(*link)->next_in_process;
    }
    *link = thread.next_in_process;
    thread.next_in_process = nullptr;
    --process.thread_count;
    --table.thread_count;
}

void take_process_id(Thread& thread) {
    mm::expect(thread.process().thread_count == 1, "process table: a number for one of several threads");
    remove_from(table.threads, thread);
    thread.set_id(thread.process().id());
    add_to(table.threads, thread);
}

void adopt(Process& parent, Process& child) {
    child.parent = &parent;
    child.next_sibling = nullptr;
    child.previous_sibling = parent.last_child;
    (parent.last_child != nullptr ? parent.last_child->next_sibling : parent.first_child) = &child;
    parent.last_child = &child;
}

void leave_parent(Process& child) {
    if (child.parent == nullptr) {
        return;
    }
    Process& parent = *child.parent;
    Process* const previous = child.previous_sibling;
    Process* const next = child.next_sibling;
    (previous != nullptr ? previous->next_sibling : parent.first_child) = next;
    (next != nullptr ? next->previous_sibling : parent.last_child) = previous;
    child.parent = nullptr;
}

MemoryInUse::MemoryInUse(ProgramMemory& memory) {
    Thread& thread = current_thread();
    mm::expect(thread.memory_in_use == nullptr, "memory in use: another one is already");
    thread.memory_in_use = &memory;
    load_memory(thread, &memory);
}

MemoryInUse::~MemoryInUse() {
    Thread& thread = current_thread();
    thread.memory_in_use = nullptr;
    load_memory(thread, memory_of(thread));
}

void change_memory(Shared<ProgramMemory> memory) {
    load_memory(current_thread(), memory.get());
    // The old one goes with the argument, when nothing runs in it any more.
    std::swap(current_process().memory, memory);
}

Usage usage_of(const Process& process) {
    Usage usage = process.ended_threads;
    for (const Thread* thread = process.first_thread; thread != nullptr; thread = thread->next_in_process) {
        add_usage(usage, usage_of(*thread));
    }
    if (process.memory) {
        usage.peak_resident_pages =
            std::max(usage.peak_resident_pages, process.memory->space().peak_resident_pages());
    }
    return usage;
}

Usage usage_of(const Thread& thread) {
    return {.user_microseconds = thread.schedule.user_microseconds,
            .system_microseconds = thread.schedule.system_microseconds,
            .minor_faults = thread.minor_faults,
            .major_faults = thread.major_faults,
            .voluntary_switches = thread.schedule.voluntary_switches,
            .involuntary_switches = thread.schedule.involuntary_switches};
}

void add_usage(Usage& total, const Usage& more) {
    total.user_microseconds += more.user_microseconds;
    total.system_microseconds += more.system_microseconds;
    total.minor_faults += more.minor_faults;
    total.major_faults += more.major_faults;
    total.voluntary_switches += more.voluntary_switches;
    total.involuntary_switches += more.involuntary_switches;
    total.peak_resident_pages = std::max(total.peak_resident_pages, more.peak_resident_pages);
}

}  // namespace kernel
