#include "kernel/programs/shell.hpp"

#include <cstddef>

#include "kernel/fixed_text.hpp"
#include "kernel/programs/commands.hpp"

namespace kernel {
namespace {

/// What a file is told in one write; a command's output that goes to a file is collected here.
constexpr std::size_t kLargestWrite = 512;

/// Counts what comes, so that output too long for a write is refused instead of cut.
class CountingText final : public Sink {
  public:
    void write(std::string_view bytes) override {
        kept_.write(bytes);
        size_ += bytes.size();
    }
    [[nodiscard]] bool complete() const { return size_ <= kLargestWrite; }
    [[nodiscard]] std::string_view text() const { return kept_.text(); }

  private:
    FixedText<kLargestWrite> kept_;
    std::size_t size_ = 0;
};

}  // namespace

Outcome Shell::run(std::span<const std::string_view> words, Streams streams) {
    for (const Command& command : commands()) {
        if (command.name == words.front()) {
            return command.run({*this, words, streams});
        }
    }
    Printer(streams.error).print("sh: {}: not found\n", words.front());
    return ExitStatus::kNotFound;
}

Outcome Shell::run_line(std::span<char> line, std::span<std::string_view> words, Streams streams) {
    if (lines_running_ == kMostLinesInside) {
        Printer(streams.error).print("sh: more than {} lines inside one another\n", kMostLinesInside);
        return ExitStatus::kMisuse;
    }
    ++lines_running_;
    const Outcome outcome = run_commands(line, words, streams);
    --lines_running_;
    return outcome;
}

Outcome Shell::run_commands(std::span<char> line, std::span<std::string_view> words, Streams streams) {
    CommandReader reader(line, words);
    ParsedCommand command;
    Outcome outcome;
    for (;;) {
        const auto more = reader.next(command);
        if (!more) {
            const SyntaxError& error = more.error();
            Printer(streams.error)
                .print("sh: syntax error: {}{}{}\n", error.what, error.near.empty() ? "" : " ", error.near);
            return ExitStatus::kMisuse;
        }
        if (!*more) {
            return outcome;
        }
        const bool failed = outcome.status != 0;
        if ((command.condition == Condition::kIfSucceeded && failed) ||
            (command.condition == Condition::kIfFailed && !failed)) {
            continue;
        }
        last_status_ = outcome.status;
        outcome = command.output_path ? run_redirected(command, streams) : run(command.words, streams);
        if (outcome.next != Outcome::Next::kGoOn) {
            return outcome;
        }
    }
}

Outcome Shell::run_redirected(const ParsedCommand& command, Streams streams) {
    Printer errors(streams.error);
    const std::string_view path = *command.output_path;
    const auto place = look_up(root_, path);
    if (!place || place->file == nullptr) {
        errors.print("sh: {}: {}\n", path, to_string(place ? Errno::kIsDirectory : place.error()));
        return ExitStatus::kFailure;
    }
    if (command.words.empty()) {
        return {};
    }
    CountingText output;
    Outcome outcome = run(command.words, {output, streams.error});
    if (output.text().empty()) {
        return outcome;
    }
    std::string_view text = output.text();
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    const auto written = output.complete() ? place->file->write(text) : file_error(Errno::kInvalid);
    if (!written) {
        errors.print("{}: write error: {}\n", command.words.front(), to_string(written.error()));
        return ExitStatus::kFailure;
    }
    return outcome;
}

}  // namespace kernel
