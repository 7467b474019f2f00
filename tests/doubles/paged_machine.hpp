// A machine's memory on the host, wired like a kernel's: memory, allocator, account, page tables and a
// simulated CPU over all of them. What tests of paging, of the heap and of both together run on.
//
//   PageTables --> FrameAccount --> Erased<WatchedFrames<FailNth<BitmapFrames>>>
//       |                                  |
//   FrameMemory <------------------- SimulatedCpu (the Tlb)
//
// Frame 0 is a hole, frame 1 (kernel image's) is the root table, cleared; the rest is free.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "mm/frames/bitmap.hpp"
#include "mm/frames/fail_nth.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/paging/page_tables.hpp"
#include "tests/doubles/frame_memory.hpp"
#include "tests/doubles/simulated_cpu.hpp"
#include "tests/doubles/watched_frames.hpp"

namespace host {

template <mm::PageTableLayout Layout>
class PagedMachine {
  public:
    using Cpu = SimulatedCpu<Layout>;
    using Tables = mm::PageTables<Layout, FrameMemory>;

    static constexpr mm::FrameNumber kRoot{1};

    /// `frame_count` frames in all. The `failing`-th allocation fails (0: none does).
    explicit PagedMachine(mm::FrameCount frame_count, std::uint32_t failing = 0)
        : memory(frame_count),
          metadata_(mm::BitmapFrames::metadata_size(frame_count) / sizeof(mm::BitmapFrames::Word)),
          records_(frame_count, garbage_record()),
          bitmap(std::as_writable_bytes(std::span(metadata_)), frame_count),
          fail_nth(bitmap, failing),
          cpu(memory, kRoot),
          watched(fail_nth, cpu),
          source(watched),
          account(source, mm::FrameTable(records_),
                  [](const mm::WrongRelease& wrong) {
                      ADD_FAILURE() << "frame " << wrong.frame.value() << " released as "
                                    << to_string(wrong.claimed) << " is " << to_string(wrong.actual);
                  }),
          tables(kRoot, memory, account) {
        const mm::FrameRange usable{kRoot + 1, mm::FrameNumber(frame_count)};
        bitmap.add_free(usable);
        account.admit({mm::FrameNumber(0), kRoot}, mm::FrameOwner::kHole);
        account.admit({kRoot, kRoot + 1}, mm::FrameOwner::kKernelImage);
        account.admit(usable, mm::FrameOwner::kFree);
        std::memset(memory.raw(kRoot), 0, mm::kPageSize);
        tables.count_entries();
    }

    /// A frame in hand for the kernel heap. The test fails when memory is out.
    [[nodiscard]] mm::OwnedFrame take(mm::FrameOwner owner = mm::FrameOwner::kKernelHeap) {
        mm::Result<mm::OwnedFrame> frame = account.allocate(owner);
        EXPECT_TRUE(frame.has_value());
        return std::move(frame.value());
    }

    /// Unmaps one page and flushes: its frame and emptied tables are back in the account.
    mm::Result<void> unmap_now(mm::VirtAddr page) {
        mm::UnmapBatch batch;
        const mm::Result<void> unmapped = tables.unmap(page, batch);
        mm::flush(cpu, tables.frames(), batch, [](mm::OwnedFrame&&) {});
        return unmapped;
    }

    /// Whether the owners' frames add up to the total.  (FrameAccount's I1)
    [[nodiscard]] bool adds_up() const {
        mm::FrameCount sum = 0;
        for (std::size_t owner = 0; owner < mm::kFrameOwnerCount; ++owner) {
            sum += account.frames_of(static_cast<mm::FrameOwner>(owner));
        }
        return sum == account.total_frames();
    }

    FrameMemory memory;

  private:
    /// Records of free frames may hold anything: here, the worst, a releasable owner.
    static mm::FrameRecord garbage_record() {
        return {.page = 0xdead,
                .holder = 0xbeef,
                .references = 0,
                .owner = mm::FrameOwner::kKernelHeap,
                .audit_mark = 0xee};
    }

    std::vector<mm::BitmapFrames::Word> metadata_;
    std::vector<mm::FrameRecord> records_;

  public:
    mm::BitmapFrames bitmap;
    mm::FailNth<mm::BitmapFrames> fail_nth;
    Cpu cpu;
    WatchedFrames<mm::FailNth<mm::BitmapFrames>, Cpu> watched;
    mm::Erased<WatchedFrames<mm::FailNth<mm::BitmapFrames>, Cpu>> source;
    mm::FrameAccount account;
    Tables tables;
};

}  // namespace host
