// AddressSpace: mremap. Included by address_space.hpp, at its end.
//
// A move copies the entries first and takes the old ones out when nothing can fail any more; the references go along
// uncounted. Frames that other spaces share are copied beforehand, because a shared frame is at the same page in every
// space that has it (I7).
#pragma once

#include <limits>

namespace mm {

template <SpaceMachine Machine>
Result<VirtAddr> AddressSpace<Machine>::remap(PageRange old, PageCount new_count, RemapPlacement placement,
                                              VirtAddr fixed) {
    if (new_count == 0 || fixed.offset_in_page() != 0) {
        return failure(Error::kBadInput);
    }
    if (!has_user(old) || regions_.find(old.begin) == nullptr) {
        return failure(Error::kNotMapped);
    }
    const bool is_possible = new_count <= user_pages().size();
    PageRange target;
    if (placement == RemapPlacement::kFixed) {
        target = is_possible ? PageRange{fixed.page(), fixed.page() + new_count} : PageRange{};
        if (!is_possible || !has_user(target)) {
            return failure(Error::kOutOfRange);
        }
        if (target.overlaps(old)) {
            return failure(Error::kBadInput);
        }
        if (const Result<void> unmapped = unmap(target); !unmapped) {
            return failure(unmapped.error());
        }
    }
    if (new_count < old.size()) {
        const PageRange rest{old.begin + new_count, old.end};
        if (const Result<void> unmapped = unmap(rest); !unmapped) {
            return failure(unmapped.error());
        }
        old.end = rest.begin;
    }
    if (placement != RemapPlacement::kFixed && new_count == old.size()) {
        return old.begin.address();
    }
    const Region* const region = region_with(old);
    if (region == nullptr) {
        return failure(Error::kNotMapped);
    }
    if ((old.empty() && region->sharing == Sharing::kPrivate) ||
        (region->object != nullptr &&
         region->object_page_at(old.begin) > std::numeric_limits<std::uint32_t>::max() - new_count)) {
        return failure(Error::kBadInput);
    }
    if (placement == RemapPlacement::kFixed) {
        return move(old, target);
    }
    if (is_possible && extend(old, new_count)) {
        return old.begin.address();
    }
    if (placement == RemapPlacement::kInPlace) {
        return failure(Error::kNoMemory);
    }
    const Result<PageRange> place = choose_free(new_count);
    return place ? move(old, *place) : Result<VirtAddr>(failure(place.error()));
}

/// `old`, the last pages of a region, get longer where they are, if there is room.
template <SpaceMachine Machine>
bool AddressSpace<Machine>::extend(PageRange old, PageCount new_count) {
    const Region& region = *regions_.find(old.begin);
    const PageRange more{old.end, old.begin + new_count};
    if (old.empty() || old.end != region.pages.end || !has_user(more) || !regions_.is_free(more)) {
        return false;
    }
    Region wanted;
    describe(wanted, region, more.begin, more);
    return add_region(wanted, nullptr).has_value();
}

/// The pages of `old`, inside one region, go to `target`, which is free and as long at least. (An empty `old`: the same
/// contents are there, too.)
template <SpaceMachine Machine>
Result<VirtAddr> AddressSpace<Machine>::move(PageRange old, PageRange target) {
    Result<void> prepared;
    if (!old.empty()) {
        prepared = cut_at(old.begin);
        prepared = prepared ? cut_at(old.end) : prepared;
        prepared = prepared ? unshare(old) : prepared;
    }
    const Result<Region*> node = prepared ? take_region() : failure(prepared.error());
    if (node) {
        Region wanted;
        describe(wanted, *regions_.find(old.begin), old.begin, target);
        insert_region(wanted, **node);
        prepared = tables_.copy_range(old, tables_, target.begin, machine_.tlb(),
                                      [](Entry& /*entry*/, Entry its_value) { return its_value; });
        if (!prepared) {
            tables_.vacate_range(target, machine_.tlb(), [](PageNumber /*page*/, Entry /*entry*/) {});
            remove_regions(target);
        }
    }
    if (!node || !prepared) {
        join_at(old.begin);
        join_at(old.end);
        return failure(node ? prepared.error() : node.error());
    }
    if (!old.empty()) {
        leave_behind(old, target.begin);
    }
    join_at(target.begin);
    join_at(target.end);
    return target.begin.address();
}

/// The entries of `old`, which is not empty, are copied to `begin` and what follows: takes them and their region out.
template <SpaceMachine Machine>
void AddressSpace<Machine>::leave_behind(PageRange old, PageNumber begin) {
    tables_.vacate_range(old, machine_.tlb(), [&](PageNumber page, Entry entry) {
        if (is_anonymous(entry)) {
            machine_.account().table()[Layout::frame(entry)].page =
                static_cast<std::uint32_t>((begin + (page - old.begin)).value());
        }
    });
    remove_regions(old);
}

/// No anonymous frame of `pages` is shared afterwards. Error, with some copied, which no program can tell: kNoMemory.
template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::unshare(PageRange pages) {
    for (PageNumber page = pages.begin; page < pages.end; ++page) {
        const std::optional<FrameNumber> table = tables_.find_leaf(page);
        if (!table) {
            continue;
        }
        Leaf leaf = tables_.open_leaf(*table);
        const Entry old = leaf.load(page);
        if (!is_anonymous(old) || is_sole_owner(old)) {
            continue;
        }
        const Result<Entry> copy = private_entry(page, Layout::frame(old));
        if (!copy) {
            return failure(copy.error());
        }
        // The copy is as usable as the original; that it could be writable, the next write will find out.
        const Entry entry = Layout::page_entry(Layout::frame(*copy), page_flags::kUser | page_flags::kOwned);
        leaf.exchange(page, Layout::is_present(old) ? entry : Layout::parked(entry));
        machine_.tlb().forget_page(page.address());
        drop(old);
    }
    return {};
}

}  // namespace mm
