// The kernel heap: what `new` and `delete` stand on.
//
// Owns: the heap and the pages behind it. A block that was smashed, freed twice or never allocated panics by
// name (mm/heap). `new (std::nothrow)` returns null when memory is out, and each caller looks; plain `new`
// panics then. Not for interrupt handlers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/memory/heap_pages.hpp"
#include "mm/heap/first_fit.hpp"

namespace kernel {

class KernelHeap {
  public:
    /// The `fail_at`-th allocation fails (0: none does).
    KernelHeap(mm::FrameAccount& account, KernelPageTables& tables, CpuTlb& tlb, std::uint32_t fail_at)
        : pages_(account, tables, tlb), heap_(pages_), fail_at_(fail_at), until_failure_(fail_at) {}

    /// `size_bytes` of memory aligned for any type, contents undefined; null when there is none.
    void* allocate(std::size_t size_bytes) {
        if (--until_failure_ == 0) [[unlikely]] {
            return nullptr;
        }
        return heap_.allocate(size_bytes);
    }
    /// The same, aligned to a power of two up to a page.
    void* allocate_aligned(std::size_t size_bytes, std::size_t alignment) {
        if (--until_failure_ == 0) [[unlikely]] {
            return nullptr;
        }
        return heap_.allocate_aligned(size_bytes, alignment);
    }
    /// Gives back what allocate gave. Null does nothing; anything else panics.
    void release(void* block) { heap_.release(block); }

    /// From now on the n-th allocation fails, and no other. n = 0: none does.
    void fail_nth_from_now(std::uint32_t nth) {
        fail_at_ = requests() + nth;
        until_failure_ = nth;
    }

    /// Allocations asked for since boot.
    [[nodiscard]] std::uint32_t requests() const { return fail_at_ - until_failure_; }
    [[nodiscard]] mm::FirstFitHeap<HeapPages>& blocks() { return heap_; }
    [[nodiscard]] HeapPages& pages() { return pages_; }

  private:
    HeapPages pages_;
    mm::FirstFitHeap<HeapPages> heap_;
    std::uint32_t fail_at_;
    std::uint32_t until_failure_;  // Counts down, and wraps: fewer instructions than counting up.
};

/// The heap behind `new`; null before memory is up.
KernelHeap* kernel_heap();
void set_kernel_heap(KernelHeap& heap);

}  // namespace kernel
