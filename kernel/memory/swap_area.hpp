// The swap disk in use: mm's residency, put together with this machine's disk, page tables and threads.
//
//   Residency --BackingStore--> SwapArea --BlockRequest--> disk --done--> Residency::finished --> page_arrivals()
//       |
//       +------PageMappings--> SwapArea --> ReverseMap --> address spaces
//
// Owns: the residency, its records (on the kernel's heap), and the requests under way. One at a time; built by swapon,
// taken down by swapoff when every page is back in memory. Pages leave in deferred work only (scheduler.hpp): on the
// main line, with no window handle open.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "kernel/drivers/block_device.hpp"
#include "kernel/files/errno.hpp"
#include "kernel/memory/program_memory.hpp"
#include "mm/residency/replacement_factory.hpp"
#include "mm/residency/residency.hpp"
#include "mm/space/reverse_map.hpp"

namespace kernel {

class SwapArea final : private mm::BackingStore, private mm::PageMappings {
  public:
    /// Takes `disk`, which carries Linux's swap signature, into use. Sleeps, or on the main line idles, until its head
    /// has been read. Errors: kInvalid (no signature, or none that fits), kBusy (there is a swap area), kIo, kNoMemory.
    static FileResult<void> turn_on(BlockDevice& disk);
    /// Brings every page back, and gives `disk` up. Sleeps. Errors: kInvalid (it is not in use), kNoMemory (the pages do
    /// not fit), kIo (one cannot be had back), each with the area in use as before; kInterrupted.
    static FileResult<void> turn_off(BlockDevice& disk);
    /// The one in use; null when there is none.
    static SwapArea* active();

    SwapArea(const SwapArea&) = delete;
    SwapArea& operator=(const SwapArea&) = delete;
    ~SwapArea();

    [[nodiscard]] mm::Residency& residency() { return residency_; }
    [[nodiscard]] const mm::Residency& residency() const { return residency_; }
    [[nodiscard]] const BlockDevice& disk() const { return disk_; }

    /// `kind` decides which page goes, from now on.
    void set_replacement(mm::ReplacementKind kind);

  private:
    /// All living address spaces, for the reverse map.
    struct Spaces {
        [[nodiscard]] ProgramSpace* find(std::uint32_t id) const;
        template <typename Visit>
        void for_each(Visit visit) const {
            for (ProgramMemory* memory = ProgramMemory::first(); memory != nullptr && visit(memory->space());
                 memory = memory->next()) {
            }
        }
    };
    /// The records of all that residency writes down.
    struct Records {
        std::unique_ptr<mm::ResidentFrame[]> frames;
        std::unique_ptr<mm::SlotRecord[]> slots;
        std::unique_ptr<mm::ResidentRecord[]> residents;
        std::unique_ptr<mm::GhostEntry[]> ghosts;
        std::uint32_t frame_count = 0;
        std::uint32_t slot_count = 0;
        std::uint32_t ghost_count = 0;

        /// Whether there was memory for all of it.
        bool allocate(std::uint32_t frames, std::uint32_t slots);
    };
    struct Transfer : BlockRequest {
        SwapArea* area = nullptr;
        bool is_free = true;
    };

    SwapArea(BlockDevice& disk, Records&& records);

    void track_all();
    mm::Result<void> bring_all_back();

    // BackingStore
    bool start(Operation operation, mm::SlotNumber first, std::span<const mm::FrameNumber> frames) override;
    std::uint32_t checksum(mm::FrameNumber frame) override;
    void progress() override;
    mm::CpuTime now() override;
    void lost(mm::SlotNumber slot, Loss loss) override;
    static void done(BlockRequest& request);

    // PageMappings
    bool take_accessed(mm::FrameNumber frame, mm::PageObject* object) override {
        return mappings_.take_accessed(frame, object);
    }
    bool is_dirty(mm::FrameNumber frame, mm::PageObject* object) override {
        return mappings_.is_dirty(frame, object);
    }
    std::uint16_t store(mm::FrameNumber frame, mm::PageObject* object, mm::SlotNumber slot) override {
        return mappings_.store(frame, object, slot);
    }

    BlockDevice& disk_;
    Records records_;
    mm::GhostTable ghosts_;
    std::array<Transfer, 8> transfers_{};
    mm::ReverseMap<ProgramSpace, Spaces> mappings_;
    std::array<mm::ReplacementSlot, 2> policies_;  // The one that decides, and, while it changes, the next.
    std::size_t current_ = 0;
    mm::InstanceId instance_ = 1;
    mm::Residency residency_;
};

/// Who decides which page goes, whether or not there is a swap area at the moment.
mm::ReplacementKind replacement_choice();
void choose_replacement(mm::ReplacementKind kind);

}  // namespace kernel
