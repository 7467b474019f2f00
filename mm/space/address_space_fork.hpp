// AddressSpace: fork, and what it makes necessary elsewhere. Included by address_space.hpp, at its end.
//
// Entries are copied a table at a time, both tables open. A private writable page becomes read-only on both sides; the
// write that faults finds out who copies. The loop's body is all that a resident page costs.
#pragma once

#include <cstdint>

namespace mm {

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::fork_into(AddressSpace& child) {
    Result<void> result = child.copy_regions(*this);
    const Region* region = result ? regions_.first() : nullptr;
    for (; region != nullptr && result; region = RegionSet::next(*region)) {
        result = region->sharing == Sharing::kPrivate ? copy_pages<Sharing::kPrivate>(region->pages, child)
                                                      : copy_pages<Sharing::kShared>(region->pages, child);
    }
    // This program's pages have lost their writable bits: as many as there are, one word to the CPU.
    machine_.tlb().forget_all();
    if (result) {
        child.resident_ = resident_;
        child.stored_ = stored_;
    } else {
        child.recount();
    }
    return result;
}

/// `child` gets this space's entries for `pages`, of a region with that sharing.
template <SpaceMachine Machine>
template <Sharing kSharing>
Result<void> AddressSpace<Machine>::copy_pages(PageRange pages, AddressSpace& child) {
    const FrameTable frames = machine_.account().table();
    const auto copy = [frames, this](Entry& entry, Entry its_value) -> Entry {
        if ((its_value & Layout::bits(page_flags::kOwned)) == 0) {
            return !Layout::is_stored(its_value) || machine_.store()->share(Layout::slot(its_value))
                       ? its_value
                       : Layout::kAbsent;
        }
        std::uint16_t& references = frames[Layout::frame(its_value)].references;
        if (references == kMostReferences) [[unlikely]] {
            return Layout::kAbsent;
        }
        ++references;
        constexpr Entry kWritable = Layout::bits(page_flags::kWritable);
        if (kSharing == Sharing::kPrivate && (its_value & kWritable) != 0) {
            Leaf::clear(entry, kWritable);
            return its_value & ~kWritable;
        }
        return its_value;
    };
    return tables_.copy_range(pages, child.tables_, pages.begin, machine_.tlb(), copy);
}

/// Counts the resident pages anew: after a fork that stopped midway.
template <SpaceMachine Machine>
void AddressSpace<Machine>::recount() {
    resident_ = {};
    stored_ = 0;
    for_each_used_entry([this](FrameNumber frame, PageFlags flags) {
        if (flags.has(page_flags::kStored)) {
            ++stored_;
        } else if (!flags.has(page_flags::kOwned)) {
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
