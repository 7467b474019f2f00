// What mm/space is bound to on this machine: the window, the CPU's translations, the account, the heap.
//
// Owns: the zero frame, a few spare regions, and the list of memory objects that the audit walks. Main line only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/arch/i686/window.hpp"
#include "mm/residency/residency.hpp"
#include "mm/space/address_space.hpp"
#include "mm/space/memory_object.hpp"
#include "mm/space/region_source.hpp"

namespace kernel {

/// Regions from the kernel heap; the last few given back wait here, so that a program that maps and unmaps does
/// not search the heap each time.
class HeapRegions final : public mm::RegionSource {
  public:
    mm::Region* take_region() override;
    void give_region(mm::Region& region) override;

  private:
    static constexpr std::size_t kMostSpare = 16;

    mm::Region* spare_[kMostSpare] = {};
    std::size_t spare_count_ = 0;
};

/// See mm::SpaceMachine.
class ProgramMachine {
  public:
    using Layout = KernelLayout;
    using Access = Window;
    using Tlb = CpuTlb;

    /// The first 64 KiB stay empty, so that a null pointer with an offset faults, too. [linux] vm.mmap_min_addr
    static constexpr mm::PageRange kUserPages{mm::PageNumber(0x10), mm::VirtAddr(layout::kKernelBase).page()};

    ProgramMachine(Window& window, CpuTlb& tlb, mm::FrameAccount& account)
        : window_(window), tlb_(tlb), account_(account) {}

    /// Takes the zero frame, if it has not yet; before the first address space. Error: kNoMemory.
    mm::Result<void> prepare();

    Window& access() { return window_; }
    CpuTlb& tlb() { return tlb_; }
    mm::FrameAccount& account() { return account_; }
    [[nodiscard]] mm::FrameNumber zero_frame() { return zero_frame_; }
    mm::Result<mm::OwnedFrame> frame_for_page(mm::FrameOwner owner, std::uint32_t holder) {
        return residency_ == nullptr ? account_.allocate(owner, holder) : resident_frame(owner, holder);
    }
    [[nodiscard]] mm::PageStore* store() const { return residency_; }
    /// Frames for pages come from `residency` from now on; null: from the account alone.
    void set_residency(mm::Residency* residency) { residency_ = residency; }
    mm::RegionSource& regions() { return regions_; }

  private:
    mm::Result<mm::OwnedFrame> resident_frame(mm::FrameOwner owner, std::uint32_t holder);

    Window& window_;
    CpuTlb& tlb_;
    mm::FrameAccount& account_;
    HeapRegions regions_;
    mm::FrameNumber zero_frame_{};  // 0: none yet
    mm::Residency* residency_ = nullptr;
};

/// The machine's one; valid once memory is up.
ProgramMachine& program_machine();

using ProgramSpace = mm::AddressSpace<ProgramMachine>;

/// A memory object of this kernel: contents of files in /tmp, memory that programs share. On a list, for the audit.
class ProgramObject : public mm::MemoryObject<ProgramMachine> {
  public:
    /// `page_count` pages of zeros, none of them there yet. Made with `new`; the last release deletes it.
    explicit ProgramObject(std::uint32_t page_count);
    ProgramObject(const ProgramObject&) = delete;
    ProgramObject& operator=(const ProgramObject&) = delete;

    /// All of them, in no order.
    static ProgramObject* first();
    [[nodiscard]] ProgramObject* next() const { return next_; }

  protected:
    virtual ~ProgramObject();

  private:
    void end() override { delete this; }

    ProgramObject* next_ = nullptr;
    ProgramObject* previous_ = nullptr;
};

}  // namespace kernel

// Compiled once, in program_space.cpp.
extern template class mm::AddressSpace<kernel::ProgramMachine>;
extern template class mm::MemoryObject<kernel::ProgramMachine>;
