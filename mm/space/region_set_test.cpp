#include "mm/space/region_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <vector>

#include "tests/host_panic.hpp"

namespace mm {
namespace {

constexpr PageRange pages(std::uintptr_t begin, std::uintptr_t end) {
    return {PageNumber(begin), PageNumber(end)};
}
constexpr PageRange kAll = pages(0, 2'000);

/// A set with the regions given, which it owns.
class Regions : public RegionSet {
  public:
    Regions() = default;
    Regions(std::initializer_list<PageRange> ranges) {
        for (const PageRange range : ranges) {
            add(range);
        }
    }
    Region& add(PageRange range, Growth growth = Growth::kFixed) {
        Region& region = fresh();
        region.pages = range;
        region.growth = growth;
        insert(region);
        return region;
    }
    Region& fresh() { return *regions_.emplace_back(std::make_unique<Region>()); }

  private:
    std::vector<std::unique_ptr<Region>> regions_;
};

TEST(RegionSet, a_page_is_found_in_its_region_alone) {
    const Regions set{pages(10, 20), pages(20, 21), pages(30, 40)};
    EXPECT_EQ(set.find(PageNumber(9)), nullptr);
    EXPECT_EQ(set.find(PageNumber(10))->pages, pages(10, 20));
    EXPECT_EQ(set.find(PageNumber(19))->pages, pages(10, 20));
    EXPECT_EQ(set.find(PageNumber(20))->pages, pages(20, 21));
    EXPECT_EQ(set.find(PageNumber(21)), nullptr);
    EXPECT_EQ(set.find(PageNumber(40)), nullptr);
    EXPECT_EQ(set.first_ending_above(PageNumber(21))->pages, pages(30, 40));
    EXPECT_EQ(set.first_ending_above(PageNumber(40)), nullptr);
}

TEST(RegionSet, splitting_keeps_object_pages_at_their_addresses) {
    Regions set;
    Region& region = set.fresh();
    int object = 0;
    region.pages = pages(100, 110);
    region.protection = protection::kRead | protection::kWrite;
    region.sharing = Sharing::kShared;
    region.object = reinterpret_cast<PageObject*>(&object);
    region.object_page = 7;
    set.insert(region);
    Region& upper = set.fresh();
    set.split(region, PageNumber(104), upper);
    EXPECT_EQ(region.pages, pages(100, 104));
    EXPECT_EQ(region.object_page, 7u);
    EXPECT_EQ(upper.pages, pages(104, 110));
    EXPECT_EQ(upper.object_page, 11u);
    EXPECT_EQ(upper.object, region.object);
    EXPECT_EQ(upper.protection, region.protection);
    EXPECT_EQ(upper.sharing, Sharing::kShared);
    EXPECT_TRUE(region.continues_with(upper));
    EXPECT_EQ(set.page_count(), 10u);
    EXPECT_TRUE(set.check_invariants());

    set.remove(region);
    set.resize(upper, pages(102, 109));  // Down by two: its object's pages stay where they are.
    EXPECT_EQ(upper.object_page, 9u);
    EXPECT_EQ(upper.object_page_at(PageNumber(104)), 11u);
    EXPECT_TRUE(set.check_invariants());
}

TEST(RegionSet, a_copy_finds_the_same_pages_and_the_same_gaps) {
    const Regions set{pages(10, 20), pages(20, 21), pages(30, 40), pages(50, 51), pages(1'000, 1'500)};
    Regions copy;
    copy.copy(set, [&copy](const Region& original) -> Region& {
        Region& region = copy.fresh();
        region.pages = original.pages;
        return region;
    });
    EXPECT_TRUE(copy.check_invariants());
    EXPECT_EQ(copy.region_count(), set.region_count());
    EXPECT_EQ(copy.page_count(), set.page_count());
    EXPECT_EQ(copy.highest_gap(500, kAll), set.highest_gap(500, kAll));
    EXPECT_EQ(copy.lowest_gap(5, kAll), set.lowest_gap(5, kAll));
    for (std::uintptr_t page = 0; page < 1'600; ++page) {
        const Region* const original = set.find(PageNumber(page));
        const Region* const region = copy.find(PageNumber(page));
        ASSERT_EQ(original == nullptr, region == nullptr) << page;
        ASSERT_TRUE(region == nullptr || (region != original && region->pages == original->pages)) << page;
    }
}

TEST(RegionSet, only_what_goes_on_alike_could_be_one_region) {
    int objects[2];
    const auto make = [&objects](Region& region, PageRange range, std::uint32_t object_page) {
        region.pages = range;
        region.object = reinterpret_cast<PageObject*>(&objects[0]);
        region.object_page = object_page;
    };
    Region lower;
    make(lower, pages(10, 14), 100);
    const auto continues = [&](auto change) {
        Region upper;
        make(upper, pages(14, 20), 104);
        change(upper);
        return lower.continues_with(upper);
    };
    EXPECT_TRUE(continues([](Region&) {}));
    EXPECT_FALSE(continues([](Region& r) { r.pages.begin = PageNumber(15); }));
    EXPECT_FALSE(continues([](Region& r) { r.object_page = 105; }));
    EXPECT_FALSE(continues([](Region& r) { r.sharing = Sharing::kShared; }));
    EXPECT_FALSE(continues([](Region& r) { r.growth = Growth::kDown; }));
    EXPECT_FALSE(continues([](Region& r) { r.protection = protection::kRead; }));
    EXPECT_FALSE(continues([&](Region& r) { r.object = reinterpret_cast<PageObject*>(&objects[1]); }));
    EXPECT_FALSE(continues([](Region& r) { r.object = nullptr; }));
    EXPECT_FALSE(continues([](Region& r) { r.allowed = protection::kRead; }));
}

TEST(RegionSet, gaps_are_found_from_either_end) {
    const Regions set{pages(0, 10), pages(15, 30), pages(40, 90), pages(93, 100)};
    const auto within = pages(0, 100);
    EXPECT_EQ(set.highest_gap(1, within), pages(92, 93));
    EXPECT_EQ(set.highest_gap(3, within), pages(90, 93));
    EXPECT_EQ(set.highest_gap(4, within), pages(36, 40));
    EXPECT_EQ(set.highest_gap(10, within), pages(30, 40));
    EXPECT_EQ(set.highest_gap(11, within), std::nullopt);
    EXPECT_EQ(set.lowest_gap(1, within), pages(10, 11));
    EXPECT_EQ(set.lowest_gap(6, within), pages(30, 36));
    EXPECT_EQ(set.lowest_gap(11, within), std::nullopt);
}

TEST(RegionSet, a_gap_search_stays_within_its_limits) {
    const Regions set{pages(10, 20), pages(50, 60)};
    EXPECT_EQ(set.highest_gap(5, pages(0, 1'000)), pages(995, 1'000));
    EXPECT_EQ(set.highest_gap(5, pages(0, 60)), pages(45, 50));
    EXPECT_EQ(set.highest_gap(5, pages(0, 45)), pages(40, 45));
    EXPECT_EQ(set.highest_gap(5, pages(0, 24)), pages(5, 10));
    EXPECT_EQ(set.highest_gap(5, pages(6, 24)), std::nullopt);
    EXPECT_EQ(set.lowest_gap(5, pages(6, 1'000)), pages(20, 25));
    EXPECT_EQ(set.lowest_gap(5, pages(23, 27)), std::nullopt);
    EXPECT_EQ(set.lowest_gap(5, pages(55, 1'000)), pages(60, 65));
    EXPECT_EQ(Regions{}.highest_gap(5, pages(5, 10)), pages(5, 10));
    EXPECT_EQ(Regions{}.lowest_gap(6, pages(5, 10)), std::nullopt);
}

TEST(RegionSet, the_guard_gap_below_a_stack_is_not_found) {
    Regions set;
    set.add(pages(1'000, 1'010), Growth::kDown);
    EXPECT_EQ(set.highest_gap(10, pages(0, 1'010)), pages(734, 744));
    EXPECT_TRUE(set.is_unclaimed(pages(700, 744)));
    EXPECT_FALSE(set.is_unclaimed(pages(700, 745)));
    EXPECT_TRUE(set.is_free(pages(700, 1'000))) << "a fixed mapping may go there";
    set.add(pages(740, 995));  // Over most of the guard gap: no long run meets it any more.
    EXPECT_EQ(set.highest_gap(10, pages(0, 1'010)), pages(730, 740));
    EXPECT_EQ(set.highest_gap(5, pages(0, 1'010)), pages(735, 740)) << "goes on below the guard gap, at 744";
    EXPECT_TRUE(set.check_invariants());
}

TEST(RegionSet, a_stack_near_address_zero_claims_no_more_than_there_is) {
    Regions set;
    set.add(pages(100, 110), Growth::kDown);
    EXPECT_EQ(set.lowest_gap(1, pages(0, 200)), pages(110, 111));
    EXPECT_TRUE(set.check_invariants());
}

TEST(RegionSet, overlaps_and_empty_regions_are_bugs) {
    Regions set{pages(10, 20), pages(30, 40)};
    EXPECT_THROW(set.add(pages(19, 21)), host::Panic);
    EXPECT_THROW(set.add(pages(5, 5)), host::Panic);
    Region& first = *set.first();
    EXPECT_THROW(set.resize(first, pages(10, 31)), host::Panic);
    EXPECT_THROW(set.resize(*set.last(), pages(19, 40)), host::Panic);
    EXPECT_THROW(set.resize(first, pages(10, 10)), host::Panic);
    EXPECT_THROW(set.split(first, PageNumber(10), set.fresh()), host::Panic);
    EXPECT_THROW(set.split(first, PageNumber(20), set.fresh()), host::Panic);
}

TEST(RegionSet, the_most_regions_a_space_may_have_stay_a_flat_tree) {
    constexpr std::uintptr_t kRegions = 65'530;
    const auto storage = std::make_unique<std::array<Region, kRegions>>();
    RegionSet set;
    for (std::uintptr_t i = 0; i < kRegions; ++i) {
        (*storage)[i].pages = pages(2 * i, 2 * i + 1);
        set.insert((*storage)[i]);
    }
    ASSERT_TRUE(set.check_invariants());
    EXPECT_EQ(set.region_count(), kRegions);
    EXPECT_EQ(set.highest_gap(1, pages(0, 2 * kRegions - 1)), pages(2 * kRegions - 3, 2 * kRegions - 2));
    EXPECT_EQ(set.highest_gap(2, pages(0, 2 * kRegions - 1)), std::nullopt);
}

/// The same, page by page.
class Model {
  public:
    static constexpr std::size_t kPages = 2'000;

    explicit Model(const RegionSet& set) {
        for (const Region* region = set.first(); region != nullptr; region = RegionSet::next(*region)) {
            for (PageNumber page = region->pages.begin; page < region->pages.end; ++page) {
                owner_[page.value()] = region;
            }
        }
    }
    [[nodiscard]] const Region* find(PageNumber page) const { return owner_[page.value()]; }
    /// The first run of `count` free pages from the top (or the bottom) that is not the next region's guard
    /// gap; where it is, the search goes on beyond the gap (or the region).
    [[nodiscard]] std::optional<PageRange> gap(PageCount count, PageRange within, bool highest) const {
        const auto low = static_cast<std::ptrdiff_t>(within.begin.value());
        const auto high = static_cast<std::ptrdiff_t>(within.end.value());
        std::ptrdiff_t begin = highest ? high - count : low;
        while (low <= begin && begin + count <= high) {
            const auto at = static_cast<std::uintptr_t>(begin);
            if (!is_free(at, at + count)) {
                begin += highest ? -1 : 1;
                continue;
            }
            const Region* const above = above_page(at + count);
            if (above == nullptr || above->claimed_begin().value() >= at + count) {
                return pages(at, at + count);
            }
            begin = highest ? static_cast<std::ptrdiff_t>(above->claimed_begin().value()) - count
                            : static_cast<std::ptrdiff_t>(above->pages.end.value());
        }
        return std::nullopt;
    }
    [[nodiscard]] bool is_unclaimed(PageRange range) const {
        const Region* const above = above_page(range.end.value());
        return is_free(range.begin.value(), range.end.value()) &&
               (above == nullptr || above->claimed_begin() >= range.end);
    }

  private:
    [[nodiscard]] bool is_free(std::uintptr_t begin, std::uintptr_t end) const {
        return std::all_of(owner_.begin() + static_cast<std::ptrdiff_t>(begin),
                           owner_.begin() + static_cast<std::ptrdiff_t>(end),
                           [](const Region* region) { return region == nullptr; });
    }
    [[nodiscard]] const Region* above_page(std::uintptr_t page) const {
        const auto found = std::find_if(owner_.begin() + static_cast<std::ptrdiff_t>(page), owner_.end(),
                                        [](const Region* region) { return region != nullptr; });
        return found == owner_.end() ? nullptr : *found;
    }

    std::array<const Region*, kPages> owner_{};
};

class Machine {
  public:
    explicit Machine(unsigned seed) : random_(seed) {
        for (Region& region : storage_) {
            spare_.push_back(&region);
        }
    }

    void step() {
        const PageRange range = some_range();
        switch (random_() % 6) {
            case 0:
            case 1:
                place(range);
                break;
            case 2:
                remove(range);
                break;
            case 3:
                cut(range.begin);
                break;
            case 4:
                stretch(range.begin);
                break;
            default:
                fill(range);
        }
    }

    void compare() {
        ASSERT_TRUE(set_.check_invariants());
        const Model model(set_);
        for (int i = 0; i < 20; ++i) {
            const PageRange range = some_range();
            ASSERT_EQ(set_.find(range.begin), model.find(range.begin));
            const auto count = static_cast<PageCount>(1 + random_() % 30);
            const PageRange within = random_() % 2 == 0 ? kAll : some_range(1'500);
            ASSERT_EQ(set_.highest_gap(count, within), model.gap(count, within, true));
            ASSERT_EQ(set_.lowest_gap(count, within), model.gap(count, within, false));
            ASSERT_EQ(set_.is_unclaimed(range), model.is_unclaimed(range));
        }
    }

  private:
    PageRange some_range(std::uint32_t longest = 40) {
        const std::uintptr_t begin = random_() % (Model::kPages - 1);
        const std::uintptr_t length = 1 + random_() % longest;
        return pages(begin, std::min<std::uintptr_t>(begin + length, Model::kPages));
    }
    void place(PageRange range) {
        if (spare_.empty() || !set_.is_free(range)) {
            return;
        }
        Region& region = *spare_.back();
        spare_.pop_back();
        region.pages = range;
        region.growth = random_() % 16 == 0 ? Growth::kDown : Growth::kFixed;
        set_.insert(region);
    }
    void remove(PageRange range) {
        if (Region* const region = set_.first_ending_above(range.begin); region != nullptr) {
            set_.remove(*region);
            spare_.push_back(region);
        }
    }
    void cut(PageNumber at) {
        Region* const region = set_.find(at);
        if (region != nullptr && region->pages.begin != at && !spare_.empty()) {
            set_.split(*region, at, *spare_.back());
            spare_.pop_back();
        }
    }
    /// Moves either end of a region, as far as its neighbours allow.
    void stretch(PageNumber at) {
        Region* const region = set_.first_ending_above(at);
        if (region == nullptr) {
            return;
        }
        const Region* const below = RegionSet::previous(*region);
        const Region* const above = RegionSet::next(*region);
        const std::uintptr_t low = below == nullptr ? 0 : below->pages.end.value();
        const std::uintptr_t high = above == nullptr ? Model::kPages : above->pages.begin.value();
        const std::uintptr_t begin = low + random_() % (high - low);
        const std::uintptr_t end = begin + 1 + random_() % (high - begin);
        set_.resize(*region, random_() % 2 == 0
                                 ? pages(begin, end)
                                 : pages(begin, std::max(begin + 1, region->pages.end.value())));
    }
    /// Takes the room that a search finds.
    void fill(PageRange range) {
        if (const auto gap = set_.highest_gap(range.size(), kAll); gap && random_() % 2 == 0) {
            place(*gap);
        }
    }

    std::mt19937 random_;
    std::array<Region, 120> storage_;
    std::vector<Region*> spare_;
    RegionSet set_;
};

TEST(RegionSet, random_sequences_agree_with_a_page_by_page_model) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        Machine machine(seed);
        for (int step = 0; step < 1'500; ++step) {
            machine.step();
            if (step % 25 == 0) {
                machine.compare();
                if (testing::Test::HasFatalFailure()) {
                    FAIL() << "seed " << seed << ", step " << step;
                }
            }
        }
    }
}

}  // namespace
}  // namespace mm
