#include "kernel/programs/fork.hpp"

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "kernel/clock.hpp"
#include "kernel/programs/scheduler.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kKnownFlags =
    clone_flags::kExitSignal | clone_flags::kMemory | clone_flags::kPaths | clone_flags::kFiles |
    clone_flags::kSignalActions | clone_flags::kVfork | clone_flags::kParent | clone_flags::kThread |
    clone_flags::kSystemVSemaphores | clone_flags::kSetTls | clone_flags::kParentSetTid |
    clone_flags::kChildClearTid | clone_flags::kDetached | clone_flags::kUntraced |
    clone_flags::kChildSetTid | clone_flags::kSharedIo;

/// A process or thread being made: what is not finished goes with it.
struct UnmakeProcess {
    void operator()(Process* process) const { unmake_process(*process); }
};
struct UnmakeThread {
    void operator()(Thread* thread) const { unmake_thread(*thread); }
};
using NewProcess = std::unique_ptr<Process, UnmakeProcess>;
using NewThread = std::unique_ptr<Thread, UnmakeThread>;

bool has(const CloneRequest& request, std::uint32_t flag) {
    return (request.flags & flag) != 0;
}

bool is_valid(const CloneRequest& request) {
    const bool known = (request.flags & ~kKnownFlags) == 0;
    const bool thread_with_signals =
        !has(request, clone_flags::kThread) || has(request, clone_flags::kSignalActions);
    const bool signals_with_memory =
        !has(request, clone_flags::kSignalActions) || has(request, clone_flags::kMemory);
    // Process 1's siblings would have nobody to wait for them.
    const bool has_grandparent =
        !has(request, clone_flags::kParent) || current_process().parent != &idle_process();
    return known && thread_with_signals && signals_with_memory && has_grandparent &&
           (request.flags & clone_flags::kExitSignal) <= signal::kLast;
}

Shared<FileTable> copy_of(const FileTable& files) {
    return files.copy();
}
Shared<SignalActions> copy_of(const SignalActions& actions) {
    return actions.copy();
}
Shared<FileSystemView> copy_of(const FileSystemView& view) {
    Shared<FileSystemView> copy(new (std::nothrow) FileSystemView);
    if (copy) {
        copy->root = view.root;
        copy->working_directory = view.working_directory;
        copy->permission_mask = view.permission_mask;
    }
    return copy;
}

/// What the child gets: the same, or a copy. False: there is no memory.
template <typename T>
bool share_or_copy(bool share, const Shared<T>& from, Shared<T>& to) {
    to = share ? from : copy_of(*from);
    return static_cast<bool>(to);
}

FileResult<void> give_resources(const Process& from, Process& to, const CloneRequest& request) {
    if (has(request, clone_flags::kMemory)) {
        to.memory = from.memory;
    } else {
        auto copy = from.memory->fork();
        if (!copy) {
            return file_error(copy.error());
        }
        to.memory = std::move(*copy);
    }
    if (!share_or_copy(has(request, clone_flags::kFiles), from.files, to.files) ||
        !share_or_copy(has(request, clone_flags::kPaths), from.paths, to.paths) ||
        !share_or_copy(has(request, clone_flags::kSignalActions), from.actions, to.actions)) {
        return file_error(Errno::kNoMemory);
    }
    return {};
}

FileResult<Process*> make_child_process(Process& caller, const CloneRequest& request) {
    const bool is_sibling = has(request, clone_flags::kParent);
    const auto made = make_process(is_sibling ? caller.parent : &caller);
    if (!made) {
        return made;
    }
    NewProcess child(*made);
    if (const auto given = give_resources(caller, *child, request); !given) {
        return file_error(given.error());
    }
    child->group = caller.group;
    child->session = caller.session;
    child->terminal = caller.terminal;
    child->exit_signal =
        is_sibling ? caller.exit_signal : static_cast<Signal>(request.flags & clone_flags::kExitSignal);
    child->name = caller.name;
    child->executable = caller.executable;
    child->oom_score_adjustment = caller.oom_score_adjustment;
    std::memcpy(child->limits.data(), caller.limits.data(), sizeof(child->limits));
    child->started = clock().microseconds_since_entry();
    return child.release();
}

/// What the caller's memory says about the child. Read before anything else: a page of it may be waited for.
FileResult<UserDescriptor> read_tls(const CloneRequest& request) {
    UserDescriptor wanted{};
    if (has(request, clone_flags::kSetTls)) {
        if (const auto read = read_user(wanted, request.tls); !read) {
            return file_error(read.error());
        }
    }
    return wanted;
}

