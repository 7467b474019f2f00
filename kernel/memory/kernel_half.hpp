// The upper half of every page directory: the kernel's, and the same in all.
//
// 32-bit paging has no table above the directory that could be shared, so each program's directory holds a copy of
// the kernel's entries 768 to 1023. They change when a page table of the kernel's comes or goes (once in 4 MiB of
// heap or stacks); then every copy does, before the call that changed it returns.
//
// I1 entries 768..1023 of every address space's directory equal those of the kernel's own. (The audit compares.)
#pragma once

#include <cstddef>

#include "mm/paging/page_tables.hpp"

namespace kernel {

/// Watches the kernel's own page tables.
class KernelHalf final : public mm::RootObserver {
  public:
    void root_entry_changed(std::size_t index) override;
};

}  // namespace kernel
