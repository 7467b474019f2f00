// The kernel's main line: console, machine, memory, files, prompt.
#include <cstdint>

#include "kernel/arch/i686/context.hpp"
#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/machine.hpp"
#include "kernel/arch/i686/provoke.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/boot/multiboot.hpp"
#include "kernel/drivers/block_device.hpp"
#include "kernel/files/initial_root.hpp"
#include "kernel/files/proc/benchmark.hpp"
#include "kernel/files/proc/exercise.hpp"
#include "kernel/files/proc/memory_files.hpp"
#include "kernel/files/proc/plant.hpp"
#include "kernel/files/proc/process_files.hpp"
#include "kernel/files/proc/system_files.hpp"
#include "kernel/files/tree.hpp"
#include "kernel/log.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/swap_area.hpp"
#include "kernel/panic.hpp"
#include "kernel/programs/console.hpp"
#include "kernel/programs/host_command.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/shell_program.hpp"
#include "kernel/runtime/constructors.hpp"
#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

/// The tree of files: everything the system shows and lets itself be told.
class Files {
  public:
    explicit Files(KernelMemory& memory)
        : memory_files_(memory), benchmark_(memory), exercise_(memory), plant_(memory) {
        root_.add(proc_node_);
        add_system_files(proc_);
        memory_files_.add_to(proc_);
        for (Node* node : {&benchmark_node_, &exercise_node_, &plant_node_, &provoke_node_}) {
            proc_.add(*node);
        }
    }

    [[nodiscard]] const Directory& root() const { return root_; }
    [[nodiscard]] const Directory& proc() const { return proc_; }

  private:
    Directory root_;
    Directory proc_;
    Node proc_node_{"proc", proc_};
    MemoryFiles memory_files_;
    BenchmarkFile benchmark_;
    ExerciseFile exercise_;
    PlantFile plant_;
    Provoke provoke_;
    Node benchmark_node_{"benchmark", benchmark_};
    Node exercise_node_{"exercise", exercise_};
    Node plant_node_{"plant", plant_};
    Node provoke_node_{"provoke", provoke_};
};

StaticStorage<Files> files_storage;

/// Whether the initial root's shell is the first program; if not, the log says why.
bool start_programs(KernelMemory& memory, const Files& files, ShellUse use) {
    if (boot_options().console == ConsoleChoice::kBuiltin || !can_run_programs() ||
        !mount_initial_root(memory, files.proc())) {
        return false;
    }
    add_process_files();
    if (!memory.programs().prepare()) {
        log().error("programs: out of memory; the built-in console runs instead");
        return false;
    }
    if (BlockDevice* const disk = block_device_for("swap")) {
        if (const FileResult<void> used = SwapArea::turn_on(*disk); !used) {
            log().error("swap: {} cannot be used: {}", disk->name(), to_string(used.error()));
        }
    }
    if (const FileResult<void> started = start_shell_program(use); !started) {
        log().error("programs: cannot run /bin/sh: {}; the built-in console runs instead",
                    to_string(started.error()));
        return false;
    }
    return true;
}

[[noreturn]] void run(std::uint32_t magic, mm::PhysAddr boot_information) {
    run_constructors();
    start_early_console();
    log().info("PrimitiveOS");
    if (magic != multiboot::kLoaderMagic) {
        log().error("Not started by a Multiboot loader: EAX is 0x{x}, not 0x{x}", magic,
                    multiboot::kLoaderMagic);
        refuse_to_boot();
    }
    start_machine();
    KernelMemory& memory = bring_up_memory(boot_information);
    set_panic_account([](Printer& out) { print_frame_counts(out, kernel_memory()->account()); });
    Files& files = files_storage.construct(memory);
    memory.finish_boot();
    log().info("memory: {} frames, {} of them free", memory.account().total_frames(),
               memory.account().frames_of(mm::FrameOwner::kFree));

    const bool has_host_command = host_command_requested();
    if (start_programs(memory, files, has_host_command ? ShellUse::kHostCommand : ShellUse::kPrompt)) {
        run_scheduler();
    }
    Shell shell(files.root());
    note_prompt();
    if (has_host_command) {
        run_host_command(shell);
    }
    run_console(shell);
}

}  // namespace
}  // namespace kernel

extern "C" [[noreturn]] void kernel_main(std::uint32_t magic, std::uint32_t boot_information) {
    kernel::run(magic, mm::PhysAddr(boot_information));
}
