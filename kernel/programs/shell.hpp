// The commands that the console knows, and how a line of them runs. Everything there is to see or to set is a
// file, so these few are enough until programs can be loaded; messages and statuses are those of the programs
// they stand for.
//
// Owns nothing but a reference to the tree of files. Knows no device: output goes to sinks, so the same code
// runs at the prompt, for a command from the host, and in a host test. Cost: what the files that are read and
// written cost. `sh -c` and only that allocates. Main line only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/files/printer.hpp"
#include "kernel/files/tree.hpp"
#include "kernel/programs/words.hpp"

namespace kernel {

/// Where a command prints.
struct Streams {
    Sink& output;
    Sink& error;
};

/// Exit statuses that POSIX gives a meaning.
enum class ExitStatus : std::uint8_t { kSuccess = 0, kFailure = 1, kMisuse = 2, kNotFound = 127 };

/// How a command ended, and what is to happen then.
struct Outcome {
    enum class Next : std::uint8_t {
        kGoOn,      ///< The next command runs.
        kLeave,     ///< `exit`: no further command of this shell runs.
        kPowerOff,  ///< `poweroff`: no further command of any shell runs; the machine is to be switched off.
    };

    std::uint8_t status = 0;
    Next next = Next::kGoOn;

    constexpr Outcome() = default;
    constexpr Outcome(ExitStatus exit_status) : status(static_cast<std::uint8_t>(exit_status)) {}
    constexpr Outcome(std::uint8_t exit_status, Next what_next) : status(exit_status), next(what_next) {}
};

class Shell {
  public:
    /// How many lines run inside one another at most: the one typed, that of the `sh -c` in it, and so on.
    /// Each takes about 1 KiB of the kernel's stack, and the command in the innermost one needs the rest.
    static constexpr std::uint8_t kMostLinesInside = 8;

    explicit constexpr Shell(const Directory& root) : root_(root) {}

    /// Runs the command `words`: its name, then its arguments, each taken literally. At least one word.
    Outcome run(std::span<const std::string_view> words, Streams streams);

    /// Runs the commands of `line`, which is rewritten in the course of it. `words` must have room for
    /// CommandReader::most_words(line). The status is that of the last command that ran; a line that is too
    /// deep inside others is refused with kMisuse.
    Outcome run_line(std::span<char> line, std::span<std::string_view> words, Streams streams);

    [[nodiscard]] const Directory& root() const { return root_; }
    /// The status of the last command that ended in run_line.
    [[nodiscard]] std::uint8_t last_status() const { return last_status_; }

  private:
    Outcome run_commands(std::span<char> line, std::span<std::string_view> words, Streams streams);
    Outcome run_redirected(const ParsedCommand& command, Streams streams);

    const Directory& root_;
    std::uint8_t last_status_ = 0;
    std::uint8_t lines_running_ = 0;  // each inside the one before
};

}  // namespace kernel
