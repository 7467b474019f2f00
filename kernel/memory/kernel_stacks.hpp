// The stacks that threads have in the kernel: two pages each, above a page that is never mapped.
//
//   layout::kKernelStacks:  | guard | stack | stack | guard | stack | stack | ...   three pages a thread
//
// Owns: which slot is taken, and the mappings in it; its frames are in the account as kKernelStack. An
// overflow meets the guard and becomes a double fault, whose report names it.
//
// I1 a slot is taken exactly while a KernelStack stands for it, and only then are its two pages mapped.
// Cost: two frames taken and mapped, or unmapped and given back; finding a slot O(slots / 32) at worst. Main
// line only.
#pragma once

#include <cstddef>
#include <utility>

#include "kernel/arch/i686/address_space.hpp"
#include "mm/core/range.hpp"
#include "mm/core/result.hpp"

namespace kernel {

/// One stack, or none. Must not be given back while anybody stands on it.
class [[nodiscard]] KernelStack {
  public:
    static constexpr std::size_t kPages = 2;
    static constexpr std::size_t kBytes = kPages * mm::kPageSize;

    constexpr KernelStack() = default;
    /// A stack whose contents are undefined. Errors: kNoMemory, kNoAddresses (all slots are taken).
    static mm::Result<KernelStack> allocate();

    KernelStack(KernelStack&& other) noexcept : end_(std::exchange(other.end_, mm::VirtAddr{})) {}
    KernelStack& operator=(KernelStack&& other) noexcept {
        std::swap(end_, other.end_);
        return *this;
    }
    ~KernelStack() {
        if (end_ != mm::VirtAddr{}) {
            release();
        }
    }

    /// The address behind its last byte; 0 when there is none.
    [[nodiscard]] mm::VirtAddr end() const { return end_; }

  private:
    explicit KernelStack(mm::VirtAddr end) : end_(end) {}
    void release();

    mm::VirtAddr end_{};
};

/// Whether all of `bytes` lie on one thread's stack. Callable anywhere.
bool is_on_kernel_stack(mm::VirtRange bytes);
/// Whether `address` lies in the guard page below a thread's stack. Callable anywhere.
bool is_kernel_stack_guard(mm::VirtAddr address);
/// Pages of all of them together.
std::size_t kernel_stack_pages();

}  // namespace kernel
