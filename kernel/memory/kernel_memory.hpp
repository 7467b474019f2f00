// The one place where the pieces of mm/ are put together for this machine.
//
//   firmware's map --> BootMemory --> bits and table --> allocator --> account --> page tables --> heap
//
// Owns: every object of the kernel's memory management, in the order in which each needs those before it;
// hands out references. Built once, never destroyed. What it builds depends on the options alone: a wrapper
// that was not asked for is not there.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/arch/i686/window.hpp"
#include "kernel/boot/boot_information.hpp"
#include "kernel/boot/options.hpp"
#include "kernel/memory/boot_memory.hpp"
#include "kernel/memory/frame_metadata.hpp"
#include "kernel/memory/kernel_half.hpp"
#include "kernel/memory/kernel_heap.hpp"
#include "kernel/memory/modules.hpp"
#include "kernel/memory/program_space.hpp"
#include "mm/frames/bitmap.hpp"
#include "mm/frames/fail_nth.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/frames/verified.hpp"

namespace kernel {

class KernelMemory {
  public:
    /// Brings memory up. `boot_memory` lives until finish_boot, the others for ever. Refuses to boot, with a
    /// line that says why, when there is too little.
    KernelMemory(Window& window, BootInformation& boot, BootMemory& boot_memory, const Options& options);
    KernelMemory(const KernelMemory&) = delete;
    KernelMemory& operator=(const KernelMemory&) = delete;
    ~KernelMemory() = default;

    /// Booting is over: keeps what /proc/iomem needs of the map, and gives the start-up section's frames
    /// back.
    void finish_boot();

    [[nodiscard]] const char* allocator_name() const { return mm::BitmapFrames::kName; }
    [[nodiscard]] mm::FrameAccount& account() { return account_; }
    [[nodiscard]] KernelPageTables& tables() { return tables_; }
    [[nodiscard]] KernelHeap& heap() { return heap_; }
    [[nodiscard]] Modules& modules() { return modules_; }
    [[nodiscard]] ProgramMachine& programs() { return programs_; }
    [[nodiscard]] BootInformation& boot() { return boot_; }
    [[nodiscard]] Window& window() { return window_; }
    [[nodiscard]] CpuTlb& tlb() { return tlb_; }
    /// The frame source that can fail; null unless the command line asked for one.
    [[nodiscard]] mm::FailNth<mm::AnyFrameSource>* failing_frames() {
        return failing_ ? &*failing_ : nullptr;
    }
    /// The firmware's map, cleaned.
    [[nodiscard]] const mm::MemoryMap& map() const { return *map_; }
    /// Bytes of metadata a frame: the allocator's bits, and its record.
    [[nodiscard]] const FrameMetadata& metadata() const { return metadata_; }

    /// Frames taken before there was an account.
    [[nodiscard]] std::uint32_t boot_requests() const { return boot_requests_; }

  private:
    mm::AnyFrameSource& build_source(const Options& options);
    void admit(const BootMemory& boot_memory);
    void keep_map();
    void release_image_pages(mm::VirtRange pages);

    Window& window_;
    CpuTlb tlb_;
    FrameMetadata metadata_;
    std::uint32_t boot_requests_;
    mm::BitmapFrames bitmap_;
    mm::Erased<mm::BitmapFrames> any_bitmap_{bitmap_};
    using VerifiedFrames = mm::Verified<mm::AnyFrameSource, Window>;
    using FailingFrames = mm::FailNth<mm::AnyFrameSource>;
    std::optional<VerifiedFrames> verified_;
    std::optional<mm::Erased<VerifiedFrames>> any_verified_;
    std::optional<FailingFrames> failing_;
    std::optional<mm::Erased<FailingFrames>> any_failing_;
    mm::FrameAccount account_;
    KernelPageTables tables_;
    KernelHalf kernel_half_;
    KernelHeap heap_;
    Modules modules_;
    ProgramMachine programs_;
    BootInformation& boot_;
    const mm::MemoryMap* map_;  // BootMemory's, until finish_boot keeps a copy.
    std::optional<mm::MemoryMap> kept_map_;
};

/// Everything between the loader's jump and a working `new`: reads the boot information, protects the image,
/// brings memory up. Called once; interrupts may be on, their handlers use no memory of this.
KernelMemory& bring_up_memory(mm::PhysAddr boot_information);

/// The machine's memory; null until bring_up_memory has returned.
KernelMemory* kernel_memory();
/// What the loader told; null until then, too.
BootInformation* boot_information();
/// What the command line asked for; the defaults until bring_up_memory has read it.
const Options& boot_options();

}  // namespace kernel
