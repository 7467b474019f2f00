#include "kernel/files/proc/benchmark.hpp"

#include <new>
#include <utility>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

constexpr int kRuns = 64;

constinit std::uint64_t entry_to_prompt = 0;

/// The least number of ticks that `work` takes. A run that got no memory tells nothing; when none got any,
/// the answer is kNever.
constexpr std::uint64_t kNever = ~std::uint64_t{0};
template <typename Work>
std::uint64_t least_ticks(Work work) {
    std::uint64_t least = kNever;
    for (int run = 0; run < kRuns; ++run) {
        const cpu::InterruptsOff quiet;
        const std::uint64_t begin = cpu::read_tsc();
        const bool worked = work();
        const std::uint64_t ticks = cpu::read_tsc() - begin;
        if (worked && ticks < least) {
            least = ticks;
        }
    }
    return least;
}

class Paths {
  public:
    explicit Paths(KernelMemory& memory) : memory_(memory) {}

    // Each tells whether there was memory for it.
    bool frame_pair() { return memory_.account().allocate(mm::FrameOwner::kExercise).has_value(); }

    static bool heap_pair() {
        void* block = ::operator new(64, std::nothrow);
        // The compiler may drop a pair that nobody looks at.
        asm volatile("" : "+r"(block) : : "memory");
        ::operator delete(block);
        return block != nullptr;
    }

    bool map_touch_unmap(mm::VirtAddr page) {
        mm::Result<mm::OwnedFrame> frame = memory_.account().allocate(mm::FrameOwner::kExercise);
        if (!frame || !memory_.tables().map(page, std::move(*frame), mm::page_flags::kWritable)) {
            return false;
        }
        *page.as<volatile std::uint32_t>() = 1;
        mm::UnmapBatch batch;
        const mm::Result<void> unmapped = memory_.tables().unmap(page, batch);
        mm::expect(unmapped.has_value(), "benchmark: its own page is not mapped");
        mm::flush(memory_.tlb(), memory_.tables().frames(), batch, [](mm::OwnedFrame&&) {});
        return true;
    }

  private:
    KernelMemory& memory_;
};

}  // namespace

void note_prompt() {
    if (entry_to_prompt == 0) {
        entry_to_prompt = cpu::read_tsc() - image::entry_tsc() - cpu::hlt_ticks();
    }
}

FileResult<void> BenchmarkFile::read(Printer& out) {
    Paths paths(memory_);
    const std::uint64_t harness = least_ticks([] { return true; });
    const auto net = [harness](std::uint64_t ticks) { return ticks - harness; };

    const mm::VirtAddr page = layout::kExercise.begin;
    const std::uint64_t new_table = least_ticks([&] { return paths.map_touch_unmap(page); });
    // A page that stays mapped keeps the table.
    mm::Result<mm::OwnedFrame> keeper = memory_.account().allocate(mm::FrameOwner::kExercise);
    const mm::VirtAddr kept = page + mm::kPageSize;
    if (!keeper || !memory_.tables().map(kept, std::move(*keeper), mm::page_flags::kWritable)) {
        return file_error(Errno::kNoMemory);
    }
    const std::uint64_t existing_table = least_ticks([&] { return paths.map_touch_unmap(page); });
    mm::UnmapBatch batch;
    if (memory_.tables().unmap(kept, batch)) {
        mm::flush(memory_.tlb(), memory_.tables().frames(), batch, [](mm::OwnedFrame&&) {});
    }

    const std::uint64_t frame_pair = least_ticks([&] { return paths.frame_pair(); });
    const std::uint64_t heap_pair = least_ticks([&] { return Paths::heap_pair(); });
    for (const std::uint64_t ticks : {new_table, existing_table, frame_pair, heap_pair}) {
        if (ticks == kNever) {
            return file_error(Errno::kNoMemory);
        }
    }

    out.print("entry-to-prompt {}\n", entry_to_prompt);
    out.print("frame-pair {}\n", net(frame_pair));
    out.print("heap-pair-64 {}\n", net(heap_pair));
    out.print("map-touch-unmap {}\n", net(existing_table));
    out.print("map-touch-unmap-new-table {}\n", net(new_table));
    const FrameMetadata& metadata = memory_.metadata();
    out.print("bits-per-frame-allocator {}\n", metadata.free_bitmap.size() * 8 / metadata.frame_limit);
    const mm::FrameAccount& account = memory_.account();
    const std::size_t held_bytes = account.frames_of(mm::FrameOwner::kFrameMetadata) * mm::kPageSize;
    out.print("bytes-per-frame-account {}\n",
              (held_bytes + account.total_frames() - 1) / account.total_frames());
    return {};
}

}  // namespace kernel
