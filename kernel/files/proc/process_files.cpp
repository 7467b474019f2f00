#include "kernel/files/proc/process_files.hpp"

#include <algorithm>

#include "kernel/boot/options.hpp"

namespace kernel {
namespace {

std::string_view text_of(const std::array<char, Process::kNameBytes>& name) {
    return {name.data(), std::min(std::string_view(name.data(), name.size()).find('\0'), name.size())};
}

/// The program's memory between two addresses, as it is now: programs may have changed it.
void print_memory(Printer& out, const Process& process, UserAddress begin, UserAddress end) {
    std::array<char, 256> bytes;
    while (process.memory && begin < end) {
        const std::span<char> part = std::span(bytes).first(std::min<std::size_t>(bytes.size(), end - begin));
        const std::size_t count = process.memory->peek(begin, std::as_writable_bytes(part));
        if (count == 0) {
            return;
        }
        out.write({bytes.data(), count});
        begin += static_cast<UserAddress>(count);
    }
}

void print_command_line(Printer& out, const ProcessFileSubject& subject) {
    if (const Process& process = subject.process; process.memory) {
        const ProgramLayout& layout = process.memory->layout;
        print_memory(out, process, layout.arguments_begin, layout.arguments_end);
    }
}

void print_environment(Printer& out, const ProcessFileSubject& subject) {
    if (const Process& process = subject.process; process.memory) {
        const ProgramLayout& layout = process.memory->layout;
        print_memory(out, process, layout.environment_begin, layout.environment_end);
    }
}

void print_name(Printer& out, const ProcessFileSubject& subject) {
    out.print("{}\n", text_of(subject.process.name));
}

FileResult<void> set_name(Process& process, std::string_view text) {
    process.name = {};
    text.copy(process.name.data(), process.name.size() - 1);
    return {};
}

void print_oom_score(Printer& out, const ProcessFileSubject&) {
    out.write("0\n");
}

void print_oom_adjustment(Printer& out, const ProcessFileSubject& subject) {
    out.print("{}\n", subject.process.oom_score_adjustment);
}

FileResult<void> set_oom_adjustment(Process& process, std::string_view text) {
    constexpr std::uint32_t kMost = 1000;
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    const std::optional<std::uint32_t> number = parse_number(text);
    if (!number || *number > kMost) {
        return file_error(Errno::kInvalid);
    }
    const auto value = static_cast<std::int32_t>(*number);
    process.oom_score_adjustment = negative ? -value : value;
    return {};
}

constexpr ProcessFileRow kRows[] = {
    {"cmdline", 0444, ProcessFileScope::kThreadToo, print_command_line},
    {"comm", 0644, ProcessFileScope::kThreadToo, print_name, set_name},
    {"environ", 0400, ProcessFileScope::kThreadToo, print_environment},
    {"maps", 0444, ProcessFileScope::kThreadToo, print_process_maps},
    {"oom_score", 0444, ProcessFileScope::kThreadToo, print_oom_score},
    {"oom_score_adj", 0644, ProcessFileScope::kThreadToo, print_oom_adjustment, set_oom_adjustment},
    {"smaps_rollup", 0444, ProcessFileScope::kThreadToo, print_process_smaps_rollup},
    {"stat", 0444, ProcessFileScope::kThreadToo, print_process_stat},
    {"statm", 0444, ProcessFileScope::kThreadToo, print_process_statm},
    {"status", 0444, ProcessFileScope::kThreadToo, print_process_status},
};

}  // namespace

std::span<const ProcessFileRow> process_file_rows() {
    return kRows;
}

ProcessStateName state_name(const ProcessFileSubject& subject) {
    const Thread* const thread = subject.thread != nullptr ? subject.thread : subject.process.first_thread;
    if (subject.process.state == ProcessState::kZombie || thread == nullptr) {
        return {'Z', "zombie"};
    }
    switch (thread->state) {
        case ThreadState::kStopped:
            return {'T', "stopped"};
        case ThreadState::kSleeping:
            if (thread->schedule.interruptible == Interruptible::kYes && !thread->signals.only_kill) {
                return {'S', "sleeping"};
            }
            return {'D', "disk sleep"};
        default:
            return {'R', "running"};
    }
}

}  // namespace kernel
