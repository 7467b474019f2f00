// An address space as SpaceCalls sees it: the real one, or one with a planted bug in between.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "tests/space_fuzz/model_machine.hpp"
#include "tests/space_fuzz/plant.hpp"

namespace space_fuzz {

class PlantedSpace {
  public:
    PlantedSpace(ModelSpace& space, Plant plant) : space_(space), plant_(plant) {}

    [[nodiscard]] const mm::RegionSet& regions() const { return space_.regions(); }
    [[nodiscard]] const mm::Region* region_at(mm::VirtAddr address) const {
        return space_.region_at(address);
    }

    mm::Result<mm::VirtAddr> map(const mm::MapRequest& request) { return space_.map(request); }
    mm::Result<void> unmap(mm::PageRange pages) {
        return space_.unmap(plant_ == Plant::kUnmapForgets ? all_but_one(pages) : pages);
    }
    mm::Result<void> protect(mm::PageRange pages, mm::Protection protection) {
        const mm::Result<void> done =
            space_.protect(plant_ == Plant::kProtectForgets ? all_but_one(pages) : pages, protection);
        if (plant_ == Plant::kWrongErrno && !done && done.error() == mm::Error::kNotMapped) {
            return mm::failure(mm::Error::kForbidden);
        }
        return done;
    }
    mm::Result<mm::VirtAddr> remap(mm::PageRange old, mm::PageCount count, mm::RemapPlacement placement,
                                   mm::VirtAddr fixed) {
        return space_.remap(old, count, placement, fixed);
    }
    mm::Result<void> discard(mm::PageRange pages) {
        return plant_ == Plant::kDiscardDoesNothing ? space_.sync(pages) : space_.discard(pages);
    }
    mm::Result<void> sync(mm::PageRange pages) { return space_.sync(pages); }
    mm::Result<void> residency(mm::PageRange pages, std::span<std::uint8_t> answers) const {
        const mm::Result<void> done = space_.residency(pages, answers);
        if (plant_ == Plant::kResidencyLies) {
            std::ranges::fill(answers, std::uint8_t{1});
        }
        return done;
    }

  private:
    static mm::PageRange all_but_one(mm::PageRange pages) {
        if (pages.size() > 1) {
            pages.end = mm::PageNumber(pages.end.value() - 1);
        }
        return pages;
    }

    ModelSpace& space_;
    Plant plant_;
};

}  // namespace space_fuzz
