#include "kernel/files/proc/plant.hpp"

#include <new>
#include <utility>

#include "kernel/boot/image.hpp"
#include "kernel/boot/options.hpp"
#include "kernel/memory/page_arrivals.hpp"

namespace kernel {
namespace {

using mm::FrameNumber;
using mm::FrameOwner;
using mm::VirtAddr;

/// A Tlb that forgets to forget.
struct ForgetfulTlb {
    void forget_page(VirtAddr) {}
    void forget_all() {}
};

FileResult<void> refused(const mm::Result<void>& released) {
    if (released) {
        return file_error(Errno::kIo);
    }
    return {};
}

/// A fresh block of the heap, kept for ever, and the frame behind it.
std::optional<FrameNumber> heap_frame(KernelMemory& memory) {
    const void* block = ::operator new(64, std::nothrow);
    if (block == nullptr) {
        return std::nullopt;
    }
    return memory.tables().lookup(VirtAddr::of(block))->frame;
}

FileResult<void> wrong_owner(KernelMemory& memory) {
    const std::optional<FrameNumber> frame = heap_frame(memory);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    memory.account().table()[*frame].owner = FrameOwner::kModule;
    return {};
}

FileResult<void> leaked_frame(KernelMemory& memory) {
    mm::Result<mm::OwnedFrame> frame = memory.account().allocate(FrameOwner::kKernelHeap);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    static_cast<void>(std::move(*frame).give_up());
    return {};
}

/// Puts a frame under an owner that nobody asks for it.
FileResult<void> hidden_frame(KernelMemory& memory) {
    mm::Result<mm::OwnedFrame> frame = memory.account().allocate(FrameOwner::kExercise);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    memory.account().table()[std::move(*frame).give_up()].owner = FrameOwner::kBootInformation;
    return {};
}

/// Maps a page, uses it, and unmaps it without telling the CPU.
FileResult<void> stale_translation(KernelMemory& memory) {
    const mm::Result<void*> pages = memory.heap().pages().take_pages(1);
    if (!pages) {
        return file_error(Errno::kNoMemory);
    }
    memory.heap().pages().give_pages(*pages, 1);
    const VirtAddr page = VirtAddr::of(*pages);
    const FrameNumber frame = image::to_physical(image::text().begin).frame();
    if (!memory.tables().map_borrowed(page, frame, mm::page_flags::kReadOnly)) {
        return file_error(Errno::kNoMemory);
    }
    static_cast<void>(*page.as<volatile std::uint32_t>());
    mm::UnmapBatch batch;
    ForgetfulTlb tlb;
    if (memory.tables().unmap(page, batch)) {
        mm::flush(tlb, memory.tables().frames(), batch, [](mm::OwnedFrame&&) {});
    }
    return {};
}

FileResult<void> miscounted_table(KernelMemory& memory) {
    FileResult<void> planted = file_error(Errno::kNoMemory);
    memory.tables().for_each_table([&](FrameNumber table, unsigned) {
        if (memory.account().owner_of(table) == FrameOwner::kPageTable) {
            ++memory.account().table()[table].references;
            planted = {};
        }
    });
    return planted;
}

FileResult<void> double_release(KernelMemory& memory) {
    mm::Result<mm::OwnedFrame> frame = memory.account().allocate(FrameOwner::kExercise);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    const FrameNumber number = std::move(*frame).give_up();
    static_cast<void>(memory.account().release(number, FrameOwner::kExercise));
    return refused(memory.account().release(number, FrameOwner::kExercise));
}

FileResult<void> foreign_release(KernelMemory& memory) {
    const std::optional<FrameNumber> frame = heap_frame(memory);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    return refused(memory.account().release(*frame, FrameOwner::kPageTable));
}

FileResult<void> reserved_release(KernelMemory& memory) {
    const FrameNumber frame = image::to_physical(image::text().begin).frame();
    return refused(memory.account().release(frame, FrameOwner::kExercise));
}

FileResult<void> out_of_range_release(KernelMemory& memory) {
    return refused(memory.account().release(FrameNumber(0xffff'ffff), FrameOwner::kExercise));
}

FileResult<void> heap_double_free(KernelMemory& memory) {
    void* block = memory.heap().allocate(100);
    if (block == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    memory.heap().release(block);
    memory.heap().release(block);
    return {};
}

FileResult<void> heap_overrun(KernelMemory& memory) {
    auto* block = static_cast<volatile std::uint8_t*>(memory.heap().allocate(100));
    if (block == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    block[100] = 0x55;
    memory.heap().release(const_cast<std::uint8_t*>(block));
    return {};
}

FileResult<void> heap_smashed_header(KernelMemory& memory) {
    auto* block = static_cast<volatile std::uint32_t*>(memory.heap().allocate(100));
    if (block == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    block[-1] = block[-1] ^ 0x10U;
    block[-2] = block[-2] ^ 0x10U;
    memory.heap().release(const_cast<std::uint32_t*>(block));
    return {};
}

FileResult<void> heap_foreign_pointer(KernelMemory& memory) {
    memory.heap().release(&memory);
    return {};
}

FileResult<void> use_after_release(KernelMemory& memory) {
    mm::Result<mm::OwnedFrame> frame = memory.account().allocate(FrameOwner::kExercise);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    const FrameNumber number = std::move(*frame).give_up();
    static_cast<void>(memory.account().release(number, FrameOwner::kExercise));
    *memory.window().open(number).bytes() = std::byte{1};
    static_cast<void>(
        memory.account().allocate(FrameOwner::kExercise));  // The lowest free frame: the same one.
    return {};
}

constexpr PlantedBug kBugs[] = {
    // Left behind for the audit.
    {"wrong-owner", wrong_owner},
    {"leaked-frame", leaked_frame},
    {"hidden-frame", hidden_frame},
    {"stale-translation", stale_translation},
    {"miscounted-table", miscounted_table},
    // Refused and logged.
    {"double-release", double_release},
    {"foreign-release", foreign_release},
    {"reserved-release", reserved_release},
    {"out-of-range-release", out_of_range_release},
    // Logged with check=frames.
    {"use-after-release", use_after_release},
    // Panics.
    {"heap-double-free", heap_double_free},
    {"heap-overrun", heap_overrun},
    {"heap-smashed-header", heap_smashed_header},
    {"heap-foreign-pointer", heap_foreign_pointer},
};

constexpr std::string_view kFailingBlock = "failing-block ";
constexpr std::string_view kFailingFrame = "failing-frame ";
constexpr std::string_view kSlowPages = "slow-pages ";

FileResult<void> plant_slowness(std::string_view text) {
    const std::optional<std::uint32_t> every = parse_number(text.substr(kSlowPages.size()));
    if (!every) {
        return file_error(Errno::kInvalid);
    }
    plant_slow_pages(*every);
    return {};
}

FileResult<void> plant_failure(KernelMemory& memory, std::string_view text) {
    const bool is_block = text.starts_with(kFailingBlock);
    const std::optional<std::uint32_t> nth =
        parse_number(text.substr(is_block ? kFailingBlock.size() : kFailingFrame.size()));
    if (!nth || (!is_block && memory.failing_frames() == nullptr)) {
        return file_error(Errno::kInvalid);
    }
    if (is_block) {
        memory.heap().fail_nth_from_now(*nth);
    } else {
        memory.failing_frames()->fail_nth_from_now(*nth);
    }
    return {};
}

}  // namespace

FileResult<void> PlantFile::read(Printer& out) {
    for (const std::span<const PlantedBug> bugs : {std::span<const PlantedBug>(kBugs), bugs_of_programs()}) {
        for (const PlantedBug& bug : bugs) {
            out.print("{}\n", bug.name);
        }
    }
    return {};
}

FileResult<void> PlantFile::write(std::string_view text) {
    if (text.starts_with(kFailingBlock) || text.starts_with(kFailingFrame)) {
        return plant_failure(memory_, text);
    }
    if (text.starts_with(kSlowPages)) {
        return plant_slowness(text);
    }
    for (const std::span<const PlantedBug> bugs : {std::span<const PlantedBug>(kBugs), bugs_of_programs()}) {
        for (const PlantedBug& bug : bugs) {
            if (bug.name == text) {
                return bug.plant(memory_);
            }
        }
    }
    return file_error(Errno::kInvalid);
}

}  // namespace kernel
