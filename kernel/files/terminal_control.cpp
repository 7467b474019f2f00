// ioctl(2) on a terminal. [linux] ioctl_tty(2)
#include <algorithm>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/terminal.hpp"
#include "kernel/programs/job_control.hpp"

namespace kernel {
namespace {

// Linux's numbers: asm-generic/ioctls.h.
constexpr std::uint32_t kGetSettings = 0x5401, kSetSettings = 0x5402, kSetSettingsDrained = 0x5403,
                        kSetSettingsFlushed = 0x5404, kGetSettings2 = 0x802C'542A,
                        kSetSettings2 = 0x402C'542B, kSetSettings2Drained = 0x402C'542C,
                        kSetSettings2Flushed = 0x402C'542D;
constexpr std::uint32_t kSendBreak = 0x5409, kFlow = 0x540A, kFlush = 0x540B, kExclusive = 0x540C,
                        kNotExclusive = 0x540D, kSendBreakTenths = 0x5425;
constexpr std::uint32_t kBecomeControlling = 0x540E, kGetGroup = 0x540F, kSetGroup = 0x5410,
                        kStopControlling = 0x5422, kGetSession = 0x5429;
constexpr std::uint32_t kOutputQueued = 0x5411, kTypeByte = 0x5412, kGetSize = 0x5413, kSetSize = 0x5414,
                        kInputQueued = 0x541B, kGetDiscipline = 0x5424, kGetDevice = 0x8004'5432;

constexpr std::uint32_t kOutputOff = 0, kOutputOn = 1, kInputOff = 2, kInputOn = 3;  // TCXONC
constexpr std::uint32_t kFlushOutput = 1, kFlushBoth = 2;                            // TCFLSH; 0: the input

/// struct termios2: the same with the speeds as numbers.
struct Settings2 {
    TerminalSettings settings;
    std::uint32_t input_speed = 115'200;
    std::uint32_t output_speed = 115'200;
};
static_assert(sizeof(Settings2) == 44);

FileResult<std::int32_t> number_of(const FileResult<void>& result) {
    return result ? FileResult<std::int32_t>(0) : file_error(result.error());
}

}  // namespace

FileResult<std::int32_t> Terminal::control(std::uint32_t request, std::uint32_t argument) {
    switch (request) {
        case kGetSettings:
            return number_of(write_user(argument, discipline_.settings()));
        case kGetSettings2:
            return number_of(write_user(argument, Settings2{discipline_.settings()}));
        case kSetSettings:
        case kSetSettingsDrained:
        case kSetSettingsFlushed:
        case kSetSettings2:
        case kSetSettings2Drained:
        case kSetSettings2Flushed:
            return number_of(set_settings(argument, request));
        case kGetSize:
            return number_of(write_user(argument, size_));
        case kSetSize: {
            TerminalSize wanted;
            const auto given = read_user(wanted, argument);
            if (given) {
                set_size(wanted);
            }
            return number_of(given);
        }
        case kInputQueued:
            return number_of(write_user(argument, static_cast<std::int32_t>(discipline_.readable_bytes())));
        case kOutputQueued:
            return number_of(write_user(argument, std::int32_t{0}));
        case kGetDiscipline:
            return number_of(write_user(argument, std::int32_t{discipline_.settings().discipline}));
        case kGetDevice:
            return number_of(write_user(argument, device_number_));
        case kTypeByte: {
            char typed = 0;
            const auto given = read_user(typed, argument);
            if (given && has_room()) {
                receive(typed);
                received();
            }
            return number_of(given);
        }
        case kSendBreak:
        case kSendBreakTenths:
        case kFlow:
        case kFlush:
        case kExclusive:
        case kNotExclusive:
            return number_of(control_flow(request, argument));
        case kGetGroup:
        case kGetSession: {
            if (current_process().terminal != this) {
                return file_error(Errno::kNotTerminal);
            }
            return number_of(write_user(argument, request == kGetGroup ? foreground_ : session_));
        }
        case kSetGroup:
        case kBecomeControlling:
        case kStopControlling:
            return number_of(control_session(request, argument));
        default:
            return file_error(Errno::kNotTerminal);
    }
}

FileResult<void> Terminal::set_settings(UserAddress from, std::uint32_t request) {
    if (const auto allowed = check_foreground(Access::kChange); !allowed) {
        return allowed;
    }
    TerminalSettings wanted;
    // The longer structure begins with the shorter one; a speed is nothing that this device could change.
    if (const auto given = read_user(wanted, from); !given) {
        return given;
    }
    if (request == kSetSettingsFlushed || request == kSetSettings2Flushed) {
        discipline_.drop_input();
    }
    discipline_.set_settings(wanted);
    readers_.wake_all();  // What makes input readable may have changed.
    return {};
}

/// Output is never queued: what has been written is on its way.
FileResult<void> Terminal::control_flow(std::uint32_t request, std::uint32_t argument) {
    if (request == kExclusive || request == kNotExclusive) {
        return {};  // Root may open it anyway.
    }
    if (const auto allowed = check_foreground(Access::kChange); !allowed) {
        return allowed;
    }
    if (request == kFlow) {
        switch (argument) {
            case kOutputOff:
                stop_output();
                return {};
            case kOutputOn:
                start_output();
                return {};
            case kInputOff:
            case kInputOn: {
                const TerminalSettings& settings = discipline_.settings();
                const auto key =
                    static_cast<char>(settings.characters[argument == kInputOff ? TerminalSettings::kStop
                                                                                : TerminalSettings::kStart]);
                show({&key, key == '\0' ? 0U : 1U});
                return {};
            }
            default:
                return file_error(Errno::kInvalid);
        }
    }
    if (request == kFlush) {
        if (argument > kFlushBoth) {
            return file_error(Errno::kInvalid);
        }
        if (argument != kFlushOutput) {
            discipline_.drop_input();
        }
    }
    return {};
}

FileResult<void> Terminal::control_session(std::uint32_t request, std::uint32_t argument) {
    switch (request) {
        case kSetGroup:
            return set_foreground_group(argument);
        case kBecomeControlling:
            return become_controlling(current_process());
        default:
            return leave(current_process());
    }
}

FileResult<void> Terminal::set_foreground_group(UserAddress from) {
    const Process& process = current_process();
    if (process.terminal != this || process.session != session_) {
        return file_error(Errno::kNotTerminal);
    }
    if (const auto allowed = check_foreground(Access::kChange); !allowed) {
        return allowed;
    }
    ProcessId group = 0;
    if (const auto given = read_user(group, from); !given) {
        return given;
    }
    if (group < 0) {
        return file_error(Errno::kInvalid);
    }
    if (!is_group_of_session(group, session_)) {
        return file_error(has_members(group) ? Errno::kNotPermitted : Errno::kNoProcess);
    }
    foreground_ = group;
    return {};
}

/// TIOCNOTTY: its own tie, and the whole session's when it is the leader.
FileResult<void> Terminal::leave(Process& process) {
    if (process.terminal != this) {
        return file_error(Errno::kNotTerminal);
    }
    if (process.session == process.id()) {
        leave_session(Files::kKeepWorking);
    }
    process.terminal = nullptr;
    return {};
}

}  // namespace kernel
