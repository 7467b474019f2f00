// Memory before there is an allocator: what the firmware gives, what of it is spoken for, and the first few
// frames that are taken for the allocator's own tables.
//
// Owns: the cleaned map and the claims, in the image's start-up section; gone when booting is over.
// Never hands out a frame that the map does not give, that the kernel, the loader or the firmware has, or
// that does not keep what is written to it.
#pragma once

#include <cstdint>

#include "kernel/arch/i686/window.hpp"
#include "kernel/boot/boot_information.hpp"
#include "mm/frames/frame_table.hpp"
#include "mm/map/claims.hpp"
#include "mm/map/memory_map.hpp"

namespace kernel {

/// Calls visit(mm::PhysRange) for what the firmware of a PC keeps for itself below 1 MiB, whatever its map says: the
/// real-mode vectors and the BIOS data area, the extended BIOS data area, and the legacy hole (video memory, adapters'
/// and system ROM).
template <typename Visit>
void for_each_firmware_range(Window& window, Visit visit) {
    constexpr mm::PhysAddr kEbdaSegmentPointer{0x40e};  // A word in the BIOS data area: the EBDA's segment.
    constexpr mm::PhysAddr kLowestEbda{0x8'0000};
    constexpr mm::PhysAddr kLegacyHole{0xa'0000};
    visit(mm::PhysRange{mm::PhysAddr(0), mm::PhysAddr(mm::kPageSize)});
    visit(mm::PhysRange{kLegacyHole, mm::PhysAddr(0x10'0000)});
    std::uint16_t ebda_segment = 0;
    if (PhysicalReader(window).read(kEbdaSegmentPointer, ebda_segment)) {
        const mm::PhysAddr ebda(std::uint64_t{ebda_segment} << 4);
        if (kLowestEbda <= ebda && ebda < kLegacyHole) {
            visit(mm::PhysRange{ebda, kLegacyHole});
        }
    }
}

class BootMemory {
  public:
    /// Reads the loader's map, cleans it, logs what was odd about it, and claims what is in use. Refuses to
    /// boot when there are more claims than there is room for.
    /// The `fail_at`-th frame that is taken is refused (0: none is).
    BootMemory(Window& window, BootInformation& boot, std::uint32_t fail_at);

    [[nodiscard]] const mm::MemoryMap& map() const { return map_; }
    [[nodiscard]] const mm::ClaimList& claims() const { return claims_; }

    /// Takes `count` frames for `owner` for good, each tried first, and calls visit(mm::FrameNumber) with
    /// each. Lowest addresses first, but those below 1 MiB last. Refuses to boot when there are not so many.
    template <typename Visit>
    void take(mm::FrameCount count, mm::FrameOwner owner, Visit visit) {
        while (count != 0) {
            const mm::FrameRange run = take_run(count, owner);
            for (mm::FrameNumber frame = run.begin; frame < run.end; ++frame) {
                if (answers(frame)) {
                    count_request();
                    visit(frame);
                    --count;
                } else {
                    withdraw(frame);
                }
            }
        }
    }

    /// Frames taken so far.
    [[nodiscard]] std::uint32_t requests() const { return requests_; }

  private:
    /// After so many frames that are no memory the map is not believed any more.
    static constexpr std::uint32_t kMostWithdrawn = 4096;

    void read_map(BootInformation& boot);
    void claim_known_memory(Window& window, BootInformation& boot);
    void claim(mm::PhysRange bytes, mm::FrameOwner owner);
    mm::FrameRange take_run(mm::FrameCount at_most, mm::FrameOwner owner);
    void count_request();
    bool answers(mm::FrameNumber frame);
    void withdraw(mm::FrameNumber frame);

    Window& window_;
    mm::MemoryMap map_;
    mm::ClaimList claims_;
    std::uint32_t fail_at_;
    std::uint32_t requests_ = 0;
    std::uint32_t withdrawn_ = 0;
};

/// The claim that stands for `owner`: where two claim a frame, the owner named first in FrameOwner has it.
constexpr mm::ClaimTag tag_of(mm::FrameOwner owner) {
    return static_cast<mm::ClaimTag>(owner);
}
constexpr mm::FrameOwner owner_of(mm::ClaimTag tag) {
    return static_cast<mm::FrameOwner>(tag);
}

}  // namespace kernel
