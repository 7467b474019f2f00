// What a signal does to a process that has not said otherwise. [POSIX] signal.h, [linux] signal(7)
#pragma once

#include "kernel/programs/signals.hpp"

namespace kernel {

/// Those that would leave a core image just end the process: there are none here.
enum class DefaultAction : std::uint8_t { kEnd, kIgnore, kStop };

constexpr DefaultAction default_action(Signal signal) {
    switch (signal) {
        case signal::kChild:
        case signal::kContinue:  // Its effect came when it was sent.
        case signal::kUrgent:
        case signal::kWindowChange:
            return DefaultAction::kIgnore;
        case signal::kStop:
        case signal::kTerminalStop:
        case signal::kTerminalInput:
        case signal::kTerminalOutput:
            return DefaultAction::kStop;
        default:
            return DefaultAction::kEnd;
    }
}

}  // namespace kernel
