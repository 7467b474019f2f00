#include "kernel/memory/frame_metadata.hpp"

#include <optional>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/boot/image.hpp"
#include "mm/core/panic.hpp"
#include "mm/frames/bitmap.hpp"
#include "mm/frames/verified.hpp"

namespace kernel {
namespace {

using mm::FrameCount;
using mm::FrameNumber;
using mm::FrameOwner;
using Layout = KernelLayout;

constexpr std::size_t kMostRecords = std::size_t{1} << 20;  // 4 GiB of frames
static_assert(kMostRecords * sizeof(mm::FrameRecord) <= layout::kFrameTableEnd - layout::kFrameTable);

constexpr std::size_t pages_for(std::size_t bytes) {
    return (bytes + mm::kPageSize - 1) / mm::kPageSize;
}

/// Bytes at `at`, which lies in the first page table's reach, backed by frames of their own. Not cleared.
std::span<std::byte> map_low(BootMemory& memory, mm::VirtAddr at, std::size_t size_bytes) {
    mm::VirtAddr page = at;
    memory.take(static_cast<FrameCount>(pages_for(size_bytes)), FrameOwner::kFrameMetadata,
                [&](FrameNumber frame) {
                    image::first_page_table()[Layout::index(page, 0)] =
                        Layout::page_entry(frame, mm::page_flags::kWritable);
                    page = page + mm::kPageSize;
                });
    return {at.as<std::byte>(), size_bytes};
}

/// Builds the sparse mapping of the frame table.
class TableMapping {
  public:
    TableMapping(BootMemory& memory, Window& window) : memory_(memory), window_(window) {}

    /// Page tables for `pages` pages of records. Must come first.
    void add_tables(std::size_t pages) {
        std::size_t slot = Layout::index(layout::kFrameTable, 1);
        const std::size_t tables = (pages + Layout::kEntries - 1) / Layout::kEntries;
        memory_.take(static_cast<FrameCount>(tables), FrameOwner::kPageTable, [&](FrameNumber table) {
            __builtin_memset(window_.open(table).bytes(), 0, mm::kPageSize);
            image::page_directory()[slot++] = Layout::table_entry(table);
        });
    }

    /// The next `count` pages of records describe no memory.
    void add_holes(std::size_t count) {
        for (; count != 0; --count) {
            add(hole_frame(), mm::page_flags::kReadOnly);
        }
    }

    /// The next `count` pages of records describe memory.
    void add_backed(std::size_t count) {
        memory_.take(static_cast<FrameCount>(count), FrameOwner::kFrameMetadata,
                     [this](FrameNumber frame) { add(frame, mm::page_flags::kWritable); });
    }

    /// How many pages have been added.
    [[nodiscard]] std::size_t pages() const { return (next_ - layout::kFrameTable) / mm::kPageSize; }

  private:
    void add(FrameNumber frame, mm::PageFlags flags) {
        const FrameNumber table = Layout::frame(image::page_directory()[Layout::index(next_, 1)]);
        const auto handle = window_.open(table);
        auto* entries = reinterpret_cast<Layout::Entry*>(handle.bytes());
        entries[Layout::index(next_, 0)] = Layout::page_entry(frame, flags);
        next_ = next_ + mm::kPageSize;
    }

    FrameNumber hole_frame() {
        if (!hole_frame_) {
            memory_.take(1, FrameOwner::kFrameMetadata, [this](FrameNumber frame) {
                __builtin_memset(window_.open(frame).bytes(), 0, mm::kPageSize);
                hole_frame_ = frame;
            });
        }
        return *hole_frame_;
    }

    BootMemory& memory_;
    Window& window_;
    mm::VirtAddr next_ = layout::kFrameTable;
    std::optional<FrameNumber> hole_frame_;  // Zeros: a page of records that all read kHole.
};

static_assert(static_cast<int>(FrameOwner::kHole) == 0, "a cleared record must read as a hole");

std::span<mm::FrameRecord> map_records(BootMemory& memory, Window& window, FrameCount frame_limit) {
    TableMapping mapping(memory, window);
    const std::size_t pages = pages_for(mm::FrameTable::metadata_size(frame_limit));
    mapping.add_tables(pages);
    auto* records = layout::kFrameTable.as<mm::FrameRecord>();

    // Records lie across the pages of the table: the pages of a range are those that its records touch.
    const auto back_up_to = [&](std::size_t end_page, mm::FrameRange whole) {
        const std::size_t first = mapping.pages();
        if (end_page <= first) {
            return;
        }
        mapping.add_backed(end_page - first);
        for (std::size_t page = first; page < end_page; ++page) {
            const std::size_t begin = page * mm::kPageSize;
            if (begin < mm::FrameTable::metadata_size(whole.begin.value()) ||
                begin + mm::kPageSize > mm::FrameTable::metadata_size(whole.end.value())) {
                __builtin_memset((layout::kFrameTable + begin).as<void>(), 0, mm::kPageSize);
            }
        }
    };
    // The kernel counts the entries of its own page tables in their records: the image's must be writable
    // even when the map denies that there is memory.
    const FrameNumber image_end = mm::touched_frames(image::physical()).end;
    back_up_to(pages_for(mm::FrameTable::metadata_size(image_end.value())), {});
    for (const mm::FrameRange range : memory.map().usable()) {
        const std::size_t first = mm::FrameTable::metadata_size(range.begin.value()) / mm::kPageSize;
        if (first > mapping.pages()) {
            mapping.add_holes(first - mapping.pages());
        }
        back_up_to(pages_for(mm::FrameTable::metadata_size(range.end.value())), range);
    }
    return {records, frame_limit};
}

}  // namespace

FrameMetadata map_frame_metadata(BootMemory& memory, Window& window, FrameChecks checks) {
    const FrameNumber map_end = memory.map().usable_end();
    const FrameNumber image_end = mm::touched_frames(image::physical()).end;
    const FrameCount limit = (map_end < image_end ? image_end : map_end).value();

    FrameMetadata metadata{.frame_limit = limit, .free_bitmap = {}, .records = {}, .verified_bitmap = {}};
    metadata.free_bitmap = map_low(memory, layout::kFreeBitmap, mm::BitmapFrames::metadata_size(limit));
    if (checks == FrameChecks::kVerify) {
        metadata.verified_bitmap =
            map_low(memory, layout::kVerifiedBitmap, mm::BitmapFrames::metadata_size(limit));
    }
    metadata.records = map_records(memory, window, limit);
    return metadata;
}

}  // namespace kernel
