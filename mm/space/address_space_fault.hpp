// AddressSpace: page faults. Included by address_space.hpp, at its end.
//
// The table that has the page's entry stays open from the look at the entry until the entry is written; what else is
// opened meanwhile (the object's index, the new frame and the one it is copied from) nests in it, three deep.
#pragma once

namespace mm {

template <SpaceMachine Machine>
FaultOutcome AddressSpace<Machine>::fault(VirtAddr address, FaultAccess access) {
    const PageNumber page = address.page();
    const Region* const region = region_for_fault(page);
    if (region == nullptr) [[unlikely]] {
        return FaultOutcome::kNoRegion;
    }
    // Without an execute bit in the entries, whatever may be used may be read and executed.
    const bool is_allowed = access == FaultAccess::kWrite ? region->protection.has(protection::kWrite)
                                                          : !region->protection.none();
    if (!is_allowed) [[unlikely]] {
        return FaultOutcome::kForbidden;
    }
    const std::optional<FrameNumber> table = tables_.find_leaf(page);
    if (!table) [[unlikely]] {
        return fault_without_table(*region, page, access);
    }
    Leaf leaf = tables_.open_leaf(*table);
    const Entry old = leaf.load(page);
    if (old != Layout::kAbsent) {
        return fault_on_entry(*region, page, access, leaf, old);
    }
    const Result<Entry> entry = first_entry(*region, page, access);
    if (!entry) [[unlikely]] {
        return outcome_of(entry.error());
    }
    tables_.fill(leaf, page, *entry);
    return FaultOutcome::kResolved;
}

template <SpaceMachine Machine>
FaultOutcome AddressSpace<Machine>::fault_without_table(const Region& region, PageNumber page,
                                                        FaultAccess access) {
    const Result<Entry> entry = first_entry(region, page, access);
    if (!entry) {
        return outcome_of(entry.error());
    }
    if (!tables_.add(page, *entry)) {
        drop(*entry);  // The CPU never saw it.
        return outcome_of(machine_.store() != nullptr ? machine_.store()->shortage() : Error::kNoMemory);
    }
    return FaultOutcome::kResolved;
}

/// What the absent entry of `page` becomes, its reference taken and counted.
template <SpaceMachine Machine>
auto AddressSpace<Machine>::first_entry(const Region& region, PageNumber page, FaultAccess access)
    -> Result<Entry> {
    if (region.object != nullptr) {
        return object_entry(region, page, access);
    }
    if (access != FaultAccess::kWrite) {
        return Layout::page_entry(machine_.zero_frame(), page_flags::kUser);
    }
    return private_entry(page, machine_.zero_frame());
}

template <SpaceMachine Machine>
auto AddressSpace<Machine>::object_entry(const Region& region, PageNumber page, FaultAccess access)
    -> Result<Entry> {
    const bool is_shared = region.sharing == Sharing::kShared;
    const bool is_writable = is_shared && region.protection.has(protection::kWrite);
    const Result<PageObject::Page> source =
        region.object->page(region.object_page_at(page), is_writable ? PageUse::kWrite : PageUse::kRead);
    if (!source) {
        return failure(source.error());
    }
    if (access == FaultAccess::kWrite && !is_shared) {
        return private_entry(page, source->frame);
    }
    PageFlags flags = is_writable ? page_flags::kUser | page_flags::kWritable : page_flags::kUser;
    if (source->hold == Hold::kCounted) {
        if (!tables_.frames().share(source->frame)) {
            return failure(Error::kNoMemory);
        }
        flags = flags | page_flags::kOwned;
        ++resident_.shared;
    } else if (source->frame != machine_.zero_frame()) {
        ++resident_.file;
    }
    return Layout::page_entry(source->frame, flags);
}

/// A writable entry for `page` of a private region: a frame of its own with the contents of `source`.
template <SpaceMachine Machine>
auto AddressSpace<Machine>::private_entry(PageNumber page, FrameNumber source) -> Result<Entry> {
    Result<OwnedFrame> frame = machine_.frame_for_page(FrameOwner::kAnonymous, id());
    if (!frame) {
        return failure(frame.error());
    }
    const FrameNumber number = frame->number();
    {
        auto target = machine_.access().open(number);
        void* const bytes = __builtin_assume_aligned(target.bytes(), kPageSize);
        if (source == machine_.zero_frame()) {
            __builtin_memset(bytes, 0, kPageSize);
        } else {
            auto original = machine_.access().open(source);
            __builtin_memcpy(bytes, __builtin_assume_aligned(original.bytes(), kPageSize), kPageSize);
        }
    }
    tables_.frames().enter(std::move(*frame), page);
    ++resident_.anonymous;
    if (PageStore* const store = machine_.store()) [[unlikely]] {
        store->entered(number, nullptr);
    }
    return Layout::page_entry(number, page_flags::kUser | page_flags::kWritable | page_flags::kOwned);
}

/// The page has the entry `old`, and the CPU refused to use it.
template <SpaceMachine Machine>
FaultOutcome AddressSpace<Machine>::fault_on_entry(const Region& region, PageNumber page, FaultAccess access,
                                                   Leaf& leaf, Entry old) {
    const PageFlags flags = Layout::flags(old);
    if (flags.has(page_flags::kStored)) [[unlikely]] {
        return fault_on_stored(region, page, access, leaf, old);
    }
    if (access == FaultAccess::kWrite && !flags.has(page_flags::kWritable)) {
        if (region.sharing == Sharing::kShared || is_sole_owner(old)) {
            leaf.exchange(page, old | Layout::bits(page_flags::kWritable));
            if (region.sharing == Sharing::kPrivate) {
                machine_.account().table()[Layout::frame(old)].holder = id();
                if (PageStore* const store = machine_.store()) [[unlikely]] {
                    store->becomes_writable(Layout::frame(old));
                }
            }
        } else {
            const Result<Entry> copy = private_entry(page, Layout::frame(old));
            if (!copy) {
                return outcome_of(copy.error());
            }
            leaf.exchange(page, *copy);
            machine_.tlb().forget_page(page.address());
            drop(old);
            return FaultOutcome::kResolved;
        }
    }
    // Otherwise the entry allows the access: the CPU used an older one.
    machine_.tlb().forget_page(page.address());
    return FaultOutcome::kResolved;
}

}  // namespace mm
