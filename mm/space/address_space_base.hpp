// An address space as far as it is the same on every machine: its regions, limits and counts. address_space.hpp adds
// the page tables.
//
//   AddressSpaceBase  --RegionSet-->  Region  Region  Region      what a program may use
//   AddressSpace<M>   --PageTables--> entries                     what of it is in memory
//
// Owns: the regions, each from the RegionSource, and their places in their objects' lists.
//
// I1 every region of the set has this space, and is in the list of its object if it has one.
// I2 two neighbours that could be one region are one. (But for what memory was too short to put together.)
// I3 resident() and stored_pages() count the used entries of the page tables by what they lead to.
//
// Cost: O(log regions) each, and the regions touched. The caller holds the space's lock; interrupt handlers do not
// call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/space/page_object.hpp"
#include "mm/space/region_set.hpp"
#include "mm/space/region_source.hpp"
#include "mm/space/requests.hpp"

namespace mm {

class AddressSpaceBase {
  public:
    /// As many regions a space has at most, as on Linux; what would need more fails with kNoMemory.
    static constexpr std::size_t kMostRegions = 65'530;

    AddressSpaceBase(const AddressSpaceBase&) = delete;
    AddressSpaceBase& operator=(const AddressSpaceBase&) = delete;

    /// What frames are charged to: never 0, and no other live space's.
    [[nodiscard]] std::uint32_t id() const { return id_; }

    /// The region that has `address`; null when none does.
    [[nodiscard]] const Region* region_at(VirtAddr address) const { return regions_.find(address.page()); }
    /// All of them, by address, for walks: first(), next().
    [[nodiscard]] const RegionSet& regions() const { return regions_; }
    /// Calls visit(const Region&) for each, by address.
    template <typename Visit>
    void for_each_region(Visit visit) const {
        for (const Region* region = regions_.first(); region != nullptr; region = RegionSet::next(*region)) {
            visit(*region);
        }
    }

    [[nodiscard]] const ResidentPages& resident() const { return resident_; }
    /// Pages that are in the page store.
    [[nodiscard]] PageCount stored_pages() const { return stored_; }
    [[nodiscard]] PageCount peak_resident_pages() const {
        const PageCount total = resident_.total();
        return total > peak_resident_ ? total : peak_resident_;
    }
    /// Pages of all regions, and the most there ever were.
    [[nodiscard]] PageCount total_pages() const { return regions_.page_count(); }
    [[nodiscard]] PageCount peak_pages() const { return peak_pages_; }

    /// How large a region that grows down gets by faults alone (RLIMIT_STACK). At the beginning: 8 MiB.
    void set_stack_limit(PageCount pages) { stack_limit_ = pages; }
    /// Mappings without an address go right below `top`, and what finds no room there wherever there is some. At the
    /// beginning: the end of the user's pages.
    void set_map_top(PageNumber top) { map_top_ = top; }

    /// Whether regions have all of `pages`: msync's answer, which has nothing else to do. Error: kNotMapped.
    Result<void> sync(PageRange pages) const;

    /// The object's: what maps `pages` of `region`, a region of this space, goes, as by discard.
    virtual void withdraw(Region& region, PageRange pages) = 0;

  protected:
    AddressSpaceBase(std::uint32_t id, PageRange user_pages, RegionSource& source)
        : id_(id), user_pages_(user_pages), map_top_(user_pages.end), source_(source) {}
    /// Every region must have gone.
    ~AddressSpaceBase();

    /// The region that has `page`, one that grows down to it included; null when there is none.
    Region* region_for_fault(PageNumber page) {
        if (last_ != nullptr && last_->pages.contains(page)) [[likely]] {
            return last_;
        }
        return find_or_grow(page);
    }

    /// Where the pages of `request` go. kFixed ones may meet regions. Errors: kBadInput, kOutOfRange,
    /// kAlreadyMapped, kNoAddresses.
    [[nodiscard]] Result<PageRange> choose_place(const MapRequest& request) const;
    [[nodiscard]] Result<PageRange> choose_free(PageCount count) const;

    /// Puts a region of `pages`, which are free, into the set and its object's list, made one with its neighbours where
    /// they could be. `node`, if not null, is from take_region and used or given back. Error, with nothing changed:
    /// kNoMemory (never with a node).
    Result<void> add_region(const Region& wanted, Region* node);
    /// As above, but a region of its own until join_at.
    void insert_region(const Region& wanted, Region& node);
    /// A region in no set. Error: kNoMemory, for want of memory or of room below kMostRegions.
    Result<Region*> take_region();
    void give_region(Region& node) { source_.give_region(node); }
    /// `request` at `pages`, as a region that is nowhere yet.
    static void describe(Region& region, const MapRequest& request, PageRange pages);
    /// `pages` with the rights and source of `original`; the first one shows what stands, or would, at `first` there.
    static void describe(Region& region, const Region& original, PageNumber first, PageRange pages);
    /// No region has any of `pages` afterwards. Both ends are boundaries, or one of them lies outside of any region that
    /// has the other (cut_for_removal): so it cannot fail.
    void remove_regions(PageRange pages);
    /// Makes remove_regions(pages) possible. Error, with nothing changed: kNoMemory, when a region must be cut in two
    /// and there is no node for it.
    Result<void> cut_for_removal(PageRange pages);
    /// There is a boundary at `page`: the region that has it on both sides is two. Error as above.
    Result<void> cut_at(PageNumber page);
    /// Makes the regions that meet at `page` one where they could be.
    void join_at(PageNumber page);
    /// The region that has all of `pages`; null when there is none.
    [[nodiscard]] Region* region_with(PageRange pages) const;
    /// What of `pages` lies between the beginning of the first region that has some and the end of the last.
    [[nodiscard]] PageRange hull_of(PageRange pages) const;
    void drop_all_regions();
    [[nodiscard]] bool has_user(PageRange pages) const { return user_pages_.contains(pages); }
    [[nodiscard]] PageRange user_pages() const { return user_pages_; }

    /// Another space's regions and settings, without a page. Error: kNoMemory, with none of them copied.
    Result<void> copy_regions(const AddressSpaceBase& from);

    /// Before resident pages become fewer. (That they become more is not worth a look at each fault.)
    void note_peak() { peak_resident_ = peak_resident_pages(); }

    RegionSet regions_;       // NOLINT(*-non-private-member-variables-in-classes): see the derived class
    ResidentPages resident_;  // NOLINT(*-non-private-member-variables-in-classes)
    PageCount stored_ = 0;    // NOLINT(*-non-private-member-variables-in-classes)

  private:
    Region* find_or_grow(PageNumber page);
    /// Makes a neighbour larger instead of adding `wanted`, if that comes to the same.
    bool extend_neighbour(const Region& wanted);
    void note_size();
    /// `region` leaves the set and its object's list, and is given back.
    void drop_region(Region& region);
    /// Makes `lower` and `upper`, neighbours, one, if they could be.
    void join(Region* lower, Region* upper);

    std::uint32_t id_;
    PageRange user_pages_;
    PageNumber map_top_;
    PageCount stack_limit_ = 2048;
    RegionSource& source_;
    Region* last_ = nullptr;  // The region found last by a fault: most faults are its neighbours.
    PageCount peak_resident_ = 0;
    PageCount peak_pages_ = 0;
};

}  // namespace mm
