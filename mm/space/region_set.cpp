#include "mm/space/region_set.hpp"

#include "mm/core/panic.hpp"

namespace mm {

namespace {

/// Pages of [low, high); 0 when high is below low.
PageCount room(PageNumber low, PageNumber high) {
    return low < high ? high - low : 0;
}
PageNumber lower(PageNumber a, PageNumber b) {
    return a < b ? a : b;
}
PageNumber higher(PageNumber a, PageNumber b) {
    return a < b ? b : a;
}

struct Gaps {
    PageNumber begin;
    PageNumber end;
    PageCount longest;
    friend bool operator==(const Gaps&, const Gaps&) = default;
};

Gaps gaps_from_children(const Region& region) {
    Gaps gaps{region.pages.begin, region.pages.end, 0};
    const auto consider = [&gaps](PageCount gap) {
        if (gap > gaps.longest) {
            gaps.longest = gap;
        }
    };
    if (const Region* const left = region.left(); left != nullptr) {
        consider(RegionGaps::longest(*left));
        consider(region.pages.begin - RegionGaps::end(*left));
        gaps.begin = RegionGaps::begin(*left);
    }
    if (const Region* const right = region.right(); right != nullptr) {
        consider(RegionGaps::longest(*right));
        consider(RegionGaps::begin(*right) - region.pages.end);
        gaps.end = RegionGaps::end(*right);
    }
    return gaps;
}

enum class From : std::uint8_t { kTop, kBottom };

/// A search for the first run of `count` free pages in `within`, seen from one end. Guard gaps are free here.
struct Search {
    PageCount count;
    PageRange within;
    From from;

    /// Whether [low, high) and `within` have that many pages in common.
    [[nodiscard]] bool fits(PageNumber low, PageNumber high) const {
        return room(higher(low, within.begin), lower(high, within.end)) >= count;
    }
    /// Looks between the regions of `subtree`, and from there to its neighbours: the region below ends at
    /// `low`, the one above begins at `high`. Only a subtree that reaches over an end of `within` can be
    /// entered in vain, and there are at most two of these at each level: O(log n). As deep as the tree is
    /// high.
    [[nodiscard]] std::optional<PageRange> run(const Region* subtree, PageNumber low, PageNumber high) const {
        if (subtree == nullptr) {
            return run(low, high);
        }
        const bool between = RegionGaps::longest(*subtree) >= count &&
                             fits(RegionGaps::begin(*subtree), RegionGaps::end(*subtree));
        if (!between && !fits(low, RegionGaps::begin(*subtree)) && !fits(RegionGaps::end(*subtree), high)) {
            return std::nullopt;
        }
        const auto below = [&] { return run(subtree->left(), low, subtree->pages.begin); };
        const auto above = [&] { return run(subtree->right(), subtree->pages.end, high); };
        const std::optional<PageRange> nearer = from == From::kTop ? above() : below();
        if (nearer) {
            return nearer;
        }
        return from == From::kTop ? below() : above();
    }
    [[nodiscard]] std::optional<PageRange> run(PageNumber low, PageNumber high) const {
        if (!fits(low, high)) {
            return std::nullopt;
        }
        const PageNumber end = lower(high, within.end);
        const PageNumber begin = higher(low, within.begin);
        return from == From::kTop ? PageRange{PageNumber(end.value() - count), end}
                                  : PageRange{begin, begin + count};
    }
};

}  // namespace

void RegionGaps::update(Region& region) {
    const Gaps gaps = gaps_from_children(region);
    region.subtree_begin_ = gaps.begin;
    region.subtree_end_ = gaps.end;
    region.subtree_gap_ = gaps.longest;
}

bool RegionGaps::is_current(const Region& region) {
    return Gaps{region.subtree_begin_, region.subtree_end_, region.subtree_gap_} ==
           gaps_from_children(region);
}

void RegionSet::insert(Region& region) {
    expect(region.pages.begin < region.pages.end, "region set: an empty region");
    Region* parent = nullptr;
    Tree::Side side = Tree::Side::kLeft;
    for (Region* at = tree_.root(); at != nullptr;) {
        expect(!at->pages.overlaps(region.pages), "region set: regions overlap");
        parent = at;
        side = region.pages.begin < at->pages.begin ? Tree::Side::kLeft : Tree::Side::kRight;
        at = side == Tree::Side::kLeft ? at->left() : at->right();
    }
    tree_.insert(region, parent, side);
    ++region_count_;
    page_count_ += region.pages.size();
}

void RegionSet::remove(Region& region) {
    tree_.remove(region);
    --region_count_;
    page_count_ -= region.pages.size();
}

void RegionSet::resize(Region& region, PageRange pages) {
    expect(pages.begin < pages.end, "region set: a region resized to nothing");
    if (pages.begin < region.pages.begin) {
        const Region* const below = previous(region);
        expect(below == nullptr || below->pages.end <= pages.begin, "region set: resized over the one below");
    }
    if (pages.end > region.pages.end) {
        const Region* const above = next(region);
        expect(above == nullptr || above->pages.begin >= pages.end, "region set: resized over the one above");
    }
    if (region.object != nullptr) {
        region.object_page += pages.begin - region.pages.begin;  // Modulo 2^32, so down as well as up.
    }
    page_count_ += pages.size() - region.pages.size();
    region.pages = pages;
    tree_.changed(region);
}

void RegionSet::split(Region& region, PageNumber at, Region& upper) {
    expect(region.pages.begin < at && at < region.pages.end, "region set: a cut outside the region");
    upper.pages = {at, region.pages.end};
    upper.protection = region.protection;
    upper.allowed = region.allowed;
    upper.sharing = region.sharing;
    upper.growth = region.growth;
    upper.object = region.object;
    upper.object_page = region.object == nullptr ? 0 : region.object_page_at(at);
    upper.space = region.space;
    resize(region, {region.pages.begin, at});
    insert(upper);
}

std::optional<PageRange> RegionSet::highest_gap(PageCount count, PageRange within) const {
    expect(count != 0, "region set: a search for no pages");
    for (;;) {
        const std::optional<PageRange> run =
            Search{count, within, From::kTop}.run(tree_.root(), within.begin, within.end);
        const Region* const above = run ? first_ending_above(run->end) : nullptr;
        if (above == nullptr || above->claimed_begin() >= run->end) {
            return run;
        }
        within.end = higher(above->claimed_begin(), within.begin);
    }
}

std::optional<PageRange> RegionSet::lowest_gap(PageCount count, PageRange within) const {
    expect(count != 0, "region set: a search for no pages");
    for (;;) {
        const std::optional<PageRange> run =
            Search{count, within, From::kBottom}.run(tree_.root(), within.begin, within.end);
        const Region* const above = run ? first_ending_above(run->end) : nullptr;
        if (above == nullptr || above->claimed_begin() >= run->end) {
            return run;
        }
        within.begin = lower(above->pages.end, within.end);
    }
}

bool RegionSet::is_unclaimed(PageRange pages) const {
    const Region* const region = first_ending_above(pages.begin);
    return region == nullptr || region->claimed_begin() >= pages.end;
}

bool RegionSet::check_invariants() const {
    std::size_t regions = 0;
    PageCount pages = 0;
    PageNumber end;
    for (const Region* at = first(); at != nullptr; at = next(*at)) {
        if (at->pages.begin < end || at->pages.begin >= at->pages.end) {
            return false;  // I1
        }
        end = at->pages.end;
        ++regions;
        pages += at->pages.size();
    }
    return regions == region_count_ && pages == page_count_ &&  // I3
           tree_.check_invariants();                            // I2
}

}  // namespace mm
