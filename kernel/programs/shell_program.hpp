// The shell of the initial root as the first program: at the console, or for one command of the host's.
//
//   a prompt                 /bin/sh as a login shell ("-sh"), the console as its terminal
//   ./run -- COMMAND ARG     /bin/sh -c '"$@"' sh COMMAND ARG, the host's streams as its own: builtins and functions of
//                            the shell are commands like any other, and arguments stay what they are
//
// When it ends the machine is switched off; the host gets its status, or 0 after busybox's `poweroff` and `halt`. Main line only, once.
#pragma once

#include <cstdint>

#include "kernel/files/errno.hpp"

namespace kernel {

/// What the shell is for.
enum class ShellUse : std::uint8_t { kPrompt, kHostCommand };

/// Makes it runnable. Errors, with nothing left behind: as execve's (kNoEntry: the root has no /bin/sh).
FileResult<void> start_shell_program(ShellUse use);

}  // namespace kernel
