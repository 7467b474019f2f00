#include "mm/space/page_object.hpp"

#include "mm/core/panic.hpp"
#include "mm/space/address_space_base.hpp"

namespace mm {

void PageObject::release() {
    expect(holders_ != 0, "page object: released more often than retained");
    if (--holders_ == 0) {
        expect(regions_ == nullptr, "page object: a region maps it, but does not have it");
        end();
    }
}

void PageObject::page_stored(std::uint32_t /*index*/, SlotNumber /*slot*/) {
    expect(false, "page object: a page that never leaves memory was put on a disk");
}

void PageObject::attach(Region& region) {
    expect(region.object == this, "page object: a region of another object");
    region.object_previous = nullptr;
    region.object_next = regions_;
    if (regions_ != nullptr) {
        regions_->object_previous = &region;
    }
    regions_ = &region;
    retain();
}

void PageObject::detach(Region& region) {
    Region* const previous = region.object_previous;
    expect((previous != nullptr ? previous->object_next : regions_) == &region,
           "page object: a region that was never attached");
    (previous != nullptr ? previous->object_next : regions_) = region.object_next;
    if (region.object_next != nullptr) {
        region.object_next->object_previous = previous;
    }
    release();
}

void PageObject::withdraw(std::uint32_t begin, std::uint32_t end) {
    for (Region* region = regions_; region != nullptr; region = region->object_next) {
        const std::uint32_t first = region->object_page;
        const std::uint32_t low = begin > first ? begin - first : 0;
        const std::uint32_t high = end > first ? end - first : 0;
        const PageCount size = region->pages.size();
        if (low < high && low < size) {
            region->space->withdraw(
                *region, {region->pages.begin + low, region->pages.begin + (high < size ? high : size)});
        }
    }
}

}  // namespace mm
