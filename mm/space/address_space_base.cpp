#include "mm/space/address_space_base.hpp"

#include <limits>
#include <utility>

#include "mm/core/panic.hpp"

namespace mm {

AddressSpaceBase::~AddressSpaceBase() {
    expect(regions_.region_count() == 0, "address space: ended with regions in it");
}

Result<void> AddressSpaceBase::sync(PageRange pages) const {
    for (PageNumber at = pages.begin; at < pages.end;) {
        const Region* const region = regions_.find(at);
        if (region == nullptr) {
            return failure(Error::kNotMapped);
        }
        at = region->pages.end;
    }
    return {};
}

Region* AddressSpaceBase::find_or_grow(PageNumber page) {
    Region* const region = regions_.first_ending_above(page);
    if (region == nullptr) {
        return nullptr;
    }
    if (region->pages.begin > page) {
        if (region->growth != Growth::kDown || page < user_pages_.begin ||
            region->pages.end - page > stack_limit_) {
            return nullptr;
        }
        // As Linux has it: what grows down itself, or allows nothing, is a guard of its own.
        const Region* const below = RegionSet::previous(*region);
        if (below != nullptr && below->growth != Growth::kDown && !below->protection.none() &&
            page - below->pages.end < kGuardPages) {
            return nullptr;
        }
        regions_.resize(*region, {page, region->pages.end});
        note_size();
    }
    last_ = region;
    return region;
}

Result<PageRange> AddressSpaceBase::choose_place(const MapRequest& request) const {
    const PageCount count = request.page_count;
    const bool is_growing = request.growth == Growth::kDown;
    if (count == 0 || request.address.offset_in_page() != 0 ||
        request.object_page > std::numeric_limits<std::uint32_t>::max() - count ||
        (request.object == nullptr && request.sharing == Sharing::kShared) ||
        (request.object != nullptr && is_growing)) {
        return failure(Error::kBadInput);
    }
    if (!request.allowed.has(request.protection)) {
        return failure(Error::kForbidden);
    }
    const PageNumber wish = request.address.page();
    const bool is_possible = count <= user_pages_.size() && user_pages_.begin <= wish &&
                             wish.value() <= user_pages_.end.value() - count;
    if (request.placement != Placement::kAnywhere) {
        if (!is_possible) {
            return failure(Error::kOutOfRange);
        }
        const PageRange pages{wish, wish + count};
        if (request.placement == Placement::kFixedNoReplace && !regions_.is_free(pages)) {
            return failure(Error::kAlreadyMapped);
        }
        return pages;
    }
    if (is_possible) {
        const PageRange pages{wish, wish + count};
        const Region* const above = regions_.first_ending_above(wish);
        if (above == nullptr || above->claimed_begin() >= pages.end) {
            return pages;
        }
    }
    return choose_free(count);
}

Result<PageRange> AddressSpaceBase::choose_free(PageCount count) const {
    if (count > user_pages_.size()) {
        return failure(Error::kNoAddresses);
    }
    if (user_pages_.begin < map_top_) {
        if (const std::optional<PageRange> gap = regions_.highest_gap(count, {user_pages_.begin, map_top_})) {
            return *gap;
        }
    }
    if (const std::optional<PageRange> gap = regions_.lowest_gap(count, user_pages_)) {
        return *gap;
    }
    return failure(Error::kNoAddresses);
}

void AddressSpaceBase::describe(Region& region, const MapRequest& request, PageRange pages) {
    region.pages = pages;
    region.protection = request.protection;
    region.allowed = request.allowed;
    region.sharing = request.sharing;
    region.growth = request.growth;
    region.object = request.object;
    region.object_page = request.object != nullptr ? request.object_page : 0;
}

void AddressSpaceBase::describe(Region& region, const Region& original, PageNumber first, PageRange pages) {
    region.pages = pages;
    region.protection = original.protection;
    region.allowed = original.allowed;
    region.sharing = original.sharing;
    region.growth = original.growth;
    region.object = original.object;
    region.object_page = original.object != nullptr ? original.object_page_at(first) : 0;
}

Result<Region*> AddressSpaceBase::take_region() {
    if (regions_.region_count() >= kMostRegions) {
        return failure(Error::kNoMemory);
    }
    Region* const region = source_.take_region();
    if (region == nullptr) {
        return failure(Error::kNoMemory);
    }
    return region;
}

Result<void> AddressSpaceBase::add_region(const Region& wanted, Region* node) {
    if (extend_neighbour(wanted)) {
        if (node != nullptr) {
            give_region(*node);
        }
        return {};
    }
    if (node == nullptr) {
        const Result<Region*> taken = take_region();
        if (!taken) {
            return failure(taken.error());
        }
        node = *taken;
    }
    insert_region(wanted, *node);
    return {};
}

void AddressSpaceBase::insert_region(const Region& wanted, Region& node) {
    describe(node, wanted, wanted.pages.begin, wanted.pages);
    node.space = this;
    if (node.object != nullptr) {
        node.object->attach(node);
    }
    regions_.insert(node);
    note_size();
}

bool AddressSpaceBase::extend_neighbour(const Region& wanted) {
    Region* const upper = regions_.first_ending_above(wanted.pages.begin);
    Region* const lower = upper != nullptr ? RegionSet::previous(*upper) : regions_.last();
    if (lower != nullptr && lower->continues_with(wanted)) {
        regions_.resize(*lower, {lower->pages.begin, wanted.pages.end});
        join(lower, upper);
    } else if (upper != nullptr && wanted.continues_with(*upper)) {
        regions_.resize(*upper, {wanted.pages.begin, upper->pages.end});
    } else {
        return false;
    }
    note_size();
    return true;
}

void AddressSpaceBase::note_size() {
    if (regions_.page_count() > peak_pages_) {
        peak_pages_ = regions_.page_count();
    }
}

Result<void> AddressSpaceBase::cut_for_removal(PageRange pages) {
    const Region* const region = regions_.find(pages.begin);
    const bool is_inside =
        region != nullptr && region->pages.begin < pages.begin && pages.end < region->pages.end;
    return is_inside ? cut_at(pages.end) : Result<void>();
}

void AddressSpaceBase::remove_regions(PageRange pages) {
    Region* region = regions_.first_ending_above(pages.begin);
    while (region != nullptr && region->pages.begin < pages.end) {
        Region* const next = RegionSet::next(*region);
        const PageRange has = region->pages;
        if (has.begin < pages.begin) {
            expect(has.end <= pages.end, "address space: a region was not cut for its removal");
            regions_.resize(*region, {has.begin, pages.begin});
        } else if (has.end > pages.end) {
            regions_.resize(*region, {pages.end, has.end});
        } else {
            drop_region(*region);
        }
        region = next;
    }
}

Result<void> AddressSpaceBase::cut_at(PageNumber page) {
    Region* const region = regions_.find(page);
    if (region == nullptr || region->pages.begin == page) {
        return {};
    }
    const Result<Region*> upper = take_region();
    if (!upper) {
        return failure(upper.error());
    }
    regions_.split(*region, page, **upper);
    if (region->object != nullptr) {
        region->object->attach(**upper);
    }
    return {};
}

void AddressSpaceBase::join_at(PageNumber page) {
    Region* const upper = regions_.find(page);
    if (upper != nullptr && upper->pages.begin == page) {
        join(RegionSet::previous(*upper), upper);
    }
}

void AddressSpaceBase::join(Region* lower, Region* upper) {
    if (lower != nullptr && upper != nullptr && lower->continues_with(*upper)) {
        const PageNumber end = upper->pages.end;
        drop_region(*upper);
        regions_.resize(*lower, {lower->pages.begin, end});
    }
}

void AddressSpaceBase::drop_region(Region& region) {
    regions_.remove(region);
    if (region.object != nullptr) {
        region.object->detach(region);
    }
    if (last_ == &region) {
        last_ = nullptr;
    }
    give_region(region);
}

void AddressSpaceBase::drop_all_regions() {
    while (Region* const region = regions_.first()) {
        drop_region(*region);
    }
}

Region* AddressSpaceBase::region_with(PageRange pages) const {
    Region* const region = regions_.find(pages.begin);
    return region != nullptr && pages.end <= region->pages.end ? region : nullptr;
}

PageRange AddressSpaceBase::hull_of(PageRange pages) const {
    const Region* const first = regions_.first_ending_above(pages.begin);
    if (first == nullptr || first->pages.begin >= pages.end) {
        return {pages.begin, pages.begin};
    }
    const PageNumber end = regions_.last()->pages.end;
    return {first->pages.begin < pages.begin ? pages.begin : first->pages.begin,
            pages.end < end ? pages.end : end};
}

Result<void> AddressSpaceBase::copy_regions(const AddressSpaceBase& from) {
    expect(regions_.region_count() == 0, "address space: forked into one that is not empty");
    stack_limit_ = from.stack_limit_;
    map_top_ = from.map_top_;
    // All nodes first, in a chain: what follows cannot fail, and keeps the tree's shape.
    Region* nodes = nullptr;
    for (std::size_t count = from.regions_.region_count(); count != 0; --count) {
        const Result<Region*> node = take_region();
        if (!node) {
            while (nodes != nullptr) {
                give_region(*std::exchange(nodes, nodes->object_next));
            }
            return failure(node.error());
        }
        (*node)->object_next = std::exchange(nodes, *node);
    }
    regions_.copy(from.regions_, [this, &nodes](const Region& original) -> Region& {
        Region& node = *std::exchange(nodes, nodes->object_next);
        node.object_next = nullptr;
        describe(node, original, original.pages.begin, original.pages);
        node.space = this;
        if (node.object != nullptr) {
            node.object->attach(node);
        }
        return node;
    });
    note_size();
    return {};
}

}  // namespace mm
