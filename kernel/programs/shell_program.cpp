#include "kernel/programs/shell_program.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <string_view>

#include "kernel/files/devices.hpp"
#include "kernel/files/host_streams.hpp"
#include "kernel/files/terminal.hpp"
#include "kernel/fixed_text.hpp"
#include "kernel/programs/first_program.hpp"
#include "kernel/programs/host_command.hpp"

namespace kernel {
namespace {

constexpr std::string_view kShell = "/bin/sh";
constexpr std::string_view kRunArguments = "\"$@\"";
constexpr std::array<std::string_view, 4> kBeforeCommand = {"sh", "-c", kRunArguments, "sh"};

using TerminalVariable = FixedText<64>;

/// The environment of the first program. `terminal` keeps one of its texts.
std::array<std::string_view, 5> environment(TerminalVariable& terminal) {
    Printer(terminal).print("TERM={}", console_terminal_type());
    return {"HOME=/root", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "USER=root", "LOGNAME=root", terminal.text()};
}

/// busybox's `halt` and `poweroff` ask process 1 by these signals.
bool is_asked_to_power_off(Signal signal) {
    return signal == signal::kUser1 || signal == signal::kUser2;
}

[[noreturn]] void ended(ExitInfo info) {
    constexpr std::uint8_t kKilled = 128;
    if (is_asked_to_power_off(info.signal)) {
        end_with_status(0);
    }
    end_with_status(info.signal != 0 ? static_cast<std::uint8_t>(kKilled + info.signal) : info.status);
}

FileResult<void> start_prompt() {
    auto console = open_console({OpenFlags::kReadWrite});
    if (!console) {
        return file_error(console.error());
    }
    start_console_terminal();
    TerminalVariable terminal;
    const auto variables = environment(terminal);
    constexpr std::array<std::string_view, 1> kArguments = {"-sh"};
    return start_first_program({.path = kShell,
                                .arguments = kArguments,
                                .environment = variables,
                                .streams = {*console, *console, *console},
                                .terminal = &console_terminal(),
                                .ended = ended});
}

FileResult<void> start_host_command() {
    const std::span<const std::string_view> command = host_command_words();
    const std::size_t count = kBeforeCommand.size() + command.size();
    // Never given back: the machine ends with the command.
    auto* const words = new (std::nothrow) std::string_view[count];
    if (words == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    std::copy(command.begin(), command.end(), std::copy(kBeforeCommand.begin(), kBeforeCommand.end(), words));
    auto input = open_host_stream(HostStream::kInput);
    auto output = open_host_stream(HostStream::kOutput);
    auto error = open_host_stream(HostStream::kError);
    if (!input || !output || !error) {
        return file_error(Errno::kNoMemory);
    }
    start_host_streams();
    TerminalVariable terminal;
    const auto variables = environment(terminal);
    return start_first_program({.path = kShell,
                                .arguments = {words, count},
                                .environment = variables,
                                .streams = {*input, *output, *error},
                                .ended = ended});
}

}  // namespace

FileResult<void> start_shell_program(ShellUse use) {
    return use == ShellUse::kPrompt ? start_prompt() : start_host_command();
}

}  // namespace kernel
