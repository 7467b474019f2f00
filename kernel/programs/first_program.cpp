#include "kernel/programs/first_program.hpp"

#include <memory>
#include <new>
#include <utility>

#include "kernel/clock.hpp"
#include "kernel/files/mounts.hpp"
#include "kernel/files/path.hpp"
#include "kernel/files/terminal.hpp"
#include "kernel/programs/exec.hpp"
#include "kernel/programs/exit.hpp"
#include "kernel/programs/scheduler.hpp"

namespace kernel {
namespace {

struct UnmakeProcess {
    void operator()(Process* process) const { unmake_process(*process); }
};
using NewProcess = std::unique_ptr<Process, UnmakeProcess>;

std::array<Limit, kLimits> first_limits() {
    std::array<Limit, kLimits> limits;
    limits.fill({UINT32_MAX, UINT32_MAX});
    limits[kLimitStack].soft = ProgramMemory::kMostStackBytes;
    limits[kLimitProcesses] = {most_threads(), most_threads()};
    limits[kLimitOpenFiles] = {FileTable::kMost, FileTable::kMost};
    return limits;
}

FileResult<void> add_all(ArgumentStrings& strings, std::span<const std::string_view> texts) {
    for (const std::string_view text : texts) {
        if (const auto added = strings.add(text); !added) {
            return added;
        }
    }
    return {};
}

FileResult<void> give_resources(Process& process, const FirstProgram& program) {
    process.paths = make_root_view();
    process.files = Shared<FileTable>(new (std::nothrow) FileTable);
    process.actions = Shared<SignalActions>(new (std::nothrow) SignalActions);
    if (!process.paths || !process.files || !process.actions) {
        return file_error(Errno::kNoMemory);
    }
    for (const Shared<OpenFile>& stream : program.streams) {
        if (const auto added = process.files->add(stream, OnExec::kKeep); !added) {
            return file_error(added.error());
        }
    }
    return {};
}

FileResult<PreparedProgram> load(const Process& process, const FirstProgram& program) {
    const std::uint32_t stack_limit = process.limits[kLimitStack].soft;
    ArgumentStrings arguments(most_argument_bytes(stack_limit));
    ArgumentStrings environment(most_argument_bytes(stack_limit));
    if (const auto added = add_all(arguments, program.arguments); !added) {
        return file_error(added.error());
    }
    if (const auto added = add_all(environment, program.environment); !added) {
        return file_error(added.error());
    }
    auto file = walk(*process.paths, process.paths->working_directory, program.path, LastLink::kFollow);
    if (!file) {
        return file_error(file.error());
    }
    return prepare_program({.view = *process.paths,
                            .file = std::move(*file),
                            .path = program.path,
                            .arguments = arguments,
                            .environment = environment,
                            .stack_limit = stack_limit});
}

}  // namespace

FileResult<void> start_first_program(const FirstProgram& program) {
    const auto made = make_process(&idle_process());
    if (!made) {
        return file_error(made.error());
    }
    NewProcess process(*made);
    mm::expect(process->id() == 1, "first program: it is not the first");
    process->limits = first_limits();
    process->session = process->group = process->id();
    process->started = clock().microseconds_since_entry();
    if (const auto given = give_resources(*process, program); !given) {
        return given;
    }
    auto loaded = load(*process, program);
    if (!loaded) {
        return file_error(loaded.error());
    }
    const auto thread = make_thread(*process, process->id(), first_frame(*loaded));
    if (!thread) {
        return file_error(thread.error());
    }
    (*thread)->vectors.reset();
    process->memory = std::move(loaded->memory);
    note_program(*process, *loaded);
    set_end_of_init(program.ended);
    announce_process(*process);
    announce_thread(**thread);
    if (program.terminal != nullptr) {
        // It leads a session without a terminal, and nobody else has this one.
        const auto taken = program.terminal->become_controlling(*process);
        mm::expect(taken.has_value(), "first program: the terminal is somebody's");
    }
    start_thread(**thread);
    static_cast<void>(process.release());
    return {};
}

}  // namespace kernel
