// The kernel's command line: words `NAME=VALUE`, in any order; what is said last holds.
//
//   check=frames     try every frame before its first hand-out, poison it when it comes back (slow)
//   check=none       the default
//   frames=NAME      the frame allocator
//   console=builtin  the kernel's own console, although there is an initial root
//   console=shell    the root's /bin/sh: the default
//   replacement=NAME which page goes when memory is short: /proc/sys/vm/replacement
//   modules=N        expect N modules: another number is reported
//   fail-frames=N    the N-th frame asked for fails (/proc/vmstat: pgalloc_boot, then pgalloc_normal)
//   fail-heap=N      the N-th block asked of the kernel heap fails (/proc/heap: requests)
//
// Words that are not options of the kernel are left to whoever understands them (Linux does the same); a
// value that makes no sense stops the boot with a line that lists those that do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mm/residency/replacement_factory.hpp"

namespace kernel {

enum class FrameChecks : std::uint8_t { kNone, kVerify };

/// What the user meets when the system is up.
enum class ConsoleChoice : std::uint8_t { kShell, kBuiltin };

struct Options {
    FrameChecks frame_checks = FrameChecks::kNone;
    ConsoleChoice console = ConsoleChoice::kShell;
    mm::ReplacementKind replacement = mm::kDefaultReplacement;
    std::optional<std::uint32_t> expected_modules;
    std::uint32_t fail_frames_at = 0;  ///< 0: never.
    std::uint32_t fail_heap_at = 0;    ///< 0: never.
};

/// A word whose value was not understood.
struct BadOption {
    std::string_view word;
    const char* expected;  ///< What would have been, for a person.
};

/// Reads `command_line` into `options`. Nothing, or the first word that makes no sense; what stood before it
/// counts.
std::optional<BadOption> parse_options(std::string_view command_line, Options& options);

/// The whole of `text` as a decimal number; nothing when it is none or does not fit.
std::optional<std::uint32_t> parse_number(std::string_view text);

}  // namespace kernel