/// The thread-local segment that CLONE_SETTLS brings.
FileResult<void> set_tls(TlsSegments& tls, const UserDescriptor& wanted) {
    const std::uint32_t slot = wanted.entry_number - kFirstTlsSlot;
    if (slot >= kTlsSlots || !is_allowed(wanted)) {
        return file_error(Errno::kInvalid);
    }
    tls.descriptors[slot] = tls_descriptor(wanted);
    return {};
}

FileResult<Thread*> make_child_thread(Process& process, const TrapFrame& frame, const CloneRequest& request,
                                      const UserDescriptor& tls) {
    Thread& caller = current_thread();
    TrapFrame child_frame = frame;
    child_frame.eax = 0;
    if (request.stack != 0) {
        child_frame.user_esp = request.stack;
    }
    const bool is_thread = &process == &caller.process();
    const auto made = make_thread(process, is_thread ? 0 : process.id(), child_frame);
    if (!made) {
        return made;
    }
    NewThread child(*made);
    child->tls = caller.tls;
    if (has(request, clone_flags::kSetTls)) {
        if (const auto set = set_tls(child->tls, tls); !set) {
            return file_error(set.error());
        }
    }
    caller.vectors.save();
    // String instructions: member by member these would be loops.
    std::memcpy(child->vectors.bytes.data(), caller.vectors.bytes.data(), sizeof(child->vectors.bytes));
    child->schedule.nice = caller.schedule.nice;
    child->signals.mask = caller.signals.mask;
    child->signals.attention = is_thread && process.stopped_by != 0;
    if (!has(request, clone_flags::kMemory) || has(request, clone_flags::kVfork)) {
        child->signals.alternate_stack = caller.signals.alternate_stack;
        child->signals.alternate_stack_bytes = caller.signals.alternate_stack_bytes;
        child->signals.alternate_stack_flags = caller.signals.alternate_stack_flags;
    }
    if (has(request, clone_flags::kChildClearTid)) {
        child->clear_child_tid = request.child_tid;
    }
    return child.release();
}

/// Bad addresses are the caller's affair: Linux ignores them here, too. May wait for pages, while others can find the
/// child already: so its number is nobody else's, and whoever ends the caller's process or group reaches it.
void tell_numbers(const Thread& child, const CloneRequest& request) {
    if (has(request, clone_flags::kParentSetTid)) {
        static_cast<void>(write_user(request.parent_tid, child.id()));
    }
    if (!has(request, clone_flags::kChildSetTid)) {
        return;
    }
    if (has(request, clone_flags::kMemory)) {
        static_cast<void>(write_user(request.child_tid, child.id()));
        return;
    }
    const MemoryInUse in_use(*child.process().memory);
    static_cast<void>(write_user(request.child_tid, child.id()));
}

void wait_for_vfork_child(ProcessId child, VforkWait& wait) {
    Thread& thread = current_thread();
    thread.signals.only_kill = true;
    {
        const Waiter place(wait.done_event);
        while (!wait.done) {
            if (sleep(Interruptible::kYes) == Wake::kSignal) {
                break;
            }
        }
    }
    thread.signals.only_kill = false;
    if (Process* const process = wait.done ? nullptr : find_process(child); process != nullptr) {
        process->vfork_wait = nullptr;
    }
}

}  // namespace

FileResult<ThreadId> clone_current(const TrapFrame& frame, const CloneRequest& request) {
    Process& caller = current_process();
    if (!is_valid(request)) {
        return file_error(Errno::kInvalid);
    }
    if (thread_count() >= caller.limits[kLimitProcesses].soft) {
        return file_error(Errno::kAgain);
    }
    const auto tls = read_tls(request);
    if (!tls) {
        return file_error(tls.error());
    }
    if (has_fatal_signal(current_thread())) {
        // Who ends the process while a page was waited for has told its threads already: there is to be no new one.
        return file_error(Errno::kRestart);
    }
    NewProcess new_process;
    if (!has(request, clone_flags::kThread)) {
        const auto made = make_child_process(caller, request);
        if (!made) {
            return file_error(made.error());
        }
        new_process.reset(*made);
    }
    Process& process = new_process ? *new_process : caller;
    const auto made = make_child_thread(process, frame, request, *tls);
    if (!made) {
        return file_error(made.error());
    }
    Thread& thread = **made;
    if (new_process) {
        announce_process(*new_process.release());
    }
    announce_thread(thread);
    tell_numbers(thread, request);
    const ThreadId id = thread.id();
    if (!has(request, clone_flags::kVfork) || &process == &caller) {
        start_thread(thread);
        return id;
    }
    VforkWait wait;
    process.vfork_wait = &wait;
    start_thread(thread);
    wait_for_vfork_child(id, wait);
    return id;
}

void release_vfork_parent(Process& child) {
    if (VforkWait* const wait = std::exchange(child.vfork_wait, nullptr); wait != nullptr) {
        wait->done = true;
        wait->done_event.wake_all();
    }
}

}  // namespace kernel
