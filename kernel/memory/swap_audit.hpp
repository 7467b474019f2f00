// The audit's part of what is on the swap disk: every entry that names a slot is counted again, and every frame that a
// slot says its page is in must be what the slot says.
//
// References are counted down in the slots' records themselves, and up again afterwards, as those of frames
// (program_audit.hpp). Part of audit.cpp.
#pragma once

#include "kernel/memory/audit_findings.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "mm/residency/residency.hpp"

namespace kernel {

class SwapAudit {
  public:
    SwapAudit(KernelMemory& memory, AuditFindings& findings)
        : account_(memory.account()), findings_(findings) {}

    /// Marks frames of the pool and in flight as seen. Nothing when no swap area is in use, but for entries that name
    /// slots all the same.
    void check();

  private:
    enum class Count : std::uint8_t { kDown, kUp };

    void count_entries(mm::Residency* residency, Count direction);
    void count(mm::Residency* residency, mm::SlotNumber slot, Count direction);
    void check_slots(const mm::Residency& residency);
    void check_frame(const mm::Residency& residency, mm::SlotNumber slot);

    mm::FrameAccount& account_;
    AuditFindings& findings_;
};

}  // namespace kernel
