#include "kernel/memory/kernel_memory.hpp"

#include <bit>
#include <new>

#include "kernel/arch/i686/image_mapping.hpp"
#include "kernel/arch/i686/machine.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/log.hpp"
#include "kernel/static_storage.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

StaticStorage<Window> window_storage;
StaticStorage<BootInformation> boot_information_storage;
StaticStorage<BootMemory> boot_memory_storage;
StaticStorage<KernelMemory> kernel_memory_storage;
constinit Options boot_options_given;

void report_wrong_release(const mm::WrongRelease& wrong) {
    log().error("frames: refused to release frame 0x{x} for {}: {}, its owner is {}", wrong.frame,
                mm::to_string(wrong.claimed), mm::to_string(wrong.error), mm::to_string(wrong.actual));
}

void report_frame_fault(mm::FrameNumber frame, mm::FrameFault fault) {
    if (fault == mm::FrameFault::kUsedAfterRelease) {
        log().error("frames: frame 0x{x} was written to after its release", frame);
        return;
    }
    mm::FrameAccount& account = kernel_memory()->account();
    account.withdraw(frame);
    const mm::FrameCount withdrawn = account.frames_of(mm::FrameOwner::kWithdrawn);
    // A map may claim gigabytes that are not there: not a line for each.
    if (std::has_single_bit(withdrawn)) {
        log().warning("frames: frame 0x{x} does not keep what is written to it: {} withdrawn so far", frame,
                      withdrawn);
    }
}

}  // namespace

KernelMemory::KernelMemory(Window& window, BootInformation& boot, BootMemory& boot_memory,
                           const Options& options)
    : window_(window),
      metadata_(map_frame_metadata(boot_memory, window, options.frame_checks)),
      boot_requests_(boot_memory.requests()),
      bitmap_(metadata_.free_bitmap, metadata_.frame_limit),
      account_(build_source(options), mm::FrameTable(metadata_.records), report_wrong_release),
      tables_(image::to_physical(mm::VirtAddr::of(image::page_directory())).frame(), window, account_),
      heap_(account_, tables_, tlb_, options.fail_heap_at),
      modules_(boot, account_, heap_),
      programs_(window, tlb_, account_),
      boot_(boot),
      map_(&boot_memory.map()) {
    admit(boot_memory);
    tables_.count_entries();
    tables_.set_root_observer(kernel_half_);
    modules_.survey(*map_, options.expected_modules);
}

mm::AnyFrameSource& KernelMemory::build_source(const Options& options) {
    mm::AnyFrameSource* source = &any_bitmap_;
    if (options.frame_checks == FrameChecks::kVerify) {
        verified_.emplace(*source, window_, metadata_.verified_bitmap, report_frame_fault);
        source = &any_verified_.emplace(*verified_);
    }
    if (options.fail_frames_at > boot_requests_) {
        failing_.emplace(*source, options.fail_frames_at - boot_requests_);
        source = &any_failing_.emplace(*failing_);
    }
    return *source;
}

/// Every usable frame comes into the account: free ones through the allocator, the rest under their owner.
void KernelMemory::admit(const BootMemory& boot_memory) {
    const mm::FrameRange image = mm::touched_frames(image::physical());
    for (mm::FrameNumber frame = image.begin; frame < image.end; ++frame) {
        // Where the map denies that the image is memory, its frames are outside the account, but still the
        // image's.
        account_.table()[frame].owner = mm::FrameOwner::kKernelImage;
    }
    mm::for_each_run(boot_memory.map().usable(), boot_memory.claims(),
                     [this](mm::FrameRange run, std::optional<mm::ClaimTag> tag) {
                         if (!tag) {
                             bitmap_.add_free(run);
                         }
                         account_.admit(run, tag ? owner_of(*tag) : mm::FrameOwner::kFree);
                     });
}

void KernelMemory::finish_boot() {
    release_image_pages(image::boot_stack_guard());
    release_image_pages(image::double_fault_stack_guard());
    keep_map();
    if (kept_map_) {
        release_image_pages(image::init());
        release_image_pages(image::init_bss());
    }
}

/// Copies the cleaned map out of the start-up section, with room for as many entries as it has.
void KernelMemory::keep_map() {
    std::size_t count = 0;
    for ([[maybe_unused]] const mm::MapEntry& entry : map_->entries()) {
        ++count;
    }
    const std::size_t room = 2 * count + mm::MemoryMap::kMinimumStorage;  // More than a half stays exact.
    auto* storage = new (std::nothrow) mm::MapEntry[room];
    if (storage == nullptr) {
        log().warning("memory: no room to copy the map; the start-up section is kept");
        return;
    }
    mm::MemoryMap& kept = kept_map_.emplace(std::span(storage, room));
    for (const mm::MapEntry& entry : map_->entries()) {
        kept.add(entry.bytes.begin, entry.bytes.size(), entry.kind);
    }
    kept.clean();
    map_ = &kept;
}

/// Unmaps pages of the image that nothing uses any more, and frees their frames.
void KernelMemory::release_image_pages(mm::VirtRange pages) {
    for (mm::VirtAddr page = pages.begin; page < pages.end; page = page + mm::kPageSize) {
        mm::UnmapBatch batch;
        if (tables_.unmap(page, batch)) {
            mm::flush(tlb_, tables_.frames(), batch, [](mm::OwnedFrame&&) {});
        }
    }
    for (mm::VirtAddr page = pages.begin; page < pages.end; page = page + mm::kPageSize) {
        const mm::FrameNumber frame = image::to_physical(page).frame();
        if (account_.owner_of(frame) == mm::FrameOwner::kKernelImage && map_->is_usable({frame, frame + 1})) {
            static_cast<void>(account_.release_admitted({frame, frame + 1}, mm::FrameOwner::kKernelImage));
        }
    }
}

KernelMemory& bring_up_memory(mm::PhysAddr boot_information_address) {
    Window& window = window_storage.construct();
    BootInformation& boot =
        boot_information_storage.construct(boot_information_address, PhysicalReader(window));
    if (boot.command_line_is_cut()) {
        log().warning("command line: only the first {} bytes are read", BootInformation::kCommandLineBytes);
    }
    Options& options = boot_options_given;
    if (const std::optional<BadOption> bad = parse_options(boot.command_line(), options)) {
        log().error("command line: cannot make sense of \"{}\"; try {}", bad->word, bad->expected);
        refuse_to_boot();
    }
    protect_image();
    BootMemory& boot_memory = boot_memory_storage.construct(window, boot, options.fail_frames_at);
    KernelMemory& memory = kernel_memory_storage.construct(window, boot, boot_memory, options);
    set_kernel_heap(memory.heap());
    return memory;
}

KernelMemory* kernel_memory() {
    return kernel_memory_storage.get();
}
BootInformation* boot_information() {
    return boot_information_storage.get();
}
const Options& boot_options() {
    return boot_options_given;
}

}  // namespace kernel
