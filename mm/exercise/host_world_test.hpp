// A world for the exerciser on the host: real allocator, account, page tables and heap over frames in an
// array, and a small Tlb that remembers translations until told to forget. Bugs can be planted in it.
//
//   heap --> HeapPagesOnHost --> account --> Erased<PlantedFrames> --> bitmap
//                 |                ^
//                 +--> page tables-+--> FrameMemory <-- SmallTlb
//
// The heap's bytes lie in a PageArena, because a host program cannot choose where its pages appear; the
// frames and the mappings of those pages are taken and given back all the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "mm/exercise/exercise.hpp"
#include "mm/frames/bitmap.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/heap/first_fit.hpp"
#include "mm/heap/page_arena_test.hpp"
#include "mm/paging/layout_i686.hpp"
#include "mm/paging/page_tables.hpp"
#include "tests/doubles/frame_memory.hpp"

namespace mm {

/// A bug that the exerciser must find.
enum class Planted {
    kNothing,
    kFrameHandedOutTwice,
    kFrameLeaked,
    kTlbNotTold,
    kBlocksOverlap,
    kBlockScribbledOn,
    kFrameScribbledOn,
    kMappingToAnotherFrame,
    kBlockLeaked,
    kWrongOwner,
};

/// Passes on to a bitmap. With the bug: now and then hands out what is out already.
class PlantedFrames {
  public:
    PlantedFrames(BitmapFrames& bitmap, Planted planted) : bitmap_(bitmap), planted_(planted) {}

    Result<FrameNumber> allocate() {
        if (planted_ == Planted::kFrameHandedOutTwice && ++requests_ % 50 == 0) {
            return last_;
        }
        const Result<FrameNumber> frame = bitmap_.allocate();
        last_ = frame ? *frame : last_;
        return frame;
    }
    Result<void> release(FrameNumber frame) { return bitmap_.release(frame); }
    [[nodiscard]] bool is_free(FrameNumber frame) const { return bitmap_.is_free(frame); }
    [[nodiscard]] FrameCount free_frames() const { return bitmap_.free_frames(); }
    [[nodiscard]] std::optional<FrameRange> next_free_run(FrameNumber from) const {
        return bitmap_.next_free_run(from);
    }
    [[nodiscard]] bool check_invariants() const { return bitmap_.check_invariants(); }

  private:
    BitmapFrames& bitmap_;
    Planted planted_;
    FrameNumber last_;
    unsigned requests_ = 0;
};

using HostTables = PageTables<LayoutI686, host::FrameMemory>;

/// Remembers 64 translations, and believes them. (host::SimulatedCpu remembers all, checks each, and is
/// slow.)
class SmallTlb {
  public:
    SmallTlb(HostTables& tables, Planted planted) : tables_(tables), planted_(planted) {}

    std::optional<FrameNumber> translate(VirtAddr page) {
        Entry& entry = entry_of(page);
        if (!entry.is_valid || entry.page != page) {
            const std::optional<Mapping> mapping = tables_.lookup(page);
            if (!mapping) {
                return std::nullopt;
            }
            entry = {page, mapping->frame, true};
        }
        return entry.frame;
    }
    void forget_page(VirtAddr page) {
        if (planted_ != Planted::kTlbNotTold) {
            entry_of(page).is_valid = false;
        }
    }
    void forget_all() { entries_ = {}; }

