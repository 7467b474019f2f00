#include "kernel/programs/children.hpp"

#include <utility>

#include "kernel/programs/exit.hpp"

namespace kernel {
namespace {

bool matches(const Process& child, const WaitRequest& request) {
    const bool is_clone = child.exit_signal != signal::kChild;
    const bool wants_clones = (request.options & wait_option::kClones) != 0;
    if (child.is_orphan || ((request.options & wait_option::kAll) == 0 && is_clone != wants_clones)) {
        return false;
    }
    switch (request.whom) {
        case WaitRequest::Whom::kAny:
            return true;
        case WaitRequest::Whom::kProcess:
            return child.id() == request.id;
        case WaitRequest::Whom::kGroup:
            return child.group == request.id;
    }
    return false;
}

ChildEvent end_of(const Process& child) {
    const bool killed = child.exit.signal != 0;
    Usage usage = usage_of(child);
    add_usage(usage, child.waited_children);
    return {.id = child.id(),
            .code = killed ? child_code::kKilled : child_code::kExited,
            .status = killed ? child.exit.signal : child.exit.status,
            .usage = usage};
}

ChildEvent event_of(const Process& child, std::int32_t code, Signal about) {
    Usage usage = usage_of(child);
    add_usage(usage, child.waited_children);
    return {.id = child.id(), .code = code, .status = about, .usage = usage};
}

/// What `child` has to tell that `options` ask for; found once, unless they say kKeep. id 0: nothing.
ChildEvent take_event(Process& child, std::uint32_t options) {
    const bool keep = (options & wait_option::kKeep) != 0;
    if (child.state == ProcessState::kZombie) {
        if ((options & wait_option::kExited) == 0 || child.thread_count != 0) {
            return {};
        }
        const ChildEvent event = end_of(child);
        if (!keep) {
            add_usage(child.parent->waited_children, event.usage);
            forget_process(child);
        }
        return event;
    }
    if ((options & wait_option::kStopped) != 0 && child.stop_unreported) {
        child.stop_unreported = keep;
        return event_of(child, child_code::kStopped, child.stopped_by);
    }
    if ((options & wait_option::kContinued) != 0 && child.continue_unreported) {
        child.continue_unreported = keep;
        return event_of(child, child_code::kContinued, signal::kContinue);
    }
    return {};
}

/// kNoChild: there is none to wait for; id 0: none has anything to tell.
FileResult<ChildEvent> look(Process& parent, const WaitRequest& request) {
    bool any = false;
    for (Process* child = parent.first_child; child != nullptr; child = child->next_sibling) {
        if (!matches(*child, request)) {
            continue;
        }
        any = true;
        if (const ChildEvent event = take_event(*child, request.options); event.id != 0) {
            return event;
        }
    }
    if (!any) {
        return file_error(Errno::kNoChild);
    }
    return ChildEvent{};
}

void send(const Process& child, const ChildEvent& event, Signal signal) {
    send_signal(*child.parent, {.signal = signal,
                                .code = event.code,
                                .sender = child.id(),
                                .value = static_cast<std::uint32_t>(event.status)});
}

/// For stops and goings-on, which the parent may not want to hear of.
void notify(const Process& child, const ChildEvent& event) {
    Process& parent = *child.parent;
    if (parent.actions && (parent.actions->of(signal::kChild).flags & action_flag::kNoChildStop) == 0) {
        send(child, event, signal::kChild);
    }
    parent.children_events.wake_all();
}

}  // namespace

std::int32_t ChildEvent::wait_status() const {
    switch (code) {
        case child_code::kExited:
            return status << 8;
        case child_code::kStopped:
            return status << 8 | 0x7F;
        case child_code::kContinued:
            return 0xFFFF;
        default:
            return status;
    }
}

FileResult<ChildEvent> wait_for_child(const WaitRequest& request) {
    Process& parent = current_process();
    const Waiter place(parent.children_events);
    for (;;) {
        const auto found = look(parent, request);
        if (!found || found->id != 0 || (request.options & wait_option::kNoHang) != 0) {
            return found;
        }
        if (sleep(Interruptible::kYes) == Wake::kSignal) {
            return file_error(Errno::kRestart);
        }
    }
}

bool notify_of_end(Process& process) {
    if (process.is_orphan || !process.parent->actions) {
        return false;
    }
    Process& parent = *process.parent;
    bool wanted = true;
    bool told = process.exit_signal != 0;
    if (process.exit_signal == signal::kChild) {
        const SignalAction& action = parent.actions->of(signal::kChild);
        told = action.handler != kIgnoreHandler;
        wanted = told && (action.flags & action_flag::kNoChildWait) == 0;
    }
    if (told) {
        send(process, end_of(process), process.exit_signal);
    }
    parent.children_events.wake_all();
    return wanted;
}

void notify_of_stop(Process& process) {
    process.stop_unreported = true;
    notify(process, event_of(process, child_code::kStopped, process.stopped_by));
}

void notify_of_continue(Process& process) {
    process.stop_unreported = false;
    process.continue_unreported = true;
    notify(process, event_of(process, child_code::kContinued, signal::kContinue));
}

}  // namespace kernel
