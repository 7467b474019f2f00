#include "kernel/memory/boot_memory.hpp"

#include <array>
#include <optional>

#include "kernel/arch/i686/machine.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/boot/init.hpp"
#include "kernel/log.hpp"

namespace kernel {
namespace {

// Room for a map of ten thousand entries that nothing merges; both arrays are given back after booting.
constexpr std::size_t kMostEntries = 16384;
constexpr std::size_t kMostClaims = 8192;
INIT_BSS std::array<mm::MapEntry, kMostEntries> entry_storage;
INIT_BSS std::array<mm::Claim, kMostClaims> claim_storage;

constexpr mm::PhysAddr kOneMiB{0x10'0000};

std::uint64_t kibibytes(std::uint64_t frames) {
    return frames * (mm::kPageSize / 1024);
}

}  // namespace

BootMemory::BootMemory(Window& window, BootInformation& boot, std::uint32_t fail_at)
    : window_(window), map_(entry_storage), claims_(claim_storage), fail_at_(fail_at) {
    read_map(boot);
    claim_known_memory(window, boot);
}

void BootMemory::read_map(BootInformation& boot) {
    const std::optional<mm::MultibootMapReport> report = boot.add_memory_map(map_);
    if (!report) {
        log().warning("memory: the loader gives no map; using what it says of basic memory");
    } else if (report->end != mm::MultibootMapEnd::kComplete) {
        log().warning("memory: the map {}; {} entries used", mm::to_string(report->end), report->entries);
    }
    map_.clean();
    if (map_.wrapped_entries() != 0) {
        log().warning("memory: {} usable map entries run past 2^64 and are ignored", map_.wrapped_entries());
    }
    if (map_.lost_entries() != 0) {
        log().warning("memory: the map is too long, {} of its entries are merged or left out",
                      map_.lost_entries());
    }
    log().info("memory: {} KiB usable below 4 GiB, {} KiB above are left alone",
               kibibytes(map_.usable_frames()), kibibytes(map_.above_4g_frames()));
}

void BootMemory::claim_known_memory(Window& window, BootInformation& boot) {
    claim(image::physical(), mm::FrameOwner::kKernelImage);
    boot.for_each_piece([this](mm::PhysRange bytes) { claim(bytes, mm::FrameOwner::kBootInformation); });

    for_each_firmware_range(window, [this](mm::PhysRange bytes) { claim(bytes, mm::FrameOwner::kFirmware); });
    for (std::uint32_t i = 0; i < boot.module_count(); ++i) {
        const std::optional<LoadedModule> module = boot.module(i);
        if (module && map_.is_usable(mm::touched_frames(module->bytes))) {
            claim(module->bytes, mm::FrameOwner::kModule);
        }
    }
}

void BootMemory::claim(mm::PhysRange bytes, mm::FrameOwner owner) {
    if (bytes.begin >= mm::kFourGiB) {
        return;
    }
    const mm::PhysAddr end = bytes.end < mm::kFourGiB ? bytes.end : mm::kFourGiB;
    if (!claims_.claim(mm::touched_frames({bytes.begin, end}), tag_of(owner))) {
        log().error("memory: more modules and loader data than can be kept track of");
        refuse_to_boot();
    }
}

mm::FrameRange BootMemory::take_run(mm::FrameCount at_most, mm::FrameOwner owner) {
    const mm::FrameRange above_1m{kOneMiB.frame(), mm::kAllFrames.end};
    for (const mm::FrameRange within : {above_1m, mm::kAllFrames}) {
        for (mm::FrameCount count = at_most; count != 0; count /= 2) {
            if (const mm::Result<mm::FrameRange> run = claims_.take(map_, count, tag_of(owner), within)) {
                return *run;
            }
        }
    }
    log().error("memory: too little: {} KiB usable, and no room for the frame allocator's tables",
                kibibytes(map_.usable_frames()));
    refuse_to_boot();
}

void BootMemory::count_request() {
    if (++requests_ == fail_at_) {
        log().error(
            "memory: too little: no frame for the frame allocator's tables (as fail-frames={} has it)",
            fail_at_);
        refuse_to_boot();
    }
}

bool BootMemory::answers(mm::FrameNumber frame) {
    constexpr std::uint32_t kPattern = 0x5aa5'c33c;
    const auto handle = window_.open(frame);
    volatile auto* words = reinterpret_cast<std::uint32_t*>(handle.bytes());
    words[0] = kPattern;
    words[1] = ~kPattern;
    return words[0] == kPattern && words[1] == ~kPattern;
}

void BootMemory::withdraw(mm::FrameNumber frame) {
    if (withdrawn_ == 0) {
        log().warning("memory: the map claims frame 0x{x}, where there is no memory", frame);
    }
    if (++withdrawn_ == kMostWithdrawn) {
        log().error("memory: {} frames that the map claims are no memory: the map cannot be used",
                    withdrawn_);
        refuse_to_boot();
    }
    claim({frame.address(), frame.address() + mm::kPageSize}, mm::FrameOwner::kWithdrawn);
}

}  // namespace kernel
