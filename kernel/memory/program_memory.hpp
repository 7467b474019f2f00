// A program's memory on this machine: an mm::AddressSpace with its page directory, and the marks that Linux keeps
// beside one (program break, where arguments lie).
//
// Owns: the page directory's frame, everything mapped below layout::kKernelBase. The kernel's half of every directory
// is the same, and kept so. Shared by the threads of a process, and by a vfork child with its parent. Main line only;
// never sleeps.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/errno.hpp"
#include "kernel/memory/program_space.hpp"
#include "kernel/shared.hpp"

namespace kernel {

/// Where parts of the program lie, for brk, /proc/PID/stat and /proc/PID/cmdline.
struct ProgramLayout {
    UserAddress code_begin = 0, code_end = 0;
    UserAddress initialized_begin = 0, initialized_end = 0;
    UserAddress break_begin = 0,
                break_end = 0;    ///< brk's region; break_end as the program asked, to the byte.
    UserAddress stack_begin = 0;  ///< Where the stack pointer was at the start.
    UserAddress arguments_begin = 0, arguments_end = 0;
    UserAddress environment_begin = 0, environment_end = 0;
};

class ProgramMemory final : public SharedObject {
  public:
    /// The end of what programs can map, and the beginning of the stack.
    static constexpr UserAddress kEnd = 0xC000'0000;
    static constexpr std::uint32_t kMostStackBytes = 8U << 20;

    /// An empty address space. Error: kNoMemory.
    static FileResult<Shared<ProgramMemory>> create();
    /// A copy, page by page copied at the first write. Error: kNoMemory, with this one unharmed.
    FileResult<Shared<ProgramMemory>> fork();

    ProgramSpace& space() { return space_; }
    [[nodiscard]] const ProgramSpace& space() const { return space_; }
    /// For cr3.
    [[nodiscard]] mm::PhysAddr page_directory() const { return directory_.number().address(); }
    /// Which address space this is: the holder in the records of its frames. Unique among the living.
    [[nodiscard]] std::uint32_t id() const { return space_.id(); }

    /// Copies `bytes.size()` bytes out of it, whichever address space runs, without bringing any page in; how many
    /// there were. For /proc/PID/cmdline.
    std::size_t peek(UserAddress from, std::span<std::byte> bytes) const;

    ProgramLayout layout;

    /// All living address spaces, for the audit and for shared changes of the kernel's half.
    [[nodiscard]] ProgramMemory* next() const { return next_; }
    static ProgramMemory* first();

  private:
    ProgramMemory(mm::OwnedFrame&& directory, std::uint32_t id);
    ~ProgramMemory() override;

    mm::OwnedFrame directory_;  // before space_, which is cleared first
    ProgramSpace space_;
    ProgramMemory* next_ = nullptr;
    ProgramMemory* previous_ = nullptr;
};

namespace detail {
/// What the running thread works in: whoever loads a directory into the CPU says so here (scheduler, process).
extern ProgramMemory* running_memory;
}  // namespace detail

/// The page-fault handler's part for an address below kEnd: brings the page in if the running program may have it.
/// `error_code` is the CPU's. The program's own access and the user-memory door's come here alike.
mm::FaultOutcome handle_program_fault(UserAddress address, std::uint32_t error_code);
/// How often that was asked since boot. Wraps.
std::uint32_t program_faults();

}  // namespace kernel
