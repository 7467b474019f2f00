// The least that an embedder of mm/ has to provide: the example of docs/porting.md, compiled and run.
//
//   firmware's map --> claims --> bitmap --> account --> page tables       a heap on pages of its own
//                                                   \--> address space
//
// The "machine" is an array of 64 frames. A kernel's memory is real, its Tlb is instructions; nothing else
// differs. mm::panic, the last seam, is defined in tests/host_panic.cpp.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mm/frames/bitmap.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/heap/first_fit.hpp"
#include "mm/map/claims.hpp"
#include "mm/map/memory_map.hpp"
#include "mm/paging/layout_i686.hpp"
#include "mm/paging/page_tables.hpp"
#include "mm/space/address_space.hpp"

namespace {

struct alignas(mm::kPageSize) Frame {
    std::array<std::byte, mm::kPageSize> bytes;
};

/// The FrameAccess seam. All memory is mapped, so a handle is a pointer.
class DirectMap {
  public:
    struct Handle {
        std::byte* at;
        [[nodiscard]] std::byte* bytes() const { return at; }
    };
    explicit DirectMap(std::span<Frame> frames) : frames_(frames) {}
    Handle open(mm::FrameNumber frame) { return {frames_[frame.value()].bytes.data()}; }

  private:
    std::span<Frame> frames_;
};
static_assert(mm::FrameAccess<DirectMap>);

/// The Tlb seam. This machine's CPU caches nothing.
struct NoCache {
    void forget_page(mm::VirtAddr /*page*/) {}
    void forget_all() {}
};
static_assert(mm::Tlb<NoCache>);

/// The PageSource seam: sixteen pages, taken in order; only the last ones taken can be taken again.
class FewPages {
  public:
    mm::Result<void*> take_pages(mm::PageCount count) {
        if (pages_.size() - used_ < count) {
            return mm::failure(mm::Error::kNoMemory);
        }
        used_ += count;
        for (std::size_t page = used_ - count; page < used_; ++page) {
            out_[page] = true;
        }
        return static_cast<void*>(&pages_[used_ - count]);
    }
    void give_pages(void* pages, mm::PageCount count) {
        const auto first = static_cast<std::size_t>(static_cast<Frame*>(pages) - pages_.data());
        for (std::size_t page = first; page < first + count; ++page) {
            out_[page] = false;
        }
        while (used_ != 0 && !out_[used_ - 1]) {
            --used_;
        }
    }
    [[nodiscard]] bool holds(const void* address) const {
        const mm::VirtAddr begin = mm::VirtAddr::of(pages_.data());
        const mm::VirtAddr at = mm::VirtAddr::of(address);
        return begin <= at && at < begin + sizeof pages_ && out_[(at - begin) / mm::kPageSize];
    }

