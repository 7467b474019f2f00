// Where the kernel heap's pages come from: addresses of its region, each page with a frame of its own from
// anywhere.
//
// Owns: the heap region's addresses and the mappings in it. Implements mm::PageSource.
// Cost a page: taking or releasing a frame, and mapping or unmapping it.
#pragma once

#include <cstddef>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/arch/i686/window.hpp"
#include "kernel/memory/page_runs.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/paging/page_tables.hpp"

namespace kernel {

using KernelPageTables = mm::PageTables<KernelLayout, Window>;

class HeapPages {
  public:
    HeapPages(mm::FrameAccount& account, KernelPageTables& tables, CpuTlb& tlb)
        : account_(account), tables_(tables), tlb_(tlb), runs_(layout::kHeap) {}

    /// See mm::PageSource. Errors: kNoAddresses, kNoMemory.
    mm::Result<void*> take_pages(mm::PageCount count);
    void give_pages(void* pages, mm::PageCount count);
    [[nodiscard]] bool holds(const void* address) const { return runs_.contains(mm::VirtAddr::of(address)); }

    /// The part of the region that has ever been mapped.
    [[nodiscard]] mm::VirtRange ever_used() const { return runs_.ever_used(); }

  private:
    mm::Result<void> map_fresh_frame(mm::VirtAddr page);

    mm::FrameAccount& account_;
    KernelPageTables& tables_;
    CpuTlb& tlb_;
    PageRuns<layout::kHeap.size() / mm::kPageSize> runs_;
};

}  // namespace kernel
