#include "kernel/arch/i686/image_mapping.hpp"

#include <optional>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "mm/paging/layout_i686.hpp"

namespace kernel {
namespace {

using Layout = mm::LayoutI686;

/// What the page at `page` may do; nothing when it is not to be mapped.
std::optional<mm::PageFlags> rights_of(mm::VirtAddr page) {
    const mm::VirtRange vga{layout::kVgaText, layout::kVgaText + layout::kVgaTextPages * mm::kPageSize};
    if (vga.contains(page)) {
        return mm::page_flags::kWritable | mm::page_flags::kUncached;
    }
    if (!image::whole().contains(page) || image::boot_stack_guard().contains(page) ||
        image::double_fault_stack_guard().contains(page)) {
        return std::nullopt;
    }
    for (const mm::VirtRange constant : {image::text(), image::rodata(), image::symbols()}) {
        if (constant.contains(page)) {
            return mm::page_flags::kReadOnly;
        }
    }
    return mm::page_flags::kWritable;
}

}  // namespace

void protect_image() {
    for (std::size_t index = 0; index < Layout::kEntries; ++index) {
        const mm::VirtAddr page = layout::kKernelBase + index * mm::kPageSize;
        const std::optional<mm::PageFlags> rights = rights_of(page);
        image::first_page_table()[index] =
            rights ? Layout::page_entry(image::to_physical(page).frame(), *rights) : Layout::kAbsent;
    }
    image::page_directory()[0] = Layout::kAbsent;
    cpu::write_cr3(cpu::read_cr3());
}

}  // namespace kernel
