// The host's standard streams in command mode, over COM2, in frames, so that nothing else can get between.
//
//   byte 0      to the host: '1' standard output, '2' standard error, 'x' exit status, 'c' credit
//               to the guest: '0' standard input
//   bytes 1-2   length of the payload, little-endian
//   payload     output: at most 4 KiB here; exit status: one byte, and nothing follows it; credit: how many bytes of
//               input have been taken so far, 32 bits; input: nothing means that it has ended
//
// The host keeps at most kCredit bytes of input on their way, so that what arrives always has room here. Output goes
// out when it is written: sending waits for the device, other threads run meanwhile, and none gets into a frame.
// The other end is tools/streams.py. Owns COM2. Main line only.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/open_file.hpp"

namespace kernel {

/// Input bytes on their way at most.
inline constexpr std::size_t kHostInputCredit = 4096;

enum class HostStream : std::uint8_t { kInput, kOutput, kError };

/// From now on what arrives is taken as input. Once, before the first program runs.
void start_host_streams();

/// A program's end of a stream: neither a terminal nor seekable, a FIFO to stat. Error: kNoMemory.
FileResult<Shared<OpenFile>> open_host_stream(HostStream stream);

/// For the kernel's own shell: collects output until a frame is full or the stream changes. Never sleeps.
void collect_host_output(HostStream stream, std::string_view bytes);

/// Sends what has been collected or begun: also the last thing done when the kernel panics.
void flush_host_output();

/// The last frame of all.
void send_exit_status(std::uint8_t status);

}  // namespace kernel
