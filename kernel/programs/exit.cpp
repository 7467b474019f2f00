#include "kernel/programs/exit.hpp"

#include <algorithm>
#include <utility>

#include "kernel/files/terminal.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "kernel/programs/children.hpp"
#include "kernel/programs/fork.hpp"
#include "kernel/programs/futex.hpp"
#include "kernel/programs/groups.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/stop.hpp"

namespace kernel {
namespace {

void (*end_of_init)(ExitInfo) = nullptr;

/// The last on the main line to touch the thread.
void reap_thread(Thread& thread) {
    Process& process = thread.process();
    unmake_thread(thread);
    if (process.nobody_waits) {
        unmake_process(process);
    }
}

void give_up_resources(Process& process) {
    Usage& usage = process.ended_threads;
    usage.peak_resident_pages =
        std::max(usage.peak_resident_pages, process.memory->space().peak_resident_pages());
    release_vfork_parent(process);
    change_memory({});
    if (process.files->owners() == 1) {
        process.files->close_all();
    }
    process.files = nullptr;
    process.paths = nullptr;
    process.executable = nullptr;
    process.alarm = kNever;
    if (process.terminal != nullptr && process.session == process.id()) {
        process.terminal->leave_session(Terminal::Files::kAreHungUp);
    }
    process.terminal = nullptr;
}

/// Children that have ended were nobody's but this process's to wait for; the others go to process 1.
void give_away_children(Process& process) {
    while (process.first_child != nullptr) {
        Process& child = *process.first_child;
        if (child.state == ProcessState::kZombie) {
            forget_process(child);
            continue;
        }
        leave_parent(child);
        child.is_orphan = true;
        child.exit_signal = signal::kChild;
        adopt(*init_process(), child);
        // Its group may have lost the last one who could have restarted it.
        hang_up_orphaned_group(child.group, child.session);
    }
}

void finish_process(Process& process) {
    give_up_resources(process);
    if (process.id() == 1) {
        end_of_init(process.exit);
    }
    process.state = ProcessState::kZombie;
    // Only now: up to here its own hang-up may have been added, from here on nothing is.
    drop_pending(process.pending);
    give_away_children(process);
    hang_up_orphaned_group(process.group, process.session);
    const bool somebody_waits = notify_of_end(process);
    process.actions = nullptr;
    if (!somebody_waits) {
        // Not yet unmade: its last thread still stands on its stack.
        process.nobody_waits = true;
        remove_process(process);
    }
}

}  // namespace

void keep_thread_promises(Thread& thread) {
    const UnkillablePageWaits keeps_them;
    release_robust_list(thread);
    const UserAddress word = std::exchange(thread.clear_child_tid, 0);
    // When nobody else has the memory, nobody sees the word again.
    const Process& process = thread.process();
    if (word != 0 && (process.thread_count > 1 || process.memory->owners() > 1)) {
        static_cast<void>(write_user(word, std::uint32_t{0}));
        static_cast<void>(wake_futex(word, 1));
    }
}

void end_thread(ExitInfo info) {
    Thread& thread = current_thread();
    Process& process = thread.process();
    keep_thread_promises(thread);
    // It takes no more signals: what waits for the process is for another thread, which is told.
    set_signal_mask(thread, SignalSet{UINT64_MAX});
    drop_pending(thread.signals.pending);
    if (!process.exiting && thread.id() == process.id()) {
        process.exit = info;
    }
    add_usage(process.ended_threads, usage_of(thread));
    if (process.thread_count == 1) {
        finish_process(process);
    }
    remove_thread(thread);
    process.threads_events.wake_all();
    note_thread_end(process);
    end_current_thread(&reap_thread);
}

void end_process(ExitInfo info) {
    Process& process = current_process();
    if (!process.exiting) {
        process.exiting = true;
        process.exit = info;
        kill_threads(process, &current_thread());
    }
    end_thread(process.exit);
}

void kill_threads(Process& process, const Thread* except) {
    process.stopped_by = 0;
    for (Thread* thread = process.first_thread; thread != nullptr; thread = thread->next_in_process) {
        if (thread == except) {
            continue;
        }
        thread->signals.pending.set.add(signal::kKill);
        thread->signals.attention = true;
        continue_thread(*thread);
        interrupt_sleep(*thread);
    }
}

FileResult<void> end_other_threads() {
    Process& process = current_process();
    Thread& thread = current_thread();
    if (process.thread_count == 1) {
        return {};
    }
    kill_threads(process, &thread);
    thread.signals.only_kill = true;
    bool killed = false;
    {
        const Waiter place(process.threads_events);
        while (process.thread_count > 1 && !killed) {
            killed = sleep(Interruptible::kYes) == Wake::kSignal;
        }
    }
    thread.signals.only_kill = false;
    if (killed) {
        return file_error(Errno::kInterrupted);
    }
    return {};
}

void forget_process(Process& zombie) {
    remove_process(zombie);
    unmake_process(zombie);
}

void set_end_of_init(void (*ended)(ExitInfo info)) {
    end_of_init = ended;
}

}  // namespace kernel