  private:
    struct Entry {
        VirtAddr page{};
        FrameNumber frame{};
        bool is_valid = false;
    };
    // Exercised pages lie at multiples of a large stripe; a mix of the bits spreads them over the entries.
    Entry& entry_of(VirtAddr page) {
        const auto number = static_cast<std::uint32_t>(page.page().value());
        return entries_[(number * 0x9e37'79b1U) >> 26];
    }

    HostTables& tables_;
    Planted planted_;
    std::array<Entry, 64> entries_{};
};

/// The heap's PageSource: addresses and bytes from an arena, frames and mappings from the machine.
class HeapPagesOnHost {
  public:
    static constexpr VirtAddr kRegion{0xd000'0000};

    HeapPagesOnHost(FrameAccount& account, HostTables& tables, SmallTlb& tlb)
        : account_(account), tables_(tables), tlb_(tlb) {}

    Result<void*> take_pages(PageCount count) {
        const Result<void*> pages = arena_.take_pages(count);
        for (PageCount i = 0; pages && i < count; ++i) {
            Result<OwnedFrame> frame = account_.allocate(FrameOwner::kKernelHeap);
            if (!frame ||
                !tables_.map(mapped_at(*pages) + i * kPageSize, std::move(*frame), page_flags::kWritable)) {
                unmap(*pages, i);
                arena_.give_pages(*pages, count);
                return failure(Error::kNoMemory);
            }
        }
        return pages;
    }
    void give_pages(void* pages, PageCount count) {
        unmap(pages, count);
        arena_.give_pages(pages, count);
    }
    [[nodiscard]] bool holds(const void* address) const { return arena_.holds(address); }

  private:
    VirtAddr mapped_at(void* page) { return kRegion + arena_.offset_of(page); }
    void unmap(void* pages, PageCount count) {
        for (PageCount done = 0; done < count;) {
            UnmapBatch batch;
            for (; done < count && batch.has_room(); ++done) {
                expect(tables_.unmap(mapped_at(pages) + done * kPageSize, batch).has_value(),
                       "host: not mapped");
            }
            flush(tlb_, tables_.frames(), batch, [](OwnedFrame&&) {});
        }
    }

    FrameAccount& account_;
    HostTables& tables_;
    SmallTlb& tlb_;
    PageArena arena_;
};

/// Satisfies ExerciseWorld. Frame 0 is the kernel image's root table, the rest is free.
class HostWorld {
  public:
    explicit HostWorld(FrameCount frame_count, Planted planted = Planted::kNothing)
        : planted_(planted),
          memory_(frame_count),
          metadata_(BitmapFrames::metadata_size(frame_count) / sizeof(BitmapFrames::Word)),
          records_(frame_count),
          bitmap_(std::as_writable_bytes(std::span(metadata_)), frame_count),
          frames_(bitmap_, planted),
          account_(source_, FrameTable(records_), [](const WrongRelease&) {}),
          tables_(kRoot, memory_, account_),
          tlb_(tables_, planted),
          heap_pages_(account_, tables_, tlb_) {
        const FrameRange usable{kRoot + 1, FrameNumber(frame_count)};
        bitmap_.add_free(usable);
        account_.admit({kRoot, kRoot + 1}, FrameOwner::kKernelImage);
        account_.admit(usable, FrameOwner::kFree);
        std::memset(memory_.raw(kRoot), 0, kPageSize);
        tables_.count_entries();
    }

    Result<OwnedFrame> take_frame() { return account_.allocate(FrameOwner::kExercise); }
    FrameCount frames_out() { return account_.frames_of(FrameOwner::kExercise); }
    FrameCount free_frames() {
        heap_.give_back_idle_pages();
        return account_.frames_of(FrameOwner::kFree);
    }
    host::FrameMemory::Handle open(FrameNumber frame) {
        if (planted_ == Planted::kFrameScribbledOn && ++events_ % 500 == 0) {
            memory_.raw(frame)[0] ^= std::byte{1};
        }
        return memory_.open(frame);
    }
    VirtRange pages() { return {VirtAddr(0xe000'0000), VirtAddr(0xe100'0000)}; }
    Result<void> map(VirtAddr page, OwnedFrame&& frame) {
        if (planted_ == Planted::kMappingToAnotherFrame && ++events_ % 50 == 0) {
            const FrameNumber number = frame.number();
            if (const Result<void> mapped = tables_.map(page, std::move(frame), page_flags::kWritable);
                !mapped) {
                return mapped;
            }
            misdirect(page, number);
            return {};
        }
        return tables_.map(page, std::move(frame), page_flags::kWritable);
    }
    Result<void> unmap(VirtAddr page, UnmapBatch& batch) { return tables_.unmap(page, batch); }
    void flush(UnmapBatch& batch) {
        mm::flush(tlb_, tables_.frames(), batch, [this](OwnedFrame&& frame) {
            if (planted_ == Planted::kFrameLeaked && frame.owner() == FrameOwner::kExercise &&
                ++events_ % 50 == 0) {
                leaked_.push_back(std::move(frame));
            }
        });
    }
    std::byte* reach(VirtAddr page) {
        const std::optional<FrameNumber> frame = tlb_.translate(page);
        if (planted_ == Planted::kWrongOwner && frame) {
            account_.table()[*frame].owner = FrameOwner::kKernelHeap;
        }
        return frame ? memory_.raw(*frame) : nullptr;
    }
    void* allocate_block(std::size_t size_bytes, std::size_t alignment) {
        void* const block = heap_.allocate_aligned(size_bytes, alignment);
        if (planted_ == Planted::kBlockScribbledOn && ++events_ % 50 == 0 && last_block_ != nullptr) {
            *static_cast<std::byte*>(last_block_) ^= std::byte{1};
        }
        if (planted_ == Planted::kBlocksOverlap && ++events_ % 50 == 0 && last_block_ != nullptr) {
            return last_block_;
        }
        last_block_ = size_bytes != 0 ? block : last_block_;
        return block;
    }
    void release_block(void* block) {
        last_block_ = block == last_block_ ? nullptr : last_block_;
        if (planted_ == Planted::kBlockLeaked && ++events_ % 50 == 0) {
            return;
        }
        heap_.release(block);
    }
    bool audit() {
        FrameCount accounted = 0;
        for (std::size_t owner = 0; owner < kFrameOwnerCount; ++owner) {
            accounted += account_.frames_of(static_cast<FrameOwner>(owner));
        }
        FrameCount heap_pages = 0;
        bool owners_agree = true;
        tables_.for_each_page(VirtAddr(0), VirtAddr(0xffff'f000), [&](VirtAddr page, Mapping mapping) {
            const bool is_exercise = pages().contains(page);
            heap_pages += is_exercise ? 0 : 1;
            const FrameRecord& record = account_.table()[mapping.frame];
            owners_agree &= record.owner == (is_exercise ? FrameOwner::kExercise : FrameOwner::kKernelHeap) &&
                            record.references == 1 && !bitmap_.is_free(mapping.frame);
        });
        FrameCount tables = 0;
        tables_.for_each_table([&](FrameNumber table, unsigned present) {
            ++tables;
            owners_agree &= account_.table()[table].references == present && present != 0;
        });
        return owners_agree && accounted == account_.total_frames() && bitmap_.check_invariants() &&
               account_.wrong_releases() == 0 && !heap_.check_invariants() &&
               heap_pages == heap_.pages_held() &&
               heap_pages == account_.frames_of(FrameOwner::kKernelHeap) &&
               tables == account_.frames_of(FrameOwner::kPageTable);
    }

  private:
    static constexpr FrameNumber kRoot{0};

    /// Makes the entry of `page`, which leads to `frame`, lead to the frame after it.
    void misdirect(VirtAddr page, FrameNumber frame) {
        auto* const root = reinterpret_cast<LayoutI686::Entry*>(memory_.raw(kRoot));
        const FrameNumber table = LayoutI686::frame(root[LayoutI686::index(page, 1)]);
        auto* const entries = reinterpret_cast<LayoutI686::Entry*>(memory_.raw(table));
        const FrameNumber other(frame.value() + 1 < memory_.size() ? frame.value() + 1 : 1);
        entries[LayoutI686::index(page, 0)] =
            LayoutI686::page_entry(other, page_flags::kWritable | page_flags::kOwned);
    }

    Planted planted_;
    host::FrameMemory memory_;
    std::vector<BitmapFrames::Word> metadata_;
    std::vector<FrameRecord> records_;
    BitmapFrames bitmap_;
    PlantedFrames frames_;
    Erased<PlantedFrames> source_{frames_};
    FrameAccount account_;
    HostTables tables_;
    SmallTlb tlb_;
    HeapPagesOnHost heap_pages_;
    FirstFitHeap<HeapPagesOnHost> heap_{heap_pages_};
    std::vector<OwnedFrame> leaked_;
    void* last_block_ = nullptr;
    unsigned events_ = 0;
};
static_assert(ExerciseWorld<HostWorld>);

}  // namespace mm
