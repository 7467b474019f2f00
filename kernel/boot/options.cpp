#include "kernel/boot/options.hpp"

namespace kernel {
namespace {

struct Word {
    std::string_view name;
    std::string_view value;
};

/// The expectation that `word` does not meet; null when it is fine.
const char* apply(const Word& word, Options& options) {
    if (word.name == "check") {
        if (word.value != "frames" && word.value != "none") {
            return "check=frames or check=none";
        }
        options.frame_checks = word.value == "frames" ? FrameChecks::kVerify : FrameChecks::kNone;
        return nullptr;
    }
    if (word.name == "console") {
        if (word.value != "builtin" && word.value != "shell") {
            return "console=builtin or console=shell";
        }
        options.console = word.value == "builtin" ? ConsoleChoice::kBuiltin : ConsoleChoice::kShell;
        return nullptr;
    }
    if (word.name == "frames") {
        return word.value == "bitmap" ? nullptr : "frames=bitmap";
    }
    if (word.name == "replacement") {
        const auto kind = mm::replacement_named(std::span(word.value.data(), word.value.size()));
        options.replacement = kind.value_or(options.replacement);
        return kind ? nullptr : "replacement=NAME, with a name of /proc/sys/vm/replacement";
    }
    const std::optional<std::uint32_t> number = parse_number(word.value);
    if (word.name == "modules") {
        options.expected_modules = number;
        return number ? nullptr : "modules=NUMBER";
    }
    if (word.name == "fail-frames") {
        options.fail_frames_at = number.value_or(0);
        return number ? nullptr : "fail-frames=NUMBER";
    }
    if (word.name == "fail-heap") {
        options.fail_heap_at = number.value_or(0);
        return number ? nullptr : "fail-heap=NUMBER";
    }
    return nullptr;
}

}  // namespace

std::optional<std::uint32_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9' || value > UINT32_MAX) {
            return std::nullopt;
        }
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (text.empty() || value > UINT32_MAX) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(value);
}

std::optional<BadOption> parse_options(std::string_view command_line, Options& options) {
    constexpr std::string_view kBlanks = " \t\n";
    while (true) {
        const std::size_t begin = command_line.find_first_not_of(kBlanks);
        if (begin == std::string_view::npos) {
            return std::nullopt;
        }
        command_line.remove_prefix(begin);
        const std::string_view text = command_line.substr(0, command_line.find_first_of(kBlanks));
        command_line.remove_prefix(text.size());
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const Word word{.name = text.substr(0, equals), .value = text.substr(equals + 1)};
        if (const char* expected = apply(word, options)) {
            return BadOption{.word = text, .expected = expected};
        }
    }
}

}  // namespace kernel
