// Command mode: the host asks for one command instead of a prompt, and gets its output and its status
// exactly.
//
// The arguments come through QEMU's fw_cfg, each followed by a NUL byte, because a kernel command line can
// carry neither newlines nor empty arguments nor 64 KiB. Output goes out on COM2 in frames, so that nothing
// else can get between:
//
//   byte 0      '1' standard output, '2' standard error, 'x' exit status ('0' is kept for standard input)
//   bytes 1-2   length of the payload, little-endian
//   payload     at most 4 KiB here; of an exit status one byte, and nothing follows it
//
// The other end is tools/streams.py. Owns the frame being filled. Main line only.
#pragma once

#include "kernel/programs/shell.hpp"

namespace kernel {

/// Whether the host asks for a command.
bool host_command_requested();

/// Runs that command, its arguments taken literally, reports, and switches the machine off. Arguments that do
/// not fit into the kernel heap end in status 126, as they would in a Linux shell.
[[noreturn]] void run_host_command(Shell& shell);

}  // namespace kernel
