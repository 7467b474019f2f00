// /proc/PID/stat, statm and status. [linux] fs/proc/array.c
#include <algorithm>

#include "kernel/files/proc/process_files.hpp"
#include "kernel/files/terminal.hpp"

namespace kernel {
namespace {

constexpr std::uint64_t kMicrosecondsPerTick = 10'000;
constexpr std::uint32_t kPageKib = mm::kPageSize / 1024;

std::uint64_t ticks(std::uint64_t microseconds) {
    return microseconds / kMicrosecondsPerTick;
}

std::string_view name_of(const Process& process) {
    const std::string_view name(process.name.data(), process.name.size());
    return name.substr(0, name.find('\0'));
}

Usage usage_of(const ProcessFileSubject& subject) {
    return subject.thread != nullptr ? kernel::usage_of(*subject.thread) : kernel::usage_of(subject.process);
}

/// Pages of regions by use, as Linux counts them.
struct MemoryUse {
    mm::PageCount total = 0, peak = 0, resident_peak = 0;
    mm::ResidentPages resident;
    mm::PageCount data = 0, stack = 0, code = 0;

    explicit MemoryUse(const Process& process) {
        if (!process.memory) {
            return;
        }
        const ProgramSpace& space = process.memory->space();
        total = space.total_pages();
        peak = space.peak_pages();
        resident = space.resident();
        resident_peak = std::max(space.peak_resident_pages(), resident.total());
        space.for_each_region([this](const mm::Region& region) {
            const mm::PageCount pages = region.pages.size();
            const bool writable = region.protection.has(mm::protection::kWrite);
            if (region.growth == mm::Growth::kDown) {
                stack += pages;
            } else if (writable && region.sharing == mm::Sharing::kPrivate) {
                data += pages;
            } else if (!writable && region.protection.has(mm::protection::kExecute)) {
                code += pages;
            }
        });
    }
};

SignalSet actions_with(const Process& process, bool (*wanted)(UserAddress handler)) {
    SignalSet set;
    for (Signal number = 1; process.actions && number <= signal::kLast; ++number) {
        if (wanted(process.actions->of(number).handler)) {
            set.add(number);
        }
    }
    return set;
}
SignalSet ignored(const Process& process) {
    return actions_with(process, [](UserAddress handler) { return handler == kIgnoreHandler; });
}
SignalSet caught(const Process& process) {
    return actions_with(process, [](UserAddress handler) { return handler > kIgnoreHandler; });
}

const Thread* thread_of(const ProcessFileSubject& subject) {
    return subject.thread != nullptr ? subject.thread : subject.process.first_thread;
}

std::int32_t wait_status(const Process& process) {
    return process.exit.signal != 0 ? process.exit.signal : process.exit.status << 8;
}

void print_size(Printer& out, const char* name, mm::PageCount pages) {
    out.print("{}:\t{8} kB\n", name, pages * kPageKib);
}

void print_set(Printer& out, const char* name, SignalSet set) {
    out.print("{}:\t{016x}\n", name, set.bits);
}

void print_memory(Printer& out, const Process& process) {
    const MemoryUse use(process);
    print_size(out, "VmPeak", use.peak);
    print_size(out, "VmSize", use.total);
    print_size(out, "VmLck", 0);
    print_size(out, "VmPin", 0);
    print_size(out, "VmHWM", use.resident_peak);
    print_size(out, "VmRSS", use.resident.total());
    print_size(out, "RssAnon", use.resident.anonymous);
    print_size(out, "RssFile", use.resident.file);
    print_size(out, "RssShmem", use.resident.shared);
    print_size(out, "VmData", use.data);
    print_size(out, "VmStk", use.stack);
    print_size(out, "VmExe", use.code);
    print_size(out, "VmLib", 0);
    mm::PageCount tables = 0;
    process.memory->space().page_tables().for_each_table(
        {ProgramMachine::kUserPages.begin, ProgramMachine::kUserPages.end},
        [&tables](mm::FrameNumber, unsigned) { ++tables; });
    print_size(out, "VmPTE", tables);
    print_size(out, "VmSwap", process.memory->space().stored_pages());
}

void print_signals(Printer& out, const ProcessFileSubject& subject) {
    const Process& process = subject.process;
    const Thread* const thread = thread_of(subject);
    const SignalSet none;
    out.print("SigQ:\t{}/{}\n", process.pending.queued, 1024);
    print_set(out, "SigPnd", thread != nullptr ? thread->signals.pending.set : none);
    print_set(out, "ShdPnd", process.pending.set);
    print_set(out, "SigBlk", thread != nullptr ? thread->signals.mask : none);
    print_set(out, "SigIgn", ignored(process));
    print_set(out, "SigCgt", caught(process));
}

}  // namespace

void print_process_stat(Printer& out, const ProcessFileSubject& subject) {
    const Process& process = subject.process;
    const Thread* const thread = thread_of(subject);
    const Usage usage = usage_of(subject);
    const Usage& children = process.waited_children;
    const Terminal* const terminal = process.terminal;
    const std::int32_t nice = thread != nullptr ? thread->schedule.nice : 0;
    const MemoryUse use(process);
    const ProgramLayout layout = process.memory ? process.memory->layout : ProgramLayout{};
    const char state[2] = {state_name(subject).letter, '\0'};
    out.print("{} ({}) {} {} {} {} {} {} 0 ", subject.thread != nullptr ? thread->id() : process.id(),
              name_of(process), state, process.parent != nullptr ? process.parent->id() : 0, process.group,
              process.session, terminal != nullptr ? terminal->device_number() : 0,
              terminal != nullptr ? terminal->foreground_group() : -1);
    out.print("{} {} {} {} {} {} {} {} ", usage.minor_faults, children.minor_faults, usage.major_faults,
              children.major_faults, ticks(usage.user_microseconds), ticks(usage.system_microseconds),
              ticks(children.user_microseconds), ticks(children.system_microseconds));
    out.print("{} {} {} 0 {} {} {} {} ", 20 + nice, nice, process.thread_count, ticks(process.started),
              std::uint64_t{use.total} * mm::kPageSize, use.resident.total(), UINT32_MAX);
    out.print("{} {} {} 0 0 ", layout.code_begin, layout.code_end, layout.stack_begin);
    // Of signals the 32 bits that there once were.
    const auto low = [](SignalSet set) { return static_cast<std::uint32_t>(set.bits); };
    out.print("{} {} {} {} 0 0 0 ", thread != nullptr ? low(thread->signals.pending.set) : 0U,
              thread != nullptr ? low(thread->signals.mask) : 0U, low(ignored(process)),
              low(caught(process)));
    out.print("{} 0 0 0 0 0 0 ", process.exit_signal);
    out.print("{} {} {} {} {} {} {} {}\n", layout.initialized_begin, layout.initialized_end,
              layout.break_begin, layout.arguments_begin, layout.arguments_end, layout.environment_begin,
              layout.environment_end, wait_status(process));
}

void print_process_statm(Printer& out, const ProcessFileSubject& subject) {
    const MemoryUse use(subject.process);
    out.print("{} {} {} {} 0 {} 0\n", use.total, use.resident.total(),
              use.resident.file + use.resident.shared, use.code, use.data + use.stack);
}

void print_process_status(Printer& out, const ProcessFileSubject& subject) {
    const Process& process = subject.process;
    const ProcessStateName state = state_name(subject);
    const char letter[2] = {state.letter, '\0'};
    out.print("Name:\t{}\n", name_of(process));
    if (process.paths) {
        const std::uint16_t mask = process.paths->permission_mask;
        out.print("Umask:\t0{}{}{}\n", mask >> 6 & 7, mask >> 3 & 7, mask & 7);
    }
    out.print("State:\t{} ({})\n", letter, state.word);
    out.print("Tgid:\t{}\nNgid:\t0\nPid:\t{}\nPPid:\t{}\nTracerPid:\t0\n", process.id(),
              subject.thread != nullptr ? subject.thread->id() : process.id(),
              process.parent != nullptr ? process.parent->id() : 0);
    out.write("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
    out.print("FDSize:\t{}\nGroups:\t\n", process.files ? FileTable::kMost : 0U);
    if (process.memory) {
        print_memory(out, process);
    }
    out.print("Threads:\t{}\n", process.thread_count);
    print_signals(out, subject);
    const Usage usage = usage_of(subject);
    out.print("voluntary_ctxt_switches:\t{}\nnonvoluntary_ctxt_switches:\t{}\n", usage.voluntary_switches,
              usage.involuntary_switches);
}

}  // namespace kernel
