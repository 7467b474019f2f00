// fork, vfork and clone: another thread, in a process of its own or in the caller's.
//
// All or nothing: what cannot be made leaves no trace. A vfork's parent sleeps until the child has executed another
// program or ended; only its own end interrupts that. Main line only.
#pragma once

#include <cstdint>

#include "kernel/programs/process.hpp"

namespace kernel {

/// Linux's CLONE_ flags, as far as they are known here; the lowest byte is the signal at the end.
namespace clone_flags {
inline constexpr std::uint32_t kExitSignal = 0xFF, kMemory = 0x100, kPaths = 0x200, kFiles = 0x400,
                               kSignalActions = 0x800, kVfork = 0x4000, kParent = 0x8000, kThread = 0x1'0000,
                               kSystemVSemaphores = 0x4'0000, kSetTls = 0x8'0000, kParentSetTid = 0x10'0000,
                               kChildClearTid = 0x20'0000, kDetached = 0x40'0000, kUntraced = 0x80'0000,
                               kChildSetTid = 0x100'0000, kSharedIo = 0x8000'0000;
}  // namespace clone_flags

struct CloneRequest {
    std::uint32_t flags = 0;
    UserAddress stack = 0;  ///< 0: as the caller's.
    UserAddress parent_tid = 0;
    UserAddress tls = 0;  ///< A struct user_desc.
    UserAddress child_tid = 0;
};

/// Makes a thread that goes on where the current one called (with the registers of `frame`), with result 0; the new
/// one's number. May sleep (vfork). Errors: kInvalid (flags that do not go together, or unknown), kAgain (too many),
/// kNoMemory, kFault.
FileResult<ThreadId> clone_current(const TrapFrame& frame, const CloneRequest& request);

/// `child` has executed or ended: its vfork parent goes on.
void release_vfork_parent(Process& child);

}  // namespace kernel
