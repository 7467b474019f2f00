// siginfo_t as i386 programs see it.
//
// Which fields stand in it depends on who sent the signal; the rest is zero. [linux] asm-generic/siginfo.h
#pragma once

#include <array>
#include <cstdint>

#include "kernel/programs/signals.hpp"

namespace kernel {

struct UserSignalInfo {
    std::int32_t signal, error, code;
    std::array<std::uint32_t, 29> fields;  ///< From the sender's number, or the address, on.
};
static_assert(sizeof(UserSignalInfo) == 128);

/// For a handler, or for sigtimedwait's caller.
UserSignalInfo user_signal_info(const SignalInfo& info);

/// What sigqueue's caller says; the signal's number is `number`, whatever it says of that.
SignalInfo signal_info_from_user(const UserSignalInfo& user, Signal number);

}  // namespace kernel
