// AddressSpace: pages that come back from the page store, and pages that go there. Included by address_space.hpp, at its
// end.
#pragma once

namespace mm {

/// The page is in the store: its frame, as soon as it has come, is mapped as any other that others may share, and a
/// write goes on from there.
template <SpaceMachine Machine>
FaultOutcome AddressSpace<Machine>::fault_on_stored(const Region& region, PageNumber page, FaultAccess access,
                                                    Leaf& leaf, Entry old) {
    PageStore& store = *machine_.store();
    const SlotNumber slot = Layout::slot(old);
    const Result<PageStore::Restored> restored = store.restore(slot);
    if (!restored) {
        return outcome_of(restored.error());
    }
    FrameRecord& record = machine_.account().table()[restored->frame];
    Entry entry = Layout::kAbsent;
    // (A frame at another page is that of a space where mremap has moved it: I7.)
    if (restored->use == RestoredUse::kCopy || record.references == kMostReferences ||
        (record.references != 0 && PageNumber(record.page) != page)) {
        const Result<Entry> copy = private_entry(page, restored->frame);
        if (!copy) {
            return outcome_of(copy.error());
        }
        entry = Layout::page_entry(Layout::frame(*copy), page_flags::kUser | page_flags::kOwned);
    } else {
        store.claim(restored->frame, FrameOwner::kAnonymous, id(), static_cast<std::uint32_t>(page.value()),
                    nullptr);
        ++record.references;
        ++resident_.anonymous;
        entry = Layout::page_entry(restored->frame, page_flags::kUser | page_flags::kOwned);
    }
    leaf.exchange(page, entry);
    --stored_;
    store.release(slot);
    return access == FaultAccess::kWrite ? fault_on_entry(region, page, access, leaf, entry)
                                         : FaultOutcome::kResolved;
}

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::restore_all() {
    while (stored_ != 0) {
        // First where they are, then one by one: what is looked at must not change meanwhile.
        std::array<PageNumber, 64> pages;
        std::size_t count = 0;
        tables_.for_each_used_page(user_pages().begin.address(),
                                   PageNumber(user_pages().end.value() - 1).address(),
                                   [&](VirtAddr page, const Mapping& mapping) {
                                       if (mapping.flags.has(page_flags::kStored) && count < pages.size()) {
                                           pages[count++] = page.page();
                                       }
                                   });
        for (std::size_t i = 0; i < count; ++i) {
            if (const Result<void> restored = restore_page(pages[i]); !restored) {
                return restored;
            }
        }
    }
    return {};
}

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::restore_page(PageNumber page) {
    const Region& region = *regions_.find(page);
    Leaf leaf = tables_.open_leaf(*tables_.find_leaf(page));
    switch (fault_on_stored(region, page, FaultAccess::kRead, leaf, leaf.load(page))) {
        case FaultOutcome::kResolved:
            if (region.protection.none()) {
                leaf.exchange(page, Layout::parked(leaf.load(page)));
                machine_.tlb().forget_page(page.address());
            }
            return {};
        case FaultOutcome::kWaiting:
            return failure(Error::kWouldWait);
        case FaultOutcome::kNoMemory:
            return failure(Error::kNoMemory);
        default:
            return failure(Error::kBadInput);
    }
}

template <SpaceMachine Machine>
std::optional<PageFlags> AddressSpace<Machine>::flags_of(PageNumber page, FrameNumber frame,
                                                         Accessed accessed) {
    const std::optional<FrameNumber> table = tables_.find_leaf(page);
    if (!table) {
        return std::nullopt;
    }
    Leaf leaf = tables_.open_leaf(*table);
    const Entry entry = leaf.load(page);
    const PageFlags flags = Layout::flags(entry);
    if (Layout::frame(entry) != frame || !flags.has(page_flags::kOwned)) {
        return std::nullopt;
    }
    if (accessed == Accessed::kTake && flags.has(page_flags::kAccessed)) {
        Leaf::clear(*leaf.entries_from(page), Layout::bits(page_flags::kAccessed));
        machine_.tlb().forget_page(page.address());
    }
    return flags;
}

template <SpaceMachine Machine>
bool AddressSpace<Machine>::store_page(PageNumber page, FrameNumber frame, SlotNumber slot) {
    const std::optional<FrameNumber> table = tables_.find_leaf(page);
    if (!table) {
        return false;
    }
    Leaf leaf = tables_.open_leaf(*table);
    const Entry old = leaf.load(page);
    if (Layout::frame(old) != frame || !Layout::flags(old).has(page_flags::kOwned)) {
        return false;
    }
    note_peak();
    leaf.exchange(page, Layout::stored_entry(slot));
    machine_.tlb().forget_page(page.address());
    --machine_.account().table()[frame].references;
    --resident_.anonymous;
    ++stored_;
    return true;
}

template <SpaceMachine Machine>
bool AddressSpace<Machine>::forget_page(PageNumber page, FrameNumber frame) {
    if (!flags_of(page, frame, Accessed::kLeave)) {
        return false;
    }
    note_peak();
    tables_.vacate_range({page, page + 1}, machine_.tlb(), [this, frame](PageNumber, Entry) {
        --machine_.account().table()[frame].references;
        --resident_.shared;
    });
    return true;
}

}  // namespace mm
