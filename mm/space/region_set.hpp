// The regions of one address space, in order of address: which one has a page, and where there is room.
//
// A balanced tree of the caller's regions. Every node knows where its subtree begins and ends and the longest
// free run between two regions of it, so that finding room, too, is one walk down. The pages below a region
// that grows down (its guard gap) are not offered, though nothing stops a caller from placing a region there.
//
// Owns: the tree's links and every region's `pages` while it is in the set; never the regions.
//
// I1 regions are not empty and overlap nowhere; in order, they ascend.
// I2 every subtree's begin, end and longest gap are those of its regions.
// I3 region_count() and page_count() are the sums.
//
// Cost: everything is O(log n), next and previous O(1) on average, and finding room one more walk down for
// each guard gap met; nothing allocates, nothing fails but for a search that finds no room. The caller holds
// the address space's lock.
#pragma once

#include <cstddef>
#include <optional>

#include "mm/core/balanced_tree.hpp"
#include "mm/core/range.hpp"
#include "mm/space/region.hpp"

namespace mm {

/// What a region carries about its subtree.
struct RegionGaps {
    static void update(Region& region);
    static bool is_current(const Region& region);
    /// The longest run of free pages between two regions of the subtree.
    static PageCount longest(const Region& region) { return region.subtree_gap_; }
    static PageNumber begin(const Region& region) { return region.subtree_begin_; }
    static PageNumber end(const Region& region) { return region.subtree_end_; }
};

class RegionSet {
  public:
    RegionSet() = default;

    /// The region that has `page`; null when none does.
    [[nodiscard]] Region* find(PageNumber page) const {
        Region* const region = first_ending_above(page);
        return region != nullptr && region->pages.begin <= page ? region : nullptr;
    }
    /// The lowest region that ends above `page`: the one that has it, or else the next above; null when there
    /// is none.
    [[nodiscard]] Region* first_ending_above(PageNumber page) const {
        Region* found = nullptr;
        for (Region* at = tree_.root(); at != nullptr;) {
            if (at->pages.end > page) {
                found = at;
                at = at->pages.begin <= page ? nullptr : at->left();
            } else {
                at = at->right();
            }
        }
        return found;
    }
    [[nodiscard]] Region* first() const { return tree_.first(); }
    [[nodiscard]] Region* last() const { return tree_.last(); }
    /// The neighbours of `region`, which is in the set, by address; null beyond the ends.
    [[nodiscard]] static Region* next(const Region& region) { return Tree::next(region); }
    [[nodiscard]] static Region* previous(const Region& region) { return Tree::previous(region); }
    /// Whether no region has any of `pages`. Guard gaps do not count.
    [[nodiscard]] bool is_free(PageRange pages) const {
        const Region* const region = first_ending_above(pages.begin);
        return pages.empty() || region == nullptr || region->pages.begin >= pages.end;
    }

    /// Puts `region` in. Its pages must be some, and free.
    void insert(Region& region);
    /// Makes this set, which is empty, like `from`: `make(const Region&)` gives a copy of each of its regions, which is
    /// in no set, with the same pages. O(n).
    template <typename Make>
    void copy(const RegionSet& from, Make make) {
        tree_.copy(from.tree_, make);
        region_count_ = from.region_count_;
        page_count_ = from.page_count_;
    }
    /// Takes `region` out; it keeps its contents.
    void remove(Region& region);
    /// Makes `region`, which is in the set, cover `pages` instead: not empty, and free but for its own. Where
    /// its begin moves, its object's pages stay at their addresses.
    void resize(Region& region, PageRange pages);
    /// Cuts `region` at `at`, inside it: it keeps what is below, and `upper`, in no set, becomes the rest,
    /// with the same rights, source and growth, and is put in. The object and its list are not told: the
    /// caller's.
    void split(Region& region, PageNumber at, Region& upper);

    /// The highest `count` free pages in a row inside `within`: where a mapping without an address goes.
    /// Nothing when there is no such run. `count` is not 0. Where a long enough run meets a guard gap, the
    /// search goes on below the gap, whatever else there is room for in between: as Linux's does, so that
    /// addresses agree.
    [[nodiscard]] std::optional<PageRange> highest_gap(PageCount count, PageRange within) const;
    /// The lowest such; goes on above the region whose guard gap is met.
    [[nodiscard]] std::optional<PageRange> lowest_gap(PageCount count, PageRange within) const;
    /// Whether all of `pages` are free and in no guard gap: a program's wish for an address is granted then.
    [[nodiscard]] bool is_unclaimed(PageRange pages) const;

    [[nodiscard]] std::size_t region_count() const { return region_count_; }
    /// Pages of all regions.
    [[nodiscard]] PageCount page_count() const { return page_count_; }
    /// I1 to I3. Cost: every region.
    [[nodiscard]] bool check_invariants() const;

  private:
    using Tree = BalancedTree<Region, RegionGaps>;

    Tree tree_;
    std::size_t region_count_ = 0;
    PageCount page_count_ = 0;
};

}  // namespace mm
