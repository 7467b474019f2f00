// /proc/frames: the frame account. Counts are O(owners); the runs ask the allocator about every frame the
// firmware gives, some 30 instructions each. Prints from the live account: nothing it shows may change
// while it prints.
#include "kernel/files/proc/memory_files.hpp"
#include "kernel/memory/audit.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {
namespace {

std::uint64_t bytes_of(std::uint64_t frames) {
    return frames * mm::kPageSize;
}

/// Whose frame it is, as far as a line says: equal for all frames of a run.
struct Possession {
    mm::FrameOwner owner = mm::FrameOwner::kHole;
    ProcessId process = 0;  ///< 0: no process's.
    friend bool operator==(const Possession&, const Possession&) = default;
};

/// Finds out who has frames. Remembers the last address space asked about: most frames are their neighbours'.
class Possessions {
  public:
    explicit Possessions(const mm::FrameAccount& account) : account_(account) {}

    Possession of(mm::FrameNumber frame) {
        const mm::FrameOwner owner = account_.owner_of(frame);
        if (owner == mm::FrameOwner::kKernelStack) {
            return {owner, process_on_stack(mm::PageNumber(account_.table()[frame].page).address())};
        }
        const bool may_be_a_programs =
            owner == mm::FrameOwner::kAnonymous || owner == mm::FrameOwner::kPageTable;
        return {owner, may_be_a_programs ? process_in(account_.table()[frame].holder) : 0};
    }

  private:
    /// The first process whose address space has the number `space`.
    ProcessId process_in(std::uint32_t space) {
        if (space == 0) {
            return 0;
        }
        if (space != last_space_) {
            last_space_ = space;
            last_process_ = 0;
            for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
                if (process->memory && process->memory->id() == space) {
                    last_process_ = process->id();
                    break;
                }
            }
        }
        return last_process_;
    }
    static ProcessId process_on_stack(mm::VirtAddr page) {
        for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
            for (const Thread* thread = process->first_thread; thread != nullptr;
                 thread = thread->next_in_process) {
                const mm::VirtAddr end = thread->stack.end();
                if (page < end && end - page <= KernelStack::kBytes) {
                    return process->id();
                }
            }
        }
        return 0;
    }

    const mm::FrameAccount& account_;
    std::uint32_t last_space_ = 0;
    ProcessId last_process_ = 0;
};

/// `FIRST LAST OWNER [PROCESS]`, a line for each run of usable frames that the same one has.
void print_runs(Printer& out, const KernelMemory& memory, const mm::FrameAccount& account) {
    // A frame whose process ended while others still share it becomes one of theirs.
    for (ProgramMemory* program = ProgramMemory::first(); program != nullptr; program = program->next()) {
        program->space().adopt_frames();
    }
    Possessions possessions(account);
    for (const mm::FrameRange range : memory.map().usable()) {
        mm::FrameNumber begin = range.begin;
        while (begin < range.end) {
            const Possession first = possessions.of(begin);
            mm::FrameNumber end = begin + 1;
            while (end < range.end && possessions.of(end) == first) {
                ++end;
            }
            out.print("{} {} {}", begin, end.value() - 1, mm::to_string(first.owner));
            if (first.process != 0) {
                out.print(" {}", first.process);
            }
            out.print("\n");
            begin = end;
        }
    }
}

}  // namespace

void print_frame_counts(Printer& out, const mm::FrameAccount& account) {
    out.print("total {} {}\n", account.total_frames(), bytes_of(account.total_frames()));
    for (std::size_t i = 0; i < mm::kFrameOwnerCount; ++i) {
        const auto owner = static_cast<mm::FrameOwner>(i);
        if (owner != mm::FrameOwner::kHole) {
            const mm::FrameCount frames = account.frames_of(owner);
            out.print("{} {} {}\n", mm::to_string(owner), frames, bytes_of(frames));
        }
    }
}

FileResult<void> FramesFile::read(Printer& out) {
    out.print("allocator {}\n", memory_.allocator_name());
    print_frame_counts(out, memory_.account());
    const std::uint64_t above = memory_.map().above_4g_frames();
    out.print("above-4G {} {}\n\n", above, bytes_of(above));
    print_runs(out, memory_, memory_.account());
    return {};
}

FileResult<void> FramesFile::write(std::string_view text) {
    if (text != "audit") {
        return file_error(Errno::kInvalid);
    }
    if (audit(memory_) != 0) {
        return file_error(Errno::kIo);
    }
    return {};
}

}  // namespace kernel
