#include "kernel/programs/signal_information.hpp"

namespace kernel {
namespace {

bool tells_address(const SignalInfo& info) {
    switch (info.signal) {
        case signal::kIllegal:
        case signal::kFloatingPoint:
        case signal::kSegmentation:
        case signal::kBus:
        case signal::kTrap:
            return info.code > 0 && info.code < signal_code::kKernel;
        default:
            return false;
    }
}

}  // namespace

UserSignalInfo user_signal_info(const SignalInfo& info) {
    UserSignalInfo user{.signal = info.signal, .error = info.error, .code = info.code, .fields = {}};
    if (tells_address(info)) {
        user.fields[0] = info.address;
        return user;
    }
    // Sender, its user, and a value: sigqueue's, or a child's status.
    user.fields[0] = static_cast<std::uint32_t>(info.sender);
    user.fields[1] = info.user;
    user.fields[2] = info.value;
    return user;
}

SignalInfo signal_info_from_user(const UserSignalInfo& user, Signal number) {
    return {.signal = number,
            .code = user.code,
            .error = user.error,
            .sender = static_cast<std::int32_t>(user.fields[0]),
            .user = user.fields[1],
            .value = user.fields[2]};
}

}  // namespace kernel
