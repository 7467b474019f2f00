// AddressSpace: fork, and what it makes necessary elsewhere. Included by address_space.hpp, at its end.
//
// Entries are copied a table at a time, both tables open. A private writable page becomes read-only on both sides; the
// write that faults finds out who copies. The loop's body is all that a resident page costs.
#pragma once

#include "mm/space/address_space.hpp"

namespace mm {

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::fork_into(AddressSpace& child) {
    Result<void> result = child.copy_regions(*this);
    const FrameTable frames = machine_.account().table();
    const Region* region = result ? regions_.first() : nullptr;
    for (; region != nullptr && result; region = RegionSet::next(*region)) {
        const bool is_private = region->sharing == Sharing::kPrivate;
        const auto copy = [&](Leaf& leaf, PageNumber page, Entry old) -> Entry {
            if ((old & Layout::bits(page_flags::kOwned)) == 0) {
                return old;
            }
            FrameRecord& record = frames[Layout::frame(old)];
            if (record.references == kMostReferences) [[unlikely]] {
                return Layout::kAbsent;
            }
            ++record.references;
            constexpr Entry kWritable = Layout::bits(page_flags::kWritable);
            if (is_private && (old & kWritable) != 0) {
                leaf.clear(page, kWritable);
                return old & ~kWritable;
            }
            return old;
        };
        result = tables_.copy_range(region->pages, child.tables_, region->pages.begin, machine_.tlb(), copy);
    }
    // This program's pages have lost their writable bits: as many as there are, one word to the CPU.
    machine_.tlb().forget_all();
    if (result) {
        child.resident_ = resident_;
    } else {
        child.recount();
    }
    child.note_peaks();
    return result;
}

/// Counts the resident pages anew: after a fork that stopped midway.
template <SpaceMachine Machine>
void AddressSpace<Machine>::recount() {
    resident_ = {};
    for_each_used_entry([this](FrameNumber frame, PageFlags flags) {
        if (!flags.has(page_flags::kOwned)) {
            resident_.file += frame != machine_.zero_frame() ? 1 : 0;
        } else if (machine_.account().table()[frame].owner == FrameOwner::kAnonymous) {
            ++resident_.anonymous;
        } else {
            ++resident_.shared;
        }
    });
}

template <SpaceMachine Machine>
PageCount AddressSpace<Machine>::adopt_frames() {
    PageCount adopted = 0;
    for_each_used_entry([&](FrameNumber frame, PageFlags flags) {
        FrameRecord& record = machine_.account().table()[frame];
        if (flags.has(page_flags::kOwned) && record.owner == FrameOwner::kAnonymous && record.holder == 0) {
            record.holder = id();
            ++adopted;
        }
    });
    return adopted;
}

}  // namespace mm
