#include "kernel/memory/heap_pages.hpp"

#include <utility>

#include "mm/core/panic.hpp"

namespace kernel {

mm::Result<void> HeapPages::map_fresh_frame(mm::VirtAddr page) {
    mm::Result<mm::OwnedFrame> frame = account_.allocate(mm::FrameOwner::kKernelHeap);
    if (!frame) {
        return mm::failure(frame.error());
    }
    return tables_.map(page, std::move(*frame), mm::page_flags::kWritable);
}

mm::Result<void*> HeapPages::take_pages(mm::PageCount count) {
    const mm::Result<mm::VirtAddr> begin = runs_.allocate(count);
    if (!begin) {
        return mm::failure(begin.error());
    }
    for (mm::PageCount i = 0; i < count; ++i) {
        const mm::Result<void> mapped = map_fresh_frame(*begin + i * mm::kPageSize);
        if (!mapped) {
            give_pages(begin->as<void>(), i);
            for (mm::PageCount rest = i; rest < count; ++rest) {
                runs_.release(*begin + rest * mm::kPageSize);
            }
            return mm::failure(mapped.error());
        }
    }
    return begin->as<void>();
}

void HeapPages::give_pages(void* pages, mm::PageCount count) {
    mm::VirtAddr page = mm::VirtAddr::of(pages);
    const mm::VirtAddr end = page + count * mm::kPageSize;
    while (page < end) {
        mm::UnmapBatch batch;
        for (; page < end && batch.has_room(); page = page + mm::kPageSize) {
            const mm::Result<void> unmapped = tables_.unmap(page, batch);
            mm::expect(unmapped.has_value(), "heap: a page of the heap was not mapped");
            runs_.release(page);
        }
        mm::flush(tlb_, tables_.frames(), batch, [](mm::OwnedFrame&&) {});
    }
}

}  // namespace kernel
