// Page tables a range at a time, over two layouts; shared frames, parked entries and the root's observer.
#include <gtest/gtest.h>

#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "mm/paging/layout_i686.hpp"
#include "mm/paging/page_tables.hpp"
#include "tests/doubles/layout_four_level.hpp"
#include "tests/doubles/paged_machine.hpp"

namespace mm {
namespace {

using host::Use;
constexpr PageFlags kWrite = page_flags::kWritable;

/// Eight pages before the end of a table's reach, in either layout.
constexpr PageNumber kFirst{0x40400 - 8};
constexpr PageRange pages(PageCount begin, PageCount end) {
    return {kFirst + begin, kFirst + end};
}
constexpr VirtAddr page(PageCount n) {
    return (kFirst + n).address();
}

template <typename Layout>
class PageTableRangesTest : public testing::Test {
  protected:
    using Machine = host::PagedMachine<Layout>;
    using Entry = typename Layout::Entry;

    FrameNumber map_new(VirtAddr at) {
        OwnedFrame frame = machine.take();
        const FrameNumber number = frame.number();
        EXPECT_TRUE(machine.tables.map(at, std::move(frame), kWrite).has_value());
        return number;
    }
    void map_all(PageCount begin, PageCount end) {
        for (PageCount n = begin; n < end; ++n) {
            map_new(page(n));
            EXPECT_NE(machine.cpu.touch(page(n), Use::kWrite), nullptr);
        }
    }
    std::vector<PageNumber> used() {
        std::vector<PageNumber> found;
        machine.tables.for_each_used_page(VirtAddr(0), VirtAddr(0xffff'f000),
                                          [&](VirtAddr at, const Mapping&) { found.push_back(at.page()); });
        return found;
    }
    FrameCount tables() const { return machine.account.frames_of(FrameOwner::kPageTable); }
    FrameCount free_frames() const { return machine.account.frames_of(FrameOwner::kFree); }
    void unmap_all() {
        machine.tables.unmap_range({PageNumber(0), PageNumber(0x10'0000)}, machine.cpu,
                                   [](auto, FrameRecord*) {});
        EXPECT_EQ(tables(), 0u);
        EXPECT_EQ(machine.account.frames_of(FrameOwner::kKernelHeap), 0u);
        EXPECT_TRUE(machine.adds_up());
        machine.cpu.expect_nothing_stale();
    }

    Machine machine{256};
};

struct LayoutNames {
    template <typename Layout>
    static std::string GetName(int) {
        return std::is_same_v<Layout, LayoutI686> ? "i686" : "four_level";
    }
};
using Layouts = testing::Types<LayoutI686, host::LayoutFourLevel>;
TYPED_TEST_SUITE(PageTableRangesTest, Layouts, LayoutNames);

TYPED_TEST(PageTableRangesTest, a_range_is_unmapped_across_tables_and_no_further) {
    this->map_all(0, 60);
    const FrameCount tables = this->tables();
    std::vector<PageNumber> noted;
    this->machine.tables.unmap_range(
        pages(3, 50), this->machine.cpu, [&](typename TypeParam::Entry entry, const FrameRecord* its) {
            ASSERT_NE(its, nullptr);
            EXPECT_EQ(its, &this->machine.account.table()[TypeParam::frame(entry)]);
            EXPECT_EQ(its->references, 1u);
            noted.push_back(PageNumber(its->page));
        });
    ASSERT_EQ(noted.size(), 47u);
    EXPECT_EQ(noted.front(), kFirst + 3);
    EXPECT_EQ(noted.back(), kFirst + 49);
    EXPECT_EQ(this->used().size(), 13u);
    EXPECT_EQ(this->tables(), tables);
    this->machine.tables.unmap_range(pages(50, 60), this->machine.cpu, [](auto, FrameRecord*) {});
    EXPECT_EQ(this->tables(), tables - 1) << "the second table is empty";
    this->unmap_all();
}

TYPED_TEST(PageTableRangesTest, far_apart_pages_and_the_tables_between_go_together) {
    for (const unsigned shift : {30U, 28U, 24U, 22U, 13U}) {
        this->map_new(VirtAddr(std::uintptr_t{1} << shift));
    }
    this->unmap_all();
}

TYPED_TEST(PageTableRangesTest, a_shared_frame_comes_back_with_its_last_mapping) {
    const FrameNumber frame = this->map_new(page(0));
    ASSERT_TRUE(this->machine.tables.map_shared(page(9), frame, kWrite).has_value());
    EXPECT_EQ(this->machine.account.table()[frame].references, 2u);
    EXPECT_EQ(this->machine.tables.map_shared(page(9), frame, kWrite), failure(Error::kAlreadyMapped));
    EXPECT_EQ(this->machine.account.table()[frame].references, 2u);
    this->machine.tables.unmap_range(pages(0, 1), this->machine.cpu, [](auto, FrameRecord*) {});
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kKernelHeap);
    ASSERT_TRUE(this->machine.unmap_now(page(9)).has_value());
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kFree);
}

TYPED_TEST(PageTableRangesTest, a_frame_with_as_many_references_as_fit_gets_no_more) {
    const FrameNumber frame = this->map_new(page(0));
    std::uint16_t& references = this->machine.account.table()[frame].references;
    references = kMostReferences;
    const FrameCount free = this->free_frames();
    EXPECT_EQ(this->machine.tables.map_shared(page(20), frame, kWrite), failure(Error::kNoMemory));
    EXPECT_EQ(references, kMostReferences);
    EXPECT_EQ(this->free_frames(), free);
    references = 1;
    this->unmap_all();
}

TYPED_TEST(PageTableRangesTest, parked_pages_keep_frames_and_tables_from_everybody) {
    this->map_all(0, 20);
    const FrameCount free = this->free_frames();
    this->machine.tables.update_range(pages(2, 20), this->machine.cpu,
                                      [](PageNumber, auto entry) { return TypeParam::parked(entry); });
    EXPECT_EQ(this->machine.cpu.touch(page(5), Use::kRead), nullptr);
    EXPECT_EQ(this->machine.cpu.touch(page(12), Use::kRead), nullptr);
    EXPECT_NE(this->machine.cpu.touch(page(1), Use::kRead), nullptr);
    EXPECT_EQ(this->machine.tables.lookup(page(5)), std::nullopt);
    EXPECT_EQ(this->free_frames(), free);
    unsigned present = 0;
    this->machine.tables.for_each_page(VirtAddr(0), VirtAddr(0xffff'f000),
                                       [&](VirtAddr, const Mapping&) { ++present; });
    EXPECT_EQ(present, 2u);
    unsigned counted = 0;
    this->machine.tables.for_each_table([&](FrameNumber table, unsigned used) {
        EXPECT_EQ(this->machine.account.table()[table].references, used);
        counted += used;
    });
    // All tables but those that the root leads to are entries themselves.
    EXPECT_EQ(counted, 20u + this->tables() - (TypeParam::kLevels > 2 ? 1 : 2));
    ASSERT_TRUE(this->machine.unmap_now(page(5)).has_value());
    this->machine.tables.update_range(pages(0, 20), this->machine.cpu, [](PageNumber, auto entry) {
        return TypeParam::page_entry(TypeParam::frame(entry),
                                     TypeParam::flags(entry).without(page_flags::kParked));
    });
    EXPECT_NE(this->machine.cpu.touch(page(12), Use::kWrite), nullptr);
    EXPECT_EQ(this->machine.cpu.touch(page(5), Use::kRead), nullptr);
    this->unmap_all();
}

TYPED_TEST(PageTableRangesTest, copies_go_to_other_places_and_the_old_entries_leave_their_references) {
    std::map<PageCount, FrameNumber> frames;
    for (const PageCount n : {0U, 3U, 7U, 8U, 15U}) {
        frames[n] = this->map_new(page(n));
    }
    // 1,000 pages on, tables end elsewhere.
    ASSERT_TRUE(this->machine.tables
                    .copy_range(pages(0, 16), this->machine.tables, kFirst + 1021, this->machine.cpu,
                                [](auto&, auto entry) { return entry; })
                    .has_value());
    this->machine.tables.vacate_range(pages(0, 16), this->machine.cpu, [](PageNumber, auto) {});
    EXPECT_EQ(this->used().size(), frames.size());
    for (const auto& [n, frame] : frames) {
        EXPECT_EQ(this->machine.tables.lookup(page(n + 1021))->frame, frame);
        EXPECT_EQ(this->machine.account.table()[frame].references, 1u);
    }
    this->unmap_all();
}

TYPED_TEST(PageTableRangesTest, a_copy_that_stops_leaves_no_empty_table) {
    this->map_all(0, 16);
    for (const unsigned stop : {0U, 5U, 8U}) {
        const FrameCount free = this->free_frames();
        unsigned asked = 0;
        EXPECT_EQ(this->machine.tables.copy_range(
                      pages(0, 16), this->machine.tables, kFirst + 4096, this->machine.cpu,
                      [&](auto&, auto entry) { return asked++ == stop ? TypeParam::kAbsent : entry; }),
                  failure(Error::kNoMemory));
        EXPECT_EQ(this->used().size(), 16 + stop);
        this->machine.tables.vacate_range(pages(4096, 4200), this->machine.cpu, [](PageNumber, auto) {});
        EXPECT_EQ(this->free_frames(), free);
    }
    this->unmap_all();
}

TYPED_TEST(PageTableRangesTest, a_copy_without_memory_for_tables_fails_and_leaks_nothing) {
    for (std::uint32_t failing = 1;; ++failing) {
        host::PagedMachine<TypeParam> small(64, TypeParam::kLevels + 2 + failing);
        for (const PageCount n : {0U, 9U}) {  // Two pages and two tables of the last level.
            ASSERT_TRUE(small.tables.map(page(n), small.take(), kWrite).has_value());
        }
        ASSERT_EQ(small.fail_nth.requests(), TypeParam::kLevels + 2u);
        const FrameCount free = small.account.frames_of(FrameOwner::kFree);
        const Result<void> copied =
            small.tables.copy_range(pages(0, 10), small.tables, PageNumber(0x80400 - 8), small.cpu,
                                    [](auto&, auto entry) { return entry; });
        small.tables.vacate_range({PageNumber(0x80000), PageNumber(0x81000)}, small.cpu,
                                  [](PageNumber, auto) {});
        EXPECT_EQ(small.account.frames_of(FrameOwner::kFree), free);
        if (copied) {
            EXPECT_GE(failing, 2u);
            break;
        }
    }
}

/// Looks, at each change of the root, whether its order is the one that a kernel needs.
template <typename Machine>
class Watcher final : public RootObserver {
  public:
    explicit Watcher(Machine& machine) : machine_(machine) {}
    void root_entry_changed(std::size_t index) override {
        using Layout = typename Machine::Cpu::Layout;
        const auto entry =
            reinterpret_cast<const typename Layout::Entry*>(machine_.memory.raw(Machine::kRoot))[index];
        if (entry != Layout::kAbsent) {
            seen[index] = Layout::frame(entry);
            return;
        }
        EXPECT_EQ(machine_.account.owner_of(seen.at(index)), FrameOwner::kPageTable)
            << "given back too early";
        seen.erase(index);
    }
    std::map<std::size_t, FrameNumber> seen;

  private:
    Machine& machine_;
};

TYPED_TEST(PageTableRangesTest, the_root_s_observer_hears_of_tables_before_they_go) {
    Watcher<host::PagedMachine<TypeParam>> watcher(this->machine);
    this->machine.tables.set_root_observer(watcher);
    const VirtAddr far(page(0).value() + TypeParam::entry_span(TypeParam::kLevels - 1) * 2);
    this->map_new(page(0));
    this->map_new(far);
    EXPECT_EQ(watcher.seen.size(), 2u);
    EXPECT_TRUE(watcher.seen.contains(TypeParam::index(far, TypeParam::kLevels - 1)));
    ASSERT_TRUE(this->machine.unmap_now(far).has_value());
    EXPECT_EQ(watcher.seen.size(), 1u);
    this->unmap_all();
    EXPECT_EQ(watcher.seen.size(), 0u);
}

TYPED_TEST(PageTableRangesTest, tables_of_some_pages_are_those_on_the_way_to_them) {
    const VirtAddr far(page(0).value() + TypeParam::entry_span(TypeParam::kLevels - 1) * 2);
    this->map_new(page(0));
    this->map_new(far);
    unsigned tables = 0;
    this->machine.tables.for_each_table(pages(0, 1), [&](FrameNumber, unsigned) { ++tables; });
    EXPECT_EQ(tables, TypeParam::kLevels - 1);
    this->machine.unmap_now(far);
    this->unmap_all();
}

}  // namespace
}  // namespace mm
