// /proc/pagetables: what the page tables map, read from the tables themselves: neighbouring pages that lead
// to neighbouring frames with the same rights become one line. The window is left out: it maps what this
// walk opens.
#include <optional>

#include "kernel/boot/image.hpp"
#include "kernel/files/proc/memory_files.hpp"

namespace kernel {
namespace {

/// The part of address_space.hpp that `page` lies in.
const char* region_of(mm::VirtAddr page) {
    struct Region {
        mm::VirtRange range;
        const char* name;
    };
    const Region regions[] = {
        {image::text(), "text"},
        {image::rodata(), "rodata"},
        {image::data(), "data"},
        {image::bss(), "bss"},
        {image::init(), "init"},
        {image::init_bss(), "init"},
        {image::symbols(), "symbols"},
        {layout::kHeap, "heap"},
        {{layout::kFrameTable, layout::kFrameTableEnd}, "frame-table"},
        {{layout::kFreeBitmap, layout::kVerifiedBitmap}, "free-bitmap"},
        {{layout::kVerifiedBitmap, layout::kVgaText}, "verified-bitmap"},
        {{layout::kVgaText, layout::kVgaText + layout::kVgaTextPages * mm::kPageSize}, "vga-text"},
    };
    for (const Region& region : regions) {
        if (region.range.contains(page)) {
            return region.name;
        }
    }
    return page.value() <= layout::kWindowTop.value() &&
                   page.page() + layout::kWindowPages > layout::kWindowTop.page()
               ? "window"
               : "-";
}

/// Pages in a row that lead to frames in a row, with the same rights, in one region.
struct Run {
    mm::VirtAddr begin;
    mm::PageCount pages;
    mm::Mapping first;
    const char* region;

    [[nodiscard]] bool continues(mm::VirtAddr page, const mm::Mapping& mapping, const char* in) const {
        return page == begin + pages * mm::kPageSize && mapping.frame == first.frame + pages &&
               mapping.flags == first.flags && in == region;
    }
};

void print_run(Printer& out, const Run& run) {
    using namespace mm;
    const VirtAddr last(run.begin.value() + run.pages * kPageSize - 1);
    out.print("{08x}-{08x} {08x} {} {} {} {}\n", run.begin, last, run.first.frame.address(),
              run.first.flags.has(page_flags::kWritable) ? "rw" : "ro",
              run.first.flags.has(page_flags::kUser) ? "user" : "kernel",
              run.first.flags.has(page_flags::kUncached) ? "uncached" : "cached", run.region);
}

}  // namespace

FileResult<void> PageTablesFile::read(Printer& out) {
    std::optional<Run> run;
    memory_.tables().for_each_page(
        mm::VirtAddr(0), layout::kLastPage, [&](mm::VirtAddr page, mm::Mapping mapping) {
            // Whether a page has been used lately says nothing about what may be done with it.
            mapping.flags = mapping.flags.without(mm::page_flags::kAccessed | mm::page_flags::kDirty);
            const char* region = region_of(page);
            if (region == std::string_view("window")) {
                return;  // What this walk itself has open.
            }
            if (run && run->continues(page, mapping, region)) {
                ++run->pages;
                return;
            }
            if (run) {
                print_run(out, *run);
            }
            run = Run{.begin = page, .pages = 1, .first = mapping, .region = region};
        });
    if (run) {
        print_run(out, *run);
    }
    return {};
}

}  // namespace kernel
