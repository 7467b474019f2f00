// The audit's part of programs' memory: every frame that a program or a memory object has is found from the page
// tables and the objects, and its references are counted again.
//
//   directories, tables     each entry lies in a region, and allows no more than the region does
//   anonymous frames        at the page their record names, in private regions; writable only for a sole owner
//   shared frames           one reference for their object, one for each mapping
//   borrowed frames         a module's, or the zero frame, which nobody can write to
//   the kernel's half       the same in every directory
//
// References are counted down in the records themselves, and up again afterwards: no memory is needed for it, and
// the kernel is not preempted meanwhile. Marks as seen what it finds. Part of audit.cpp.
#pragma once

#include "kernel/memory/audit_findings.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/program_memory.hpp"

namespace kernel {

class ProgramAudit {
  public:
    ProgramAudit(KernelMemory& memory, AuditFindings& findings)
        : account_(memory.account()), window_(memory.window()), map_(memory.map()), findings_(findings) {}

    /// Marks must have been cleared; they are 1 for what is seen.
    void check();

  private:
    enum class Count : std::uint8_t { kDown, kUp };

    void check_directory(const ProgramMemory& memory);
    void check_space(const ProgramMemory& memory);
    void check_table(const ProgramMemory& memory, mm::FrameNumber table, mm::VirtAddr begin,
                     mm::ResidentPages& resident);
    void check_entry(const ProgramMemory& memory, mm::VirtAddr page, std::uint32_t entry,
                     mm::ResidentPages& resident);
    void check_anonymous(mm::FrameNumber frame, mm::VirtAddr page, mm::PageFlags flags,
                         const mm::Region& region);
    void check_left_over_references();
    void count_references(Count direction);
    void count_table(mm::FrameNumber table, Count direction);
    void count(mm::FrameNumber frame, Count direction);
    void see(mm::FrameNumber frame);

    mm::FrameAccount& account_;
    Window& window_;
    const mm::MemoryMap& map_;
    AuditFindings& findings_;
};

}  // namespace kernel
