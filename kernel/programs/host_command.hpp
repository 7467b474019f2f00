// Command mode: the host asks for one command instead of a prompt, and gets its output and its status exactly.
//
// The arguments come through QEMU's fw_cfg, each followed by a NUL byte, because a kernel command line can carry
// neither newlines nor empty arguments nor 64 KiB. What the command prints goes out by kernel/files/host_streams.hpp.
// Main line only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/programs/shell.hpp"

namespace kernel {

/// Whether the host asks for a command.
bool host_command_requested();

/// That command's words, at least one, in memory that is never given back. When they do not fit, or there are none, the
/// host is told so, with the status that a Linux shell gives, and the machine is switched off.
std::span<std::string_view> host_command_words();

/// Runs that command, its arguments taken literally, in the kernel's own shell, reports, and switches the machine
/// off.
[[noreturn]] void run_host_command(Shell& shell);

/// Process 1 has ended: the host, if it asked for a command, is told `status` (of a death by a signal: 128 more than
/// its number), and the machine is switched off.
[[noreturn]] void end_with_status(std::uint8_t status);

}  // namespace kernel
