// The machine under the model side: frames in an array, one CPU that runs one process at a time, regions from
// the host's heap.
//
//   AddressSpace --> FrameAccount --> WatchedFrames<BitmapFrames>
//        |                                |
//   FrameMemory <-------------------- ActiveCpu, whichever process runs
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mm/frames/bitmap.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/paging/layout_i686.hpp"
#include "mm/space/address_space.hpp"
#include "mm/space/memory_object.hpp"
#include "tests/doubles/frame_memory.hpp"
#include "tests/doubles/simulated_cpu.hpp"
#include "tests/doubles/watched_frames.hpp"
#include "tests/space_fuzz/plant.hpp"
#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

/// A CPU that is switched between page tables: it forgets everything then, and is nobody's in between.
class ActiveCpu {
  public:
    using Cpu = host::SimulatedCpu<mm::LayoutI686>;

    explicit ActiveCpu(host::FrameMemory& memory) : memory_(memory) {}

    /// Runs on the page tables below `root` from now on.
    void switch_to(mm::FrameNumber root) {
        if (!root_ || *root_ != root) {
            stop();
            root_ = root;
            cpu_.emplace(memory_, root);
        }
    }
    /// Runs nothing.
    void stop() {
        if (cpu_) {
            collect();
            cpu_.reset();
            root_.reset();
        }
    }
    std::byte* touch(mm::VirtAddr address, host::Use use) { return cpu_->touch(address, use); }

    void forget_page(mm::VirtAddr page) {
        if (cpu_ && plant != Plant::kStaleTranslations) {
            cpu_->forget_page(page);
        }
    }
    void forget_all() {
        if (cpu_) {
            cpu_->forget_all();
        }
    }
    void expect_unreachable(mm::FrameNumber frame) {
        if (cpu_) {
            cpu_->expect_unreachable(frame);
        }
    }
    void expect_nothing_stale() {
        if (cpu_) {
            cpu_->expect_nothing_stale();
        }
    }
    std::vector<std::string> take_violations() {
        if (cpu_) {
            collect();
        }
        return std::exchange(violations_, {});
    }

    Plant plant = Plant::kNone;

  private:
    void collect() {
        for (std::string& sentence : cpu_->violations().take()) {
            violations_.push_back(std::move(sentence));
        }
    }

    host::FrameMemory& memory_;
    std::optional<mm::FrameNumber> root_;
    std::optional<Cpu> cpu_;
    std::vector<std::string> violations_;
};

/// See mm::SpaceMachine.
class ModelMachine final : public mm::RegionSource {
  public:
    using Layout = mm::LayoutI686;
    using Access = host::FrameMemory;
    using Tlb = ActiveCpu;

    static constexpr mm::PageRange kUserPages{mm::VirtAddr(kArenaBegin).page(),
                                              mm::VirtAddr(kArenaEnd).page()};
    /// Enough for every page of the arena, in every process.
    static constexpr mm::FrameCount kFrames = 12'288;

    ModelMachine();
    ~ModelMachine() = default;

    Access& access() { return memory; }
    Tlb& tlb() { return cpu; }
    mm::FrameAccount& account() { return account_; }
    [[nodiscard]] mm::FrameNumber zero_frame() const { return zero_frame_; }
    mm::Result<mm::OwnedFrame> frame_for_page(mm::FrameOwner owner, std::uint32_t holder) {
        return account_.allocate(owner, holder);
    }
    mm::PageStore* store() { return page_store; }
    mm::RegionSource& regions() { return *this; }

    mm::Region* take_region() override {
        ++regions_out_;
        return new mm::Region;
    }
    void give_region(mm::Region& region) override {
        --regions_out_;
        delete &region;
    }

    /// A frame of zeros for page tables, or for a module's page.
    mm::OwnedFrame take_cleared(mm::FrameOwner owner);
    /// What would be wrong once every process is gone: empty when nothing is.
    [[nodiscard]] std::string leaks() const;
    /// What the doubles have seen going wrong since the last time.
    std::vector<std::string> take_violations();

    mm::PageStore* page_store = nullptr;  ///< Memory is all there is.
    host::FrameMemory memory{kFrames};
    ActiveCpu cpu{memory};

  private:
    using Watched = host::WatchedFrames<mm::BitmapFrames, ActiveCpu>;

    std::vector<mm::BitmapFrames::Word> metadata_;
    std::vector<mm::FrameRecord> records_;
    mm::BitmapFrames bitmap_;
    Watched watched_;
    mm::Erased<Watched> source_;
    mm::FrameAccount account_;
    mm::FrameNumber zero_frame_;
    long regions_out_ = 0;
};

using ModelSpace = mm::AddressSpace<ModelMachine>;

/// Contents of a file that can be written to, and memory that processes share.
class ModelFile final : public mm::MemoryObject<ModelMachine> {
  public:
    using MemoryObject::MemoryObject;

  private:
    ~ModelFile() = default;
    void end() override { delete this; }
};

/// A file whose pages are there for ever, like a module's.
class ModelModule final : public mm::PageObject {
  public:
    explicit ModelModule(std::vector<mm::FrameNumber> frames) : frames_(std::move(frames)) {}

    mm::Result<Page> page(std::uint32_t index, mm::PageUse /*use*/) override {
        if (index >= frames_.size()) {
            return mm::failure(mm::Error::kOutOfRange);
        }
        return Page{frames_[index], mm::Hold::kBorrowed};
    }
    [[nodiscard]] bool is_resident(std::uint32_t index) const override { return index < frames_.size(); }

  private:
    ~ModelModule() = default;
    void end() override { delete this; }

    std::vector<mm::FrameNumber> frames_;
};

}  // namespace space_fuzz
