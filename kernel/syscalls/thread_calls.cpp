// System calls about threads: futexes, thread-local segments, names.
#include <algorithm>
#include <array>
#include <utility>

#include "kernel/clock.hpp"
#include "kernel/programs/futex.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/user_time.hpp"

namespace kernel {
namespace {

// ---- futex

// [linux] uapi/linux/futex.h
enum FutexCommand : std::uint32_t {
    kFutexWait = 0,
    kFutexWake = 1,
    kFutexRequeue = 3,
    kFutexCompareRequeue = 4,
    kFutexWakeOperation = 5,
    kFutexWaitBits = 9,
    kFutexWakeBits = 10,
};
constexpr std::uint32_t kFutexCommandMask = 0x7F;
constexpr std::uint32_t kFutexRealTime = 0x100;

/// When a wait ends; `at` 0: never. FUTEX_WAIT's time is a length, the others' a moment of one of two clocks.
template <typename Time>
FileResult<Moment> futex_deadline(UserAddress at, std::uint32_t operation) {
    if (at == 0) {
        return kNever;
    }
    Time time{};
    if (!read_user(time, at)) {
        return file_error(Errno::kFault);
    }
    const FileResult<Microseconds> microseconds = microseconds_of(time);
    if (!microseconds) {
        return microseconds;
    }
    const Moment now = clock().microseconds_since_entry();
    if ((operation & kFutexCommandMask) == kFutexWait) {
        return moment_after(now, *microseconds);
    }
    if ((operation & kFutexRealTime) == 0) {
        return *microseconds;
    }
    const std::uint64_t real_now = clock().microseconds_since_1970();
    return *microseconds <= real_now ? now : moment_after(now, *microseconds - real_now);
}

CallResult wait_until(const CallArguments& arguments, std::uint32_t bits,
                      const FileResult<Moment>& deadline) {
    if (!deadline) {
        return call_error(deadline.error());
    }
    // A wait for a length of time that a signal without a handler interrupted ends when the first one would
    // have.
    Thread& thread = current_thread();
    const Moment until = std::exchange(thread.restart_deadline, kNever);
    const Moment end = until != kNever ? until : *deadline;
    const FileResult<void> waited = wait_for_futex(arguments.first(), arguments.third(), bits, end);
    if (!waited && waited.error() == Errno::kRestartNoHandler) {
        thread.restart_deadline = end;
    }
    return call_result(waited);
}

template <typename Time>
CallResult futex(const CallArguments& arguments) {
    const UserAddress address = arguments.first();
    const std::uint32_t operation = arguments.second();
    const std::uint32_t value = arguments.third();
    const std::uint32_t second_value = arguments.fourth();
    const UserAddress second = arguments.fifth();
    switch (operation & kFutexCommandMask) {
        case kFutexWait:
            return wait_until(arguments, kAnyFutexBits, futex_deadline<Time>(arguments.fourth(), operation));
        case kFutexWaitBits:
            return wait_until(arguments, arguments.sixth(),
                              futex_deadline<Time>(arguments.fourth(), operation));
        case kFutexWake:
        case kFutexWakeBits: {
            const bool all = (operation & kFutexCommandMask) == kFutexWake;
            const std::uint32_t bits = all ? kAnyFutexBits : arguments.sixth();
            if (address % sizeof(std::uint32_t) != 0 || bits == 0) {
                return call_error(Errno::kInvalid);
            }
            // Linux wakes one even when none is asked for.
            return static_cast<CallResult>(wake_futex(address, std::max(value, 1U), bits));
        }
        case kFutexCompareRequeue: {
            std::uint32_t word = 0;
            if (address % sizeof(word) != 0) {
                return call_error(Errno::kInvalid);
            }
            if (!read_user(word, address)) {
                return call_error(Errno::kFault);
            }
            if (word != arguments.sixth()) {
                return call_error(Errno::kAgain);
            }
            [[fallthrough]];
        }
        case kFutexRequeue:
            if (static_cast<std::int32_t>(value) < 0 || static_cast<std::int32_t>(second_value) < 0) {
                return call_error(Errno::kInvalid);
            }
            return call_result(requeue_futex(address, value, second, second_value));
        case kFutexWakeOperation:
            return call_result(wake_futex_operation(address, std::max(value, 1U), second,
                                                    std::max(second_value, 1U), arguments.sixth()));
        default:
            return call_error(Errno::kNoSystemCall);
    }
}

// ---- thread-local segments, and what a thread tells the kernel about itself

CallResult set_thread_area(const CallArguments& arguments) {
    constexpr std::uint32_t kAnySlot = UINT32_MAX;
    UserDescriptor wanted{};
    if (!read_user(wanted, arguments.first())) {
        return call_error(Errno::kFault);
    }
    TlsSegments& tls = current_thread().tls;
    const bool choose = wanted.entry_number == kAnySlot;
    if (choose) {
        const auto free = std::find(tls.descriptors.begin(), tls.descriptors.end(), std::uint64_t{0});
        if (free == tls.descriptors.end()) {
            return call_error(Errno::kNoProcess);
        }
        wanted.entry_number = kFirstTlsSlot + static_cast<std::uint32_t>(free - tls.descriptors.begin());
    }
    const std::uint32_t slot = wanted.entry_number - kFirstTlsSlot;
    if (slot >= kTlsSlots || !is_allowed(wanted)) {
        return call_error(Errno::kInvalid);
    }
    if (choose && !write_user(arguments.first(), wanted.entry_number)) {
        return call_error(Errno::kFault);
    }
    tls.descriptors[slot] = tls_descriptor(wanted);
    load_tls(tls);
    return 0;
}

CallResult get_thread_area(const CallArguments& arguments) {
    std::uint32_t entry = 0;
    if (!read_user(entry, arguments.first())) {
        return call_error(Errno::kFault);
    }
    const std::uint32_t slot = entry - kFirstTlsSlot;
    if (slot >= kTlsSlots) {
        return call_error(Errno::kInvalid);
    }
    const std::uint64_t descriptor = current_thread().tls.descriptors[slot];
    return call_result(write_user(arguments.first(), user_descriptor(descriptor, entry)));
}

CallResult gettid(const CallArguments&) {
    return current_thread().id();
}

CallResult set_tid_address(const CallArguments& arguments) {
    current_thread().clear_child_tid = arguments.first();
    return current_thread().id();
}

constexpr std::uint32_t kRobustListHeadBytes = 12;

CallResult set_robust_list(const CallArguments& arguments) {
    if (arguments.second() != kRobustListHeadBytes) {
        return call_error(Errno::kInvalid);
    }
    current_thread().robust_list = arguments.first();
    return 0;
}

CallResult get_robust_list(const CallArguments& arguments) {
    const std::uint32_t id = arguments.first();
    const Thread* const thread = id == 0 ? &current_thread() : find_thread(static_cast<ThreadId>(id));
    if (thread == nullptr) {
        return call_error(Errno::kNoProcess);
    }
    const UserAddress list = thread->robust_list;  // it may end while a page of the caller's is waited for
    if (!write_user(arguments.second(), list) || !write_user(arguments.third(), kRobustListHeadBytes)) {
        return call_error(Errno::kFault);
    }
    return 0;
}

// ---- prctl

// [linux] uapi/linux/prctl.h
enum Prctl : std::uint32_t {
    kSetDeathSignal = 1,
    kGetDeathSignal = 2,
    kGetDumpable = 3,
    kSetDumpable = 4,
    kSetName = 15,
    kGetName = 16,
    kSetNoNewPrivileges = 38,
    kGetNoNewPrivileges = 39,
};

CallResult set_name(UserAddress from) {
    std::array<char, Process::kNameBytes> name{};
    const FileResult<std::string_view> text =
        copy_string_from_user(std::span(name).first(name.size() - 1), from);
    if (!text && text.error() == Errno::kFault) {
        return call_error(Errno::kFault);
    }
    name.back() = '\0';  // a longer one is cut
    std::fill(name.begin() + static_cast<std::ptrdiff_t>(text ? text->size() : name.size() - 1), name.end(),
              '\0');
    current_process().name = name;
    return 0;
}

CallResult prctl(const CallArguments& arguments) {
    switch (arguments.first()) {
        case kSetName:
            return set_name(arguments.second());
        case kGetName:
            return call_result(write_user(arguments.second(), current_process().name));
        case kGetDumpable:
            return 1;
        case kSetDumpable:
            return arguments.second() <= 1 ? 0 : call_error(Errno::kInvalid);
        case kSetNoNewPrivileges:
            return arguments.second() == 1 ? 0 : call_error(Errno::kInvalid);
        case kGetNoNewPrivileges:
            return 0;
        case kSetDeathSignal:
        case kGetDeathSignal:
        default:
            return call_error(Errno::kInvalid);
    }
}

constexpr CallRow kRows[] = {
    {172, "prctl", "option, ...", prctl},
    {224, "gettid", "", gettid},
    {240, "futex", "word, operation, value, time or value, second word, third value", futex<Timespec32>},
    {243, "set_thread_area", "descriptor", set_thread_area},
    {244, "get_thread_area", "descriptor", get_thread_area},
    {258, "set_tid_address", "word", set_tid_address},
    {311, "set_robust_list", "head, size", set_robust_list},
    {312, "get_robust_list", "thread, head, size", get_robust_list},
    {422, "futex_time64", "word, operation, value, time or value, second word, third value",
     futex<Timespec64>},
};

}  // namespace

std::span<const CallRow> thread_calls() {
    return kRows;
}

}  // namespace kernel
