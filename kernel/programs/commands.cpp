#include "kernel/programs/commands.hpp"

#include <cstddef>
#include <new>

namespace kernel {
namespace {

Outcome cat(const Invocation& invocation) {
    Printer output(invocation.streams.output);
    Printer errors(invocation.streams.error);
    if (invocation.words.size() < 2) {
        errors.print("cat: no file named\n");
        return ExitStatus::kFailure;
    }
    Outcome outcome;
    for (const std::string_view path : invocation.words.subspan(1)) {
        const auto place = look_up(invocation.shell.root(), path);
        FileResult<void> done = file_error(Errno::kIsDirectory);
        if (!place) {
            done = file_error(place.error());
        } else if (place->file != nullptr) {
            done = place->file->read(output);
        }
        if (!done) {
            errors.print("cat: {}: {}\n", path, to_string(done.error()));
            outcome = ExitStatus::kFailure;
        }
    }
    return outcome;
}

void list_directory(Printer& output, const Directory& directory) {
    for (const Node* node = directory.first(); node != nullptr; node = node->next()) {
        output.print("{}\n", node->name());
    }
}

Outcome ls(const Invocation& invocation) {
    Printer output(invocation.streams.output);
    static constexpr std::string_view kHere[] = {"/"};
    std::span<const std::string_view> paths = invocation.words.subspan(1);
    if (paths.empty()) {
        paths = kHere;
    }
    Outcome outcome;
    for (const std::string_view path : paths) {
        const auto place = look_up(invocation.shell.root(), path);
        if (!place) {
            Printer(invocation.streams.error).print("ls: {}: {}\n", path, to_string(place.error()));
            outcome = ExitStatus::kFailure;
        } else if (place->file != nullptr) {
            output.print("{}\n", path);
        } else {
            if (paths.size() > 1) {
                output.print("{}:\n", path);
            }
            list_directory(output, *place->directory);
        }
    }
    return outcome;
}

/// Words as they are, with blanks between them. Only a first `-n` is special, as in every Linux shell.
Outcome echo(const Invocation& invocation) {
    Printer output(invocation.streams.output);
    const bool without_newline = invocation.words.size() > 1 && invocation.words[1] == "-n";
    std::string_view before;
    for (const std::string_view word : invocation.words.subspan(without_newline ? 2 : 1)) {
        output.write(before);
        output.write(word);
        before = " ";
    }
    output.write(without_newline ? "" : "\n");
    return {};
}

/// The character that the escape at the start of `text` (behind its backslash) stands for; removes it from
/// `text`.
char take_escape(std::string_view& text) {
    static constexpr std::string_view kLetters = "abfnrtv\\";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
    if (const std::size_t index = kLetters.find(text.front()); index != std::string_view::npos) {
        text.remove_prefix(1);
        return kMeanings[index];
    }
    unsigned value = 0;
    std::size_t digits = 0;
    while (digits < 3 && digits < text.size() && text[digits] >= '0' && text[digits] <= '7') {
        value = value * 8 + static_cast<unsigned>(text[digits++] - '0');
    }
    text.remove_prefix(digits);
    return digits > 0 ? static_cast<char>(value) : '\\';
}

/// The one command that can print every byte: `\NNN` in octal, `%s` and `%%`.
Outcome printf(const Invocation& invocation) {
    Printer output(invocation.streams.output);
    if (invocation.words.size() < 2) {
        Printer(invocation.streams.error).print("printf: no format\n");
        return ExitStatus::kMisuse;
    }
    std::span<const std::string_view> arguments = invocation.words.subspan(2);
    std::string_view format = invocation.words[1];
    while (!format.empty()) {
        const std::size_t plain = format.find_first_of("\\%");
        output.write(format.substr(0, plain));
        format.remove_prefix(plain == std::string_view::npos ? format.size() : plain);
        if (format.size() < 2) {
            output.write(format);
            break;
        }
        if (format.front() == '\\') {
            format.remove_prefix(1);
            const char character = take_escape(format);
            output.write({&character, 1});
        } else if (format.starts_with("%%")) {
            output.write("%");
            format.remove_prefix(2);
        } else if (format.starts_with("%s")) {
            format.remove_prefix(2);
            if (!arguments.empty()) {
                output.write(arguments.front());
                arguments = arguments.subspan(1);
            }
        } else {
            Printer(invocation.streams.error).print("printf: {}: invalid format\n", format.substr(0, 2));
            return ExitStatus::kFailure;
        }
    }
    return {};
}

/// `sh -c LINE`. The line is copied, because running it rewrites it.
Outcome sh(const Invocation& invocation) {
    Printer errors(invocation.streams.error);
    if (invocation.words.size() != 3 || invocation.words[1] != "-c") {
        errors.print("sh: usage: sh -c LINE\n");
        return ExitStatus::kMisuse;
    }
    const std::string_view text = invocation.words[2];
    const std::size_t most_words = CommandReader::most_words(text);
    // One byte and one word more: an allocation of nothing need not give an address.
    char* line = new (std::nothrow) char[text.size() + 1];
    auto* words = new (std::nothrow) std::string_view[most_words + 1];
    Outcome outcome = ExitStatus::kMisuse;
    if (line == nullptr || words == nullptr) {
        errors.print("sh: {}\n", to_string(Errno::kNoMemory));
    } else {
        text.copy(line, text.size());
        outcome = invocation.shell.run_line({line, text.size()}, {words, most_words}, invocation.streams);
    }
    delete[] words;
    delete[] line;
    // An `exit` in the line leaves that line, not whoever called it.
    return outcome.next == Outcome::Next::kLeave ? Outcome(outcome.status, Outcome::Next::kGoOn) : outcome;
}

Outcome leave(const Invocation& invocation) {
    if (invocation.words.size() < 2) {
        return {invocation.shell.last_status(), Outcome::Next::kLeave};
    }
    const std::string_view text = invocation.words[1];
    unsigned status = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            status = 256;
            break;
        }
        status = status < 256 ? status * 10 + static_cast<unsigned>(c - '0') : status;
    }
    if (text.empty() || status > 255) {
        Printer(invocation.streams.error).print("sh: exit: {}: a status is 0 to 255\n", text);
        return ExitStatus::kMisuse;
    }
    return {static_cast<std::uint8_t>(status), Outcome::Next::kLeave};
}

Outcome power_off(const Invocation&) {
    return {0, Outcome::Next::kPowerOff};
}

Outcome help(const Invocation& invocation) {
    Printer output(invocation.streams.output);
    output.print("Everything to see or to set is a file: try `ls /proc` and `cat /proc/frames`.\n\n");
    for (const Command& command : commands()) {
        output.print("  {<9}{<22}{}\n", command.name, command.arguments, command.purpose);
    }
    output.print(
        "\nCOMMAND > FILE writes to a file. Quote with '..', \"..\" or \\; separate commands with ; && or "
        "||.\n");
    return {};
}

constexpr Command kCommands[] = {
    {"cat", "FILE...", "print files", cat},
    {"ls", "[PATH...]", "list what is in a directory", ls},
    {"echo", "[-n] [WORD...]", "print words; `> FILE` writes them to a file", echo},
    {"printf", "FORMAT [WORD...]", "print with %s and \\n, \\t, \\NNN (octal)", printf},
    {"sh", "-c LINE", "run a line of commands", sh},
    {"exit", "[STATUS]", "leave the shell", leave},
    {"poweroff", "", "switch the machine off", power_off},
    {"help", "", "show this", help},
};

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

}  // namespace kernel
