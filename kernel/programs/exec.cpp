#include "kernel/programs/exec.hpp"

#include <utility>

#include "kernel/arch/i686/context.hpp"
#include "kernel/programs/exit.hpp"
#include "kernel/programs/fork.hpp"
#include "kernel/programs/futex.hpp"

namespace kernel {
namespace {

/// What is shared with another process is copied: the new program's changes are nobody else's affair. Error:
/// kNoMemory.
FileResult<void> prepare_own_tables(const Process& process, Shared<FileTable>& files,
                                    Shared<SignalActions>& actions) {
    files = process.files->owners() == 1 ? process.files : process.files->copy();
    actions = process.actions->owners() == 1 ? process.actions : process.actions->copy();
    if (!files || !actions) {
        return file_error(Errno::kNoMemory);
    }
    return {};
}

void reset_thread(Thread& thread) {
    thread.tls = {};
    load_tls(thread.tls);
    thread.vectors.reset();
    thread.vectors.load();
    thread.clear_child_tid = 0;
    thread.robust_list = 0;
    thread.signals.alternate_stack = 0;
    thread.signals.alternate_stack_bytes = 0;
    thread.signals.alternate_stack_flags = ThreadSignals::kNoAlternateStack;
}

}  // namespace

FileResult<void> execute(TrapFrame& frame, Shared<Inode> file, std::string_view path,
                         ArgumentStrings& arguments, const ArgumentStrings& environment) {
    Process& process = current_process();
    Thread& thread = current_thread();
    Shared<FileTable> files;
    Shared<SignalActions> actions;
    auto program = prepare_program({.view = *process.paths,
                                    .file = std::move(file),
                                    .path = path,
                                    .arguments = arguments,
                                    .environment = environment,
                                    .stack_limit = process.limits[kLimitStack].soft});
    if (!program) {
        return file_error(program.error());
    }
    if (const auto prepared = prepare_own_tables(process, files, actions); !prepared) {
        return prepared;
    }
    if (const auto ended = end_other_threads(); !ended) {
        return ended;
    }

    // From here on nothing fails.
    take_process_id(thread);
    keep_thread_promises(thread);
    change_memory(std::move(program->memory));
    release_vfork_parent(process);
    process.files = std::move(files);
    process.files->close_on_exec();
    process.actions = std::move(actions);
    process.actions->forget_handlers();
    reset_thread(thread);
    note_program(process, *program);
    process.has_executed = true;
    // What it was cloned for is over: its parent is told of its end like of any program's. [linux] fs/exec.c
    process.exit_signal = signal::kChild;
    const std::uint32_t vector = frame.vector;
    frame = first_frame(*program);
    frame.vector = vector;
    return {};
}

TrapFrame first_frame(const PreparedProgram& program) {
    TrapFrame frame{};
    frame.ds = frame.es = frame.user_ss = static_cast<std::uint32_t>(Selector::kUserData);
    frame.cs = static_cast<std::uint32_t>(Selector::kUserCode);
    frame.eip = program.entry;
    frame.user_esp = program.stack_pointer;
    constexpr std::uint32_t kInterruptsOn = 0x202;  // and the bit that is always 1
    frame.eflags = kInterruptsOn;
    return frame;
}

void note_program(Process& process, const PreparedProgram& program) {
    process.executable = program.executable;
    process.name = program.name;
}

}  // namespace kernel
