// The signal calls by name: what the rows in signal_calls.cpp refer to; and what all of them read.
#pragma once

#include "kernel/programs/signals.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel::calls {

/// How large a set a caller must say it has.
inline constexpr std::uint32_t kSetBytes = 8;

/// A set from its two halves.
constexpr SignalSet set_of(std::uint32_t low, std::uint32_t high) {
    return {std::uint64_t{high} << 32 | low};
}
/// A program's set of kSetBytes. Error: kFault.
inline FileResult<SignalSet> read_set(UserAddress from) {
    SignalSet set;
    if (const auto read = read_user(set.bits, from); !read) {
        return file_error(read.error());
    }
    return set;
}

// signal_sending_calls.cpp
CallResult kill(const CallArguments& arguments);
CallResult tkill(const CallArguments& arguments);
CallResult tgkill(const CallArguments& arguments);
CallResult rt_sigqueueinfo(const CallArguments& arguments);
CallResult rt_tgsigqueueinfo(const CallArguments& arguments);

// signal_waiting_calls.cpp
CallResult pause(const CallArguments& arguments);
CallResult sigsuspend(const CallArguments& arguments);
CallResult rt_sigsuspend(const CallArguments& arguments);
CallResult rt_sigtimedwait(const CallArguments& arguments);
CallResult rt_sigtimedwait_time64(const CallArguments& arguments);

}  // namespace kernel::calls
