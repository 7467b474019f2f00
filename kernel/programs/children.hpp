// What a parent learns of its children: SIGCHLD, and what wait4 and waitid find.
//
// Every end, stop and going-on of a child is told once by a signal (unless the parent does not want it) and found once
// by a wait. Orphans, which process 1 was given, are not its to wait for. Main line only; waiting sleeps.
// Cost: a wait looks at each child.
#pragma once

#include <cstdint>

#include "kernel/programs/process.hpp"

namespace kernel {

/// siginfo's si_code for SIGCHLD. [linux] asm-generic/siginfo.h
namespace child_code {
inline constexpr std::int32_t kExited = 1, kKilled = 2, kStopped = 5, kContinued = 6;
}  // namespace child_code

/// wait4's and waitid's options, in Linux's numbers.
namespace wait_option {
inline constexpr std::uint32_t kNoHang = 1, kStopped = 2, kExited = 4, kContinued = 8, kKeep = 0x0100'0000,
                               kNotOthers = 0x2000'0000, kAll = 0x4000'0000, kClones = 0x8000'0000;
}  // namespace wait_option

/// Whom to wait for.
struct WaitRequest {
    enum class Whom : std::uint8_t { kAny, kProcess, kGroup };
    Whom whom = Whom::kAny;
    ProcessId id = 0;  ///< The process's or the group's.
    std::uint32_t options = 0;
};

/// What was found.
struct ChildEvent {
    ProcessId id = 0;         ///< 0: nothing yet, and kNoHang was asked for.
    std::int32_t code = 0;    ///< Of child_code.
    std::int32_t status = 0;  ///< The exit status or the signal: siginfo's si_status.
    Usage usage;              ///< The child's and its waited-for children's.

    /// As wait4 has it.
    [[nodiscard]] std::int32_t wait_status() const;
};

/// Waits until a child has something to tell. Errors: kNoChild (there is none such), kRestart.
FileResult<ChildEvent> wait_for_child(const WaitRequest& request);

/// The process has ended: tells its parent. Whether anybody will wait for it.
bool notify_of_end(Process& process);
/// It has stopped, or goes on.
void notify_of_stop(Process& process);
void notify_of_continue(Process& process);

}  // namespace kernel
