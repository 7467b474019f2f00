// AddressSpace: what programs ask for (mmap and its relations). Included by address_space.hpp, at its end.
//
// Each call first makes sure of what can fail (places, nodes for regions), then changes page tables, then regions: an
// object that a region has must outlive the entries that lead to its frames.
#pragma once

namespace mm {

template <SpaceMachine Machine>
Result<VirtAddr> AddressSpace<Machine>::map(const MapRequest& request) {
    const Result<PageRange> place = choose_place(request);
    if (!place) {
        return failure(place.error());
    }
    Region wanted;
    describe(wanted, request, *place);
    Region* node = nullptr;
    if (request.placement == Placement::kFixed && !regions_.is_free(*place)) {
        const Result<Region*> taken = take_region();
        if (!taken) {
            return failure(taken.error());
        }
        node = *taken;
        if (const Result<void> unmapped = unmap(*place); !unmapped) {
            give_region(*node);
            return failure(unmapped.error());
        }
    }
    if (const Result<void> added = add_region(wanted, node); !added) {
        return failure(added.error());
    }
    return place->begin.address();
}

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::unmap(PageRange pages) {
    if (!has_user(pages)) {
        return failure(Error::kOutOfRange);
    }
    const PageRange hull = hull_of(pages);
    if (hull.empty()) {
        return {};
    }
    if (const Result<void> cut = cut_for_removal(pages); !cut) {
        return cut;
    }
    unmap_pages(hull);
    remove_regions(hull);
    return {};
}

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::protect(PageRange pages, Protection protection) {
    if (!has_user(pages)) {
        return failure(Error::kOutOfRange);
    }
    Result<void> result;
    PageNumber at = pages.begin;
    while (at < pages.end && result) {
        const Region* const region = regions_.find(at);
        if (region == nullptr) {
            result = failure(Error::kNotMapped);
            break;
        }
        const PageNumber end = region->pages.end < pages.end ? region->pages.end : pages.end;
        if (region->protection != protection) {
            result = protect_part({at, end}, protection);
        }
        join_at(at);
        at = end;
    }
    join_at(at);
    return result;
}

/// `pages` lie in one region.
template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::protect_part(PageRange pages, Protection protection) {
    if (!regions_.find(pages.begin)->allowed.has(protection)) {
        return failure(Error::kForbidden);
    }
    if (const Result<void> cut = cut_at(pages.begin); !cut) {
        return cut;
    }
    if (const Result<void> cut = cut_at(pages.end); !cut) {
        return cut;
    }
    Region& region = *regions_.find(pages.begin);
    region.protection = protection;
    const bool may_write = protection.has(protection::kWrite);
    const bool is_shared = region.sharing == Sharing::kShared;
    tables_.update_range(pages, machine_.tlb(), [&](PageNumber /*page*/, Entry old) {
        if (Layout::is_stored(old)) {
            return old;
        }
        constexpr PageFlags kState = page_flags::kOwned | page_flags::kAccessed | page_flags::kDirty;
        PageFlags flags = Layout::flags(old).only(kState) | page_flags::kUser;
        if (may_write && (is_shared || is_sole_owner(old))) {
            flags = flags | page_flags::kWritable;
            if (PageStore* const store = machine_.store(); store != nullptr && !is_shared) {
                store->becomes_writable(Layout::frame(old));
            }
        }
        const Entry entry = Layout::page_entry(Layout::frame(old), flags);
        return protection.none() ? Layout::parked(entry) : entry;
    });
    return {};
}

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::discard(PageRange pages) {
    if (!has_user(pages)) {
        return failure(Error::kOutOfRange);
    }
    unmap_pages(hull_of(pages));
    return sync(pages);
}

template <SpaceMachine Machine>
Result<void> AddressSpace<Machine>::residency(PageRange pages, std::span<std::uint8_t> answers) const {
    expect(answers.size() >= pages.size(), "address space: no room for every page's residency");
    if (const Result<void> complete = sync(pages); !complete || pages.empty()) {
        return complete;
    }
    for (PageNumber page = pages.begin; page < pages.end; ++page) {
        const Region& region = *regions_.find(page);
        answers[page - pages.begin] =
            region.object != nullptr && region.object->is_resident(region.object_page_at(page)) ? 1 : 0;
    }
    tables_.for_each_used_page(pages.begin.address(), PageNumber(pages.end.value() - 1).address(),
                               [&](VirtAddr page, const Mapping& mapping) {
                                   answers[page.page() - pages.begin] =
                                       mapping.flags.has(page_flags::kStored) ? 0 : 1;
                               });
    return {};
}

template <SpaceMachine Machine>
void AddressSpace<Machine>::clear() {
    unmap_pages(hull_of(user_pages()));
    drop_all_regions();
}

template <SpaceMachine Machine>
void AddressSpace<Machine>::withdraw(Region& /*region*/, PageRange pages) {
    unmap_pages(pages);
}

template <SpaceMachine Machine>
std::optional<FrameNumber> AddressSpace<Machine>::frame_at(VirtAddr address) const {
    const std::optional<Mapping> mapping = tables_.lookup(address);
    return mapping && has_user({address.page(), address.page() + 1}) ? std::optional(mapping->frame)
                                                                     : std::nullopt;
}

}  // namespace mm
