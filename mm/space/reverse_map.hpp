// From a frame of programs back to all entries that lead to it, without a list of them.
//
//   kAnonymous      record: page, holder --> the holder's entry of that page, and while references are left to find,
//                   that of every other space (I7 of address_space.hpp: a shared frame is at one page in all of them)
//   kSharedMemory   its object --> the object's regions --> the page of each
//
// Owns nothing. Cost: a look into one page table for a frame with one reference, else one a space, or one a region of
// the object. Never called while a page table is open for a fault.
#pragma once

#include <cstdint>
#include <optional>

#include "mm/frames/frame_account.hpp"
#include "mm/space/address_space.hpp"
#include "mm/space/page_object.hpp"

namespace mm {

/// `Spaces`: all living spaces: find(id), a pointer, null when there is none; for_each(visit) until visit says false.
template <typename Space, typename Spaces>
class ReverseMap {
  public:
    ReverseMap(FrameAccount& account, Spaces spaces) : account_(account), spaces_(spaces) {}

    /// Whether an entry that leads to `frame` had its accessed bit set; all are clear afterwards. `object`: null for
    /// anonymous frames.
    bool take_accessed(FrameNumber frame, PageObject* object) {
        bool accessed = false;
        for_each_mapping(frame, object, [&](Space& space, PageNumber page) {
            const auto flags = space.flags_of(page, frame, Space::Accessed::kTake);
            accessed = accessed || (flags && flags->has(page_flags::kAccessed));
            return flags.has_value();
        });
        return accessed;
    }

    bool is_dirty(FrameNumber frame, PageObject* object) {
        bool dirty = false;
        for_each_mapping(frame, object, [&](Space& space, PageNumber page) {
            const auto flags = space.flags_of(page, frame, Space::Accessed::kLeave);
            dirty = dirty || (flags && flags->has(page_flags::kDirty));
            return flags.has_value();
        });
        return dirty;
    }

    /// Nothing maps `frame` afterwards, and it has no reference; how many entries name `slot` instead.
    std::uint16_t store(FrameNumber frame, PageObject* object, SlotNumber slot) {
        std::uint16_t entries = 0;
        if (object != nullptr) {
            const std::uint32_t index = account_.table()[frame].page;
            for_each_mapping(frame, object, [frame](Space& space, PageNumber page) {
                return space.forget_page(page, frame);
            });
            object->page_stored(index, slot);
            entries = 1;
        } else {
            for_each_mapping(frame, nullptr, [&](Space& space, PageNumber page) {
                const bool stored = space.store_page(page, frame, slot);
                entries = static_cast<std::uint16_t>(entries + (stored ? 1 : 0));
                return stored;
            });
        }
        expect(account_.table()[frame].references == 0, "reverse map: an entry was not found");
        return entries;
    }

  private:
    /// Calls visit(Space&, PageNumber) wherever the frame may be mapped; it says whether it was.
    template <typename Visit>
    void for_each_mapping(FrameNumber frame, PageObject* object, Visit visit) {
        const FrameRecord& record = account_.table()[frame];
        if (object != nullptr) {
            const std::uint32_t index = record.page;
            for (Region* region = object->first_region(); region != nullptr; region = region->object_next) {
                if (index >= region->object_page && index - region->object_page < region->pages.size()) {
                    visit(static_cast<Space&>(*region->space),
                          region->pages.begin + (index - region->object_page));
                }
            }
            return;
        }
        const PageNumber page(record.page);
        unsigned left = record.references;
        Space* const holder = record.holder != 0 ? spaces_.find(record.holder) : nullptr;
        if (holder != nullptr && left != 0 && visit(*holder, page)) {
            --left;
        }
        if (left != 0) {
            spaces_.for_each([&](Space& space) {
                if (&space != holder && visit(space, page)) {
                    --left;
                }
                return left != 0;
            });
        }
    }

    FrameAccount& account_;
    Spaces spaces_;
};

}  // namespace mm
