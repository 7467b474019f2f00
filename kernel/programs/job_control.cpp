#include "kernel/programs/job_control.hpp"

namespace kernel {

bool is_ignored_or_blocked(const Thread& thread, Signal wanted) {
    constexpr UserAddress kIgnore = 1;
    return thread.signals.mask.has(wanted) ||
           thread.process().actions->actions[wanted - 1].handler == kIgnore;
}

bool has_members(ProcessId group) {
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group) {
            return true;
        }
    }
    return false;
}

bool is_group_of_session(ProcessId group, ProcessId session) {
    for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->group == group && process->session == session) {
            return true;
        }
    }
    return false;
}

}  // namespace kernel
