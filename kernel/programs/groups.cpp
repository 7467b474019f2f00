#include "kernel/programs/groups.hpp"

namespace kernel {
namespace {

bool group_exists_in(ProcessId group, ProcessId session) {
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group && process->session == session) {
            return true;
        }
    }
    return false;
}

bool group_exists(ProcessId group) {
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group) {
            return true;
        }
    }
    return false;
}

bool has_stopped_process(ProcessId group) {
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group && process->stopped_by != 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

FileResult<void> set_group(ProcessId process_id, ProcessId group) {
    Process& caller = current_process();
    if (group < 0) {
        return file_error(Errno::kInvalid);
    }
    Process* const process = process_id == 0 ? &caller : find_process(process_id);
    if (process == nullptr || (process != &caller && (process->parent != &caller || process->is_orphan))) {
        return file_error(Errno::kNoProcess);
    }
    if (process != &caller && process->session != caller.session) {
        return file_error(Errno::kNotPermitted);
    }
    if (process != &caller && process->has_executed) {
        return file_error(Errno::kAccess);
    }
    const ProcessId wanted = group == 0 ? process->id() : group;
    if (process->session == process->id() ||
        (wanted != process->id() && !group_exists_in(wanted, caller.session))) {
        return file_error(Errno::kNotPermitted);
    }
    process->group = wanted;
    return {};
}

FileResult<ProcessId> start_session() {
    Process& caller = current_process();
    if (group_exists(caller.id())) {
        return file_error(Errno::kNotPermitted);
    }
    caller.session = caller.group = caller.id();
    caller.terminal = nullptr;
    return caller.session;
}

bool is_orphaned_group(ProcessId group, ProcessId session) {
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group != group || process->state == ProcessState::kZombie || process->is_orphan) {
            continue;
        }
        const Process& parent = *process->parent;
        if (parent.group != group && parent.session == session) {
            return false;
        }
    }
    return true;
}

void hang_up_orphaned_group(ProcessId group, ProcessId session) {
    if (has_stopped_process(group) && is_orphaned_group(group, session)) {
        send_signal_to_group(group, {.signal = signal::kHangUp});
        send_signal_to_group(group, {.signal = signal::kContinue});
    }
}

}  // namespace kernel
