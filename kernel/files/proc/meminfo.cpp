// /proc/meminfo: Linux's names and units (kB), for those of its fields that mean something here.
#include "kernel/boot/image.hpp"
#include "kernel/files/proc/memory_files.hpp"
#include "kernel/memory/swap_area.hpp"

namespace kernel {
namespace {

void print_kib(Printer& out, const char* name, std::size_t frames) {
    out.print("{16}{8} kB\n", name, frames * (mm::kPageSize / 1024));
}

std::size_t boot_stack_frames() {
    return (image::boot_stack().size() + image::double_fault_stack().size()) / mm::kPageSize;
}

}  // namespace

// Linux's fields, as far as there is something to say. MemTotal is what the allocator can ever have: memory
// without the firmware's part, the kernel's image and the account's own tables.
FileResult<void> MeminfoFile::read(Printer& out) {
    using mm::FrameOwner;
    const mm::FrameAccount& account = memory_.account();
    const mm::FrameCount reserved =
        account.frames_of(FrameOwner::kFirmware) + account.frames_of(FrameOwner::kKernelImage) +
        account.frames_of(FrameOwner::kBootInformation) + account.frames_of(FrameOwner::kFrameMetadata) +
        account.frames_of(FrameOwner::kWithdrawn);
    const mm::FrameCount free = account.frames_of(FrameOwner::kFree);
    print_kib(out, "MemTotal:", account.total_frames() - reserved);
    print_kib(out, "MemFree:", free);
    // The buffer pool is there to be reused.
    print_kib(out, "MemAvailable:", free + account.frames_of(FrameOwner::kBufferPool));
    print_kib(out, "Buffers:", 0);
    // Files in memory: the initial root, and what programs put into /tmp or share.
    const mm::FrameCount shared = account.frames_of(FrameOwner::kSharedMemory);
    print_kib(out, "Cached:", account.frames_of(FrameOwner::kModule) + shared);
    const SwapArea* const swap = SwapArea::active();
    const std::uint32_t slots = swap != nullptr ? swap->residency().slots().total() : 0;
    print_kib(out, "SwapTotal:", slots);
    print_kib(out, "SwapFree:", slots - (swap != nullptr ? swap->residency().slots().used() : 0));
    print_kib(out, "AnonPages:", account.frames_of(FrameOwner::kAnonymous));
    print_kib(out, "Shmem:", shared);
    print_kib(out, "Slab:", account.frames_of(FrameOwner::kKernelHeap));
    // None of it is a cache; free(1) takes a kernel that does not say so for one without MemAvailable.
    print_kib(out, "SReclaimable:", 0);
    print_kib(out, "KernelStack:", boot_stack_frames() + account.frames_of(FrameOwner::kKernelStack));
    print_kib(out, "PageTables:", account.frames_of(FrameOwner::kPageTable));
    print_kib(out, "VmallocTotal:", layout::kHeap.size() / mm::kPageSize);
    print_kib(out, "VmallocUsed:", account.frames_of(FrameOwner::kKernelHeap));
    print_kib(out, "HardwareCorrupted:", account.frames_of(FrameOwner::kWithdrawn));
    return {};
}

}  // namespace kernel
