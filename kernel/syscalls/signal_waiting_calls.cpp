// System calls that wait for signals: sigsuspend and its kin, sigtimedwait.
#include "kernel/programs/process.hpp"
#include "kernel/programs/signal_information.hpp"
#include "kernel/syscalls/patience.hpp"
#include "kernel/syscalls/signal_call_list.hpp"

namespace kernel {
namespace {

using calls::kSetBytes;
using calls::read_set;

/// Until a signal is to be handled, or ends the process.
CallResult wait_for_signal() {
    while (sleep(Interruptible::kYes) != Wake::kSignal) {
    }
    return call_error(Errno::kRestartNoHandler);
}

/// Takes a signal of `set` as soon as there is one.
FileResult<SignalInfo> take_within(SignalSet set, Moment deadline) {
    Thread& thread = current_thread();
    SignalInfo info;
    while (!take_signal(thread, set, info)) {
        thread.signals.waited_for = set;
        thread.signals.attention = true;
        const Wake wake = sleep(Interruptible::kYes, deadline);
        thread.signals.waited_for = {};
        if (wake == Wake::kWoken) {
            continue;
        }
        if (take_signal(thread, set, info)) {
            break;
        }
        return file_error(wake == Wake::kTimedOut ? Errno::kAgain : Errno::kInterrupted);
    }
    return info;
}

CallResult timed_wait(const CallArguments& arguments, TimeForm form) {
    if (arguments.fourth() != kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    auto set = read_set(arguments.first());
    if (!set) {
        return call_error(set.error());
    }
    set->remove(signal::kKill);
    set->remove(signal::kStop);
    const auto patience = read_patience(arguments.third(), form);
    if (!patience) {
        return call_error(patience.error());
    }
    const auto info = take_within(*set, patience->deadline);
    if (!info) {
        return call_error(info.error());
    }
    if (arguments.second() != 0 && !write_user(arguments.second(), user_signal_info(*info))) {
        return call_error(Errno::kFault);
    }
    return info->signal;
}

}  // namespace

namespace calls {

CallResult pause(const CallArguments&) {
    return wait_for_signal();
}

CallResult rt_sigsuspend(const CallArguments& arguments) {
    if (arguments.second() != kSetBytes) {
        return call_error(Errno::kInvalid);
    }
    const auto mask = read_set(arguments.first());
    if (!mask) {
        return call_error(mask.error());
    }
    set_signal_mask_for_call(current_thread(), *mask);
    return wait_for_signal();
}

CallResult sigsuspend(const CallArguments& arguments) {
    set_signal_mask_for_call(current_thread(), set_of(arguments.third(), 0));
    return wait_for_signal();
}

CallResult rt_sigtimedwait(const CallArguments& arguments) {
    return timed_wait(arguments, TimeForm::kSpec32);
}

CallResult rt_sigtimedwait_time64(const CallArguments& arguments) {
    return timed_wait(arguments, TimeForm::kSpec64);
}

}  // namespace calls
}  // namespace kernel