  private:
    std::array<Frame, 16> pages_;
    std::array<bool, 16> out_{};
    std::size_t used_ = 0;
};
static_assert(mm::PageSource<FewPages>);

TEST(Embedding, a_machine_of_64_frames_maps_a_page_and_gets_its_frames_back) {  // C1
    std::vector<Frame> memory(64);
    DirectMap access(memory);
    NoCache tlb;

    // What the firmware says, and what of it is in use: here the first 16 frames, by the kernel.
    std::array<mm::MapEntry, mm::MemoryMap::kMinimumStorage> entries;
    mm::MemoryMap map(entries);
    map.add(mm::PhysAddr(0), 64 * mm::kPageSize, mm::MemoryKind::kUsable);
    map.clean();
    constexpr auto kKernel = static_cast<mm::ClaimTag>(mm::FrameOwner::kKernelImage);
    std::array<mm::Claim, 8> claim_storage;
    mm::ClaimList claims(claim_storage);
    ASSERT_TRUE(claims.claim({mm::FrameNumber(0), mm::FrameNumber(16)}, kKernel));

    // The allocator and the account, on memory of the embedder.
    std::array<mm::BitmapFrames::Word, mm::BitmapFrames::metadata_size(64) / sizeof(mm::BitmapFrames::Word)>
        bits;
    mm::BitmapFrames bitmap(std::as_writable_bytes(std::span(bits)), 64);
    mm::Erased<mm::BitmapFrames> source(bitmap);
    std::array<mm::FrameRecord, 64> records;
    mm::FrameAccount account(source, mm::FrameTable(records), [](const mm::WrongRelease& wrong) {
        FAIL() << "frame " << wrong.frame.value() << " is " << mm::to_string(wrong.actual);
    });
    mm::for_each_run(map.usable(), claims, [&](mm::FrameRange run, std::optional<mm::ClaimTag> tag) {
        if (!tag) {
            bitmap.add_free(run);
        }
        account.admit(run, tag ? static_cast<mm::FrameOwner>(*tag) : mm::FrameOwner::kFree);
    });
    ASSERT_EQ(account.frames_of(mm::FrameOwner::kFree), 48u);

    // Page tables below a root in frame 0, which is the kernel's.
    memory[0].bytes.fill(std::byte{0});
    mm::PageTables<mm::LayoutI686, DirectMap> tables(mm::FrameNumber(0), access, account);
    constexpr mm::VirtAddr kPage(0x40'0000);
    mm::Result<mm::OwnedFrame> frame = account.allocate(mm::FrameOwner::kKernelHeap);
    ASSERT_TRUE(frame);
    const mm::FrameNumber number = frame->number();
    ASSERT_TRUE(tables.map(kPage, std::move(*frame), mm::page_flags::kWritable));
    EXPECT_EQ(tables.lookup(kPage)->frame, number);
    EXPECT_EQ(account.frames_of(mm::FrameOwner::kFree), 46u);  // The page's frame, and its page table's.

    mm::UnmapBatch batch;
    ASSERT_TRUE(tables.unmap(kPage, batch));
    mm::flush(tlb, tables.frames(), batch, [](mm::OwnedFrame&&) {});
    EXPECT_EQ(account.frames_of(mm::FrameOwner::kFree), 48u);
}

/// The RegionSource seam: nodes from anywhere.
class NewRegions final : public mm::RegionSource {
  public:
    mm::Region* take_region() override { return new mm::Region; }
    void give_region(mm::Region& region) override { delete &region; }
};

/// The SpaceMachine seam: the other seams together.
struct SmallMachine {
    using Layout = mm::LayoutI686;
    using Access = DirectMap;
    using Tlb = NoCache;

    static constexpr mm::PageRange kUserPages{mm::PageNumber(1), mm::PageNumber(0xc0000)};

    Access& access() { return its_access; }
    Tlb& tlb() { return its_tlb; }
    mm::FrameAccount& account() { return its_account; }
    mm::FrameNumber zero_frame() { return zeros.number(); }
    mm::Result<mm::OwnedFrame> frame_for_page(mm::FrameOwner owner, std::uint32_t holder) {
        return its_account.allocate(owner, holder);
    }
    static mm::PageStore* store() { return nullptr; }  // Pages stay in memory.
    mm::RegionSource& regions() { return nodes; }

    DirectMap& its_access;
    mm::FrameAccount& its_account;
    mm::OwnedFrame zeros;
    NoCache its_tlb;
    NewRegions nodes;
};
static_assert(mm::SpaceMachine<SmallMachine>);

TEST(Embedding, an_address_space_needs_a_root_and_faults) {  // E1
    std::vector<Frame> memory(64);
    DirectMap access(memory);
    std::array<mm::BitmapFrames::Word, mm::BitmapFrames::metadata_size(64) / sizeof(mm::BitmapFrames::Word)>
        bits;
    mm::BitmapFrames bitmap(std::as_writable_bytes(std::span(bits)), 64);
    mm::Erased<mm::BitmapFrames> source(bitmap);
    std::array<mm::FrameRecord, 64> records;
    mm::FrameAccount account(source, mm::FrameTable(records), [](const mm::WrongRelease&) { FAIL(); });
    constexpr mm::FrameRange kAll{mm::FrameNumber(0), mm::FrameNumber(64)};
    bitmap.add_free(kAll);
    account.admit(kAll, mm::FrameOwner::kFree);
    {
        SmallMachine machine{access, account, account.allocate(mm::FrameOwner::kZeroFrame).value(), {}, {}};
        const mm::OwnedFrame root = account.allocate(mm::FrameOwner::kPageTable).value();
        memory[machine.zero_frame().value()].bytes.fill(std::byte{0});
        memory[root.number().value()].bytes.fill(std::byte{0});
        mm::AddressSpace<SmallMachine> space(root.number(), 1, machine);

        constexpr auto kReadWrite = mm::protection::kRead | mm::protection::kWrite;
        const mm::VirtAddr at = space.map({.page_count = 1000, .protection = kReadWrite}).value();
        EXPECT_EQ(account.frames_of(mm::FrameOwner::kFree), 62u);
        EXPECT_EQ(space.fault(at + 5, mm::FaultAccess::kWrite), mm::FaultOutcome::kResolved);
        EXPECT_EQ(memory[space.frame_at(at)->value()].bytes[5], std::byte{0});
        EXPECT_EQ(account.frames_of(mm::FrameOwner::kFree), 60u);  // The page's frame, and its page table's.
        EXPECT_EQ(space.fault(at + (1000 << 12), mm::FaultAccess::kRead), mm::FaultOutcome::kNoRegion);
    }
    EXPECT_EQ(account.frames_of(mm::FrameOwner::kFree), 64u);
}

TEST(Embedding, a_heap_needs_only_pages) {  // D1
    FewPages pages;
    mm::FirstFitHeap<FewPages> heap(pages);
    void* const block = heap.allocate(5000);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(pages.holds(block));
    EXPECT_EQ(heap.allocate(std::size_t{64} << 10), nullptr);
    heap.release(block);
    heap.give_back_idle_pages();
    EXPECT_FALSE(pages.holds(block));
    EXPECT_EQ(heap.check_invariants(), std::nullopt);
}

}  // namespace
