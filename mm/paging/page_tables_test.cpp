// The walker over two layouts: i686's two levels, and four levels in the shape of x86_64's.
#include "mm/paging/page_tables.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "mm/paging/layout_i686.hpp"
#include "tests/doubles/layout_four_level.hpp"
#include "tests/doubles/paged_machine.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using host::Use;
constexpr PageFlags kRead = page_flags::kReadOnly;
constexpr PageFlags kWrite = page_flags::kWritable;

/// The last page of the address space.
template <typename Layout>
constexpr VirtAddr last_page() {
    return VirtAddr(Layout::entry_span(Layout::kLevels - 1) * Layout::kEntries - kPageSize);
}

/// I1 and I2, seen from outside: walks the raw tables, compares each table's record with a count of its
/// entries, and checks that the tables found are all the frames that the account knows as page tables.
template <typename Layout>
class TableAudit {
  public:
    explicit TableAudit(host::PagedMachine<Layout>& machine) : machine_(machine) {
        count(host::PagedMachine<Layout>::kRoot, Layout::kLevels - 1);
        EXPECT_EQ(tables_, machine.account.frames_of(FrameOwner::kPageTable));
        EXPECT_TRUE(machine.adds_up());
        EXPECT_EQ(machine.memory.open_handles(), 0u);
    }

  private:
    void count(FrameNumber table, unsigned level) {
        unsigned used = 0;
        for (std::size_t index = 0; index < Layout::kEntries; ++index) {
            const auto entry =
                reinterpret_cast<const typename Layout::Entry*>(machine_.memory.raw(table))[index];
            if (entry == Layout::kAbsent) {
                continue;
            }
            ++used;
            if (level > 0) {
                ++tables_;
                EXPECT_EQ(machine_.account.owner_of(Layout::frame(entry)), FrameOwner::kPageTable);
                count(Layout::frame(entry), level - 1);
            }
        }
        EXPECT_EQ(machine_.account.table()[table].references, used);           // I1
        EXPECT_TRUE(used != 0 || table == host::PagedMachine<Layout>::kRoot);  // I2
    }

    host::PagedMachine<Layout>& machine_;
    FrameCount tables_ = 0;
};

template <typename Layout>
class PageTablesTest : public testing::Test {
  protected:
    using Machine = host::PagedMachine<Layout>;
    static constexpr FrameCount kFrames = 256;
    static constexpr FrameCount kTablesAPage = Layout::kLevels - 1;
    static constexpr VirtAddr kPage{0x4030'2000};

    void audit() { TableAudit<Layout> audit(machine); }
    FrameCount free_frames() const { return machine.account.frames_of(FrameOwner::kFree); }
    /// Maps a frame of the heap's at `page`, and tells which.
    FrameNumber map_new(VirtAddr page, PageFlags flags = kWrite) {
        OwnedFrame frame = machine.take();
        const FrameNumber number = frame.number();
        EXPECT_TRUE(machine.tables.map(page, std::move(frame), flags).has_value());
        return number;
    }
    std::vector<VirtAddr> pages_between(VirtAddr begin, VirtAddr last) {
        std::vector<VirtAddr> pages;
        machine.tables.for_each_page(begin, last, [&](VirtAddr page, Mapping) { pages.push_back(page); });
        return pages;
    }

    Machine machine{kFrames};
};

struct LayoutNames {
    template <typename Layout>
    static std::string GetName(int) {
        return std::is_same_v<Layout, LayoutI686> ? "i686" : "four_level";
    }
};
using Layouts = testing::Types<LayoutI686, host::LayoutFourLevel>;
TYPED_TEST_SUITE(PageTablesTest, Layouts, LayoutNames);

TYPED_TEST(PageTablesTest, a_mapped_page_is_reached_by_the_cpu_at_its_address) {  // C1
    const FrameNumber frame = this->map_new(this->kPage);
    std::byte* byte = this->machine.cpu.touch(this->kPage + 0x123, Use::kWrite);
    EXPECT_EQ(byte, this->machine.memory.raw(frame) + 0x123);
    EXPECT_EQ(this->machine.cpu.touch(this->kPage + kPageSize, Use::kRead), nullptr);
    EXPECT_EQ(this->machine.cpu.touch(VirtAddr(this->kPage.value() - 1), Use::kRead), nullptr);
    this->audit();
}

TYPED_TEST(PageTablesTest, a_mapping_gives_the_rights_asked_and_no_more) {  // C1
    const FrameNumber frame = this->map_new(this->kPage, kRead | page_flags::kUser);
    EXPECT_NE(this->machine.cpu.touch(this->kPage, Use::kRead), nullptr);
    EXPECT_EQ(this->machine.cpu.touch(this->kPage, Use::kWrite), nullptr);
    EXPECT_EQ(this->machine.tables.lookup(this->kPage),
              (Mapping{frame, page_flags::kUser | page_flags::kOwned | page_flags::kAccessed}));
    EXPECT_EQ(this->machine.tables.lookup(this->kPage + kPageSize), std::nullopt);
    EXPECT_EQ(this->machine.tables.lookup(last_page<TypeParam>()), std::nullopt);
}

TYPED_TEST(PageTablesTest, a_mapped_frame_stays_its_owners_and_is_referenced) {  // I3
    const FrameCount free = this->free_frames();
    const FrameNumber frame = this->map_new(this->kPage);
    EXPECT_EQ(this->free_frames(), free - 1 - this->kTablesAPage);
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kKernelHeap);
    EXPECT_EQ(this->machine.account.table()[frame].references, 1u);
    EXPECT_EQ(this->machine.account.table()[frame].page,
              static_cast<std::uint32_t>(this->kPage.page().value()));
}

TYPED_TEST(PageTablesTest, unmapping_the_last_page_gives_back_the_frame_and_every_table) {
    const FrameCount free = this->free_frames();
    this->map_new(this->kPage);
    this->machine.cpu.touch(this->kPage, Use::kWrite);
    ASSERT_TRUE(this->machine.unmap_now(this->kPage).has_value());
    EXPECT_EQ(this->free_frames(), free);
    EXPECT_EQ(this->machine.cpu.touch(this->kPage, Use::kRead), nullptr);
    this->audit();
}

TYPED_TEST(PageTablesTest, a_table_goes_with_its_last_page_and_not_before) {
    this->map_new(this->kPage);
    this->map_new(this->kPage + kPageSize);
    this->map_new(this->kPage + TypeParam::entry_span(1));  // Another table of level 0.
    EXPECT_EQ(this->machine.account.frames_of(FrameOwner::kPageTable), this->kTablesAPage + 1);
    ASSERT_TRUE(this->machine.unmap_now(this->kPage).has_value());
    EXPECT_EQ(this->machine.account.frames_of(FrameOwner::kPageTable), this->kTablesAPage + 1);
    EXPECT_NE(this->machine.cpu.touch(this->kPage + kPageSize, Use::kRead), nullptr);
    ASSERT_TRUE(this->machine.unmap_now(this->kPage + kPageSize).has_value());
    EXPECT_EQ(this->machine.account.frames_of(FrameOwner::kPageTable), this->kTablesAPage);
    EXPECT_NE(this->machine.cpu.touch(this->kPage + TypeParam::entry_span(1), Use::kRead), nullptr);
    this->audit();
}

TYPED_TEST(PageTablesTest, a_page_mapped_twice_keeps_the_first_and_leaves_the_second_with_the_caller) {
    const FrameNumber first = this->map_new(this->kPage);
    const FrameCount free = this->free_frames();
    {
        OwnedFrame second = this->machine.take();
        const FrameNumber number = second.number();
        EXPECT_EQ(this->machine.tables.map(this->kPage, std::move(second), kWrite),
                  failure(Error::kAlreadyMapped));
        EXPECT_EQ(this->machine.account.owner_of(number), FrameOwner::kKernelHeap);
        EXPECT_EQ(this->machine.account.table()[number].references, 0u);
        EXPECT_EQ(this->machine.tables.map_borrowed(this->kPage, number, kWrite),
                  failure(Error::kAlreadyMapped));
        EXPECT_EQ(this->free_frames(), free - 1);
    }
    EXPECT_EQ(this->free_frames(), free) << "dropped by the caller, once";
    EXPECT_EQ(this->machine.tables.lookup(this->kPage)->frame, first);
    this->audit();
}

TYPED_TEST(PageTablesTest, what_is_not_mapped_cannot_be_unmapped_or_protected) {
    EXPECT_EQ(this->machine.unmap_now(this->kPage), failure(Error::kNotMapped));
    EXPECT_EQ(this->machine.tables.protect(this->kPage, kWrite), failure(Error::kNotMapped));
    this->map_new(this->kPage);
    const VirtAddr neighbour = this->kPage + kPageSize;
    EXPECT_EQ(this->machine.unmap_now(neighbour), failure(Error::kNotMapped));
    EXPECT_EQ(this->machine.tables.protect(neighbour, kWrite), failure(Error::kNotMapped));
    this->audit();
}

TYPED_TEST(PageTablesTest, a_borrowed_frame_never_comes_back) {
    const OwnedFrame device = this->machine.take(FrameOwner::kExercise);
    ASSERT_TRUE(this->machine.tables.map_borrowed(this->kPage, device.number(), kWrite | page_flags::kOwned)
                    .has_value());
    EXPECT_FALSE(this->machine.tables.lookup(this->kPage)->flags.has(page_flags::kOwned));
    UnmapBatch batch;
    ASSERT_TRUE(this->machine.tables.unmap(this->kPage, batch).has_value());
    std::vector<FrameNumber> back;
    flush(this->machine.cpu, this->machine.tables.frames(), batch,
          [&](OwnedFrame&& frame) { back.push_back(frame.number()); });
    EXPECT_EQ(back.size(), this->kTablesAPage) << "its tables only";
    EXPECT_EQ(this->machine.account.owner_of(device.number()), FrameOwner::kExercise);
    this->audit();
}

TYPED_TEST(PageTablesTest, a_frame_that_has_moved_on_cannot_be_mapped) {
    OwnedFrame frame = this->machine.take();
    const OwnedFrame holder = std::move(frame);
    EXPECT_THROW((void)this->machine.tables.map(this->kPage, std::move(frame), kWrite), host::Panic);
}

TYPED_TEST(PageTablesTest, protect_changes_rights_and_loses_no_accessed_or_dirty_bit) {
    const FrameNumber frame = this->map_new(this->kPage);
    ASSERT_NE(this->machine.cpu.touch(this->kPage, Use::kWrite), nullptr);
    ASSERT_TRUE(this->machine.tables.protect(this->kPage, page_flags::kUser).has_value());
    this->machine.cpu.forget_page(this->kPage);
    EXPECT_EQ(this->machine.tables.lookup(this->kPage),
              (Mapping{frame,
                       page_flags::kUser | page_flags::kOwned | page_flags::kAccessed | page_flags::kDirty}));
    EXPECT_EQ(this->machine.cpu.touch(this->kPage, Use::kWrite), nullptr);
    ASSERT_TRUE(this->machine.unmap_now(this->kPage).has_value()) << "still owned";
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kFree);
}

TYPED_TEST(PageTablesTest, protect_does_not_make_a_borrowed_frame_owned) {
    const OwnedFrame device = this->machine.take(FrameOwner::kExercise);
    ASSERT_TRUE(this->machine.tables.map_borrowed(this->kPage, device.number(), kRead).has_value());
    ASSERT_TRUE(this->machine.tables.protect(this->kPage, kWrite | page_flags::kOwned).has_value());
    EXPECT_EQ(this->machine.tables.lookup(this->kPage), (Mapping{device.number(), kWrite}));
}

TYPED_TEST(PageTablesTest, rights_taken_away_without_a_flush_are_caught) {  // C5, planted
    this->map_new(this->kPage);
    this->machine.cpu.touch(this->kPage, Use::kWrite);
    ASSERT_TRUE(this->machine.tables.protect(this->kPage, kRead).has_value());
    this->machine.cpu.touch(this->kPage, Use::kWrite);
    EXPECT_EQ(this->machine.cpu.violations().take().size(), 1u);
}

TYPED_TEST(PageTablesTest, no_table_is_reached_before_it_is_cleared) {  // C2 C5
    // At every opening and closing of a frame, all that the CPU could walk to must be sound. Frames begin
    // filled with bytes that look like present entries, so that an uncleared table leads to frames that do
    // not exist.
    bool sound = true;
    const auto look = [&](auto& self, FrameNumber table, unsigned level) -> void {
        for (std::size_t index = 0; index < TypeParam::kEntries; ++index) {
            const auto entry =
                reinterpret_cast<const typename TypeParam::Entry*>(this->machine.memory.raw(table))[index];
            if (!TypeParam::is_present(entry)) {
                continue;
            }
            if (TypeParam::frame(entry).value() >= this->kFrames) {
                sound = false;
            } else if (level > 0) {
                self(self, TypeParam::frame(entry), level - 1);
            }
        }
    };
    this->machine.memory.on_event([&] { look(look, TestFixture::Machine::kRoot, TypeParam::kLevels - 1); });
    for (const VirtAddr page : {this->kPage, this->kPage + kPageSize, VirtAddr(0), last_page<TypeParam>(),
                                this->kPage + TypeParam::entry_span(1)}) {
        this->map_new(page);
        EXPECT_TRUE(sound);
    }
    // Planted: a table installed first and cleared afterwards is seen.
    const OwnedFrame table = this->machine.take(FrameOwner::kPageTable);
    std::memset(this->machine.memory.raw(table.number()), 0xa5, kPageSize);
    const std::size_t unused = TypeParam::index(VirtAddr(0x8000'0000), TypeParam::kLevels - 1) + 1;
    auto* root =
        reinterpret_cast<typename TypeParam::Entry*>(this->machine.memory.raw(TestFixture::Machine::kRoot));
    root[unused] = TypeParam::table_entry(table.number());
    {
        auto handle = this->machine.memory.open(table.number());
        std::memset(handle.bytes(), 0, kPageSize);
    }
    EXPECT_FALSE(sound);
    root[unused] = TypeParam::kAbsent;
    this->machine.memory.on_event(nullptr);
}

TYPED_TEST(PageTablesTest, a_map_that_finds_no_frame_for_a_table_changes_nothing) {  // C2
    for (std::uint32_t nth = 1; nth <= this->kTablesAPage; ++nth) {
        // The first allocation is the frame itself.
        host::PagedMachine<TypeParam> small(32, 1 + nth);
        OwnedFrame frame = small.take();
        const FrameNumber number = frame.number();
        const FrameCount free = small.account.frames_of(FrameOwner::kFree);
        const std::vector<std::byte> root(small.memory.raw(small.kRoot),
                                          small.memory.raw(small.kRoot) + kPageSize);
        EXPECT_EQ(small.tables.map(this->kPage, std::move(frame), kWrite), failure(Error::kNoMemory));
        EXPECT_EQ(small.account.frames_of(FrameOwner::kFree), free) << "failing table " << nth;
        EXPECT_EQ(small.account.owner_of(number), FrameOwner::kKernelHeap) << "the caller's still";
        EXPECT_TRUE(std::equal(root.begin(), root.end(), small.memory.raw(small.kRoot)));
        EXPECT_EQ(small.tables.lookup(this->kPage), std::nullopt);
        {
            TableAudit<TypeParam> audit(small);
        }
        // And the same call works when memory is there.
        EXPECT_TRUE(small.tables.map(this->kPage, std::move(frame), kWrite).has_value());
        {
            TableAudit<TypeParam> audit(small);
        }
    }
}

TYPED_TEST(PageTablesTest, a_failed_map_leaves_the_tables_of_its_neighbours_alone) {  // C2
    const VirtAddr neighbour = this->kPage + TypeParam::entry_span(TypeParam::kLevels - 1);
    for (std::uint32_t nth = 1; nth <= this->kTablesAPage; ++nth) {
        host::PagedMachine<TypeParam> small(32, 2 + this->kTablesAPage + nth);
        ASSERT_TRUE(small.tables.map(this->kPage, small.take(), kWrite).has_value());
        EXPECT_EQ(small.tables.map(neighbour, small.take(), kWrite), failure(Error::kNoMemory));
        EXPECT_NE(small.cpu.touch(this->kPage, Use::kWrite), nullptr);
        {
            TableAudit<TypeParam> audit(small);
        }
    }
}

TYPED_TEST(PageTablesTest, pages_are_listed_in_order_whatever_lies_between) {
    const std::vector<VirtAddr> pages{VirtAddr(0),
                                      VirtAddr(kPageSize * (TypeParam::kEntries - 1)),
                                      VirtAddr(TypeParam::entry_span(1)),
                                      this->kPage,
                                      this->kPage + 2 * kPageSize,
                                      this->kPage + TypeParam::entry_span(1) * 3,
                                      last_page<TypeParam>()};
    for (const VirtAddr page : pages) {
        this->map_new(page);
    }
    EXPECT_EQ(this->pages_between(VirtAddr(0), last_page<TypeParam>()), pages);
    EXPECT_EQ(this->pages_between(this->kPage, this->kPage), std::vector{this->kPage});
    EXPECT_EQ(this->pages_between(this->kPage + kPageSize, this->kPage + 2 * kPageSize),
              std::vector{this->kPage + 2 * kPageSize});
    EXPECT_EQ(this->pages_between(VirtAddr(kPageSize), pages[2]), (std::vector{pages[1], pages[2]}));
    EXPECT_EQ(this->pages_between(last_page<TypeParam>(), last_page<TypeParam>()),
              std::vector{last_page<TypeParam>()});
    this->audit();
    for (const VirtAddr page : pages) {
        EXPECT_TRUE(this->machine.unmap_now(page).has_value());
    }
    EXPECT_TRUE(this->pages_between(VirtAddr(0), last_page<TypeParam>()).empty());
    this->audit();
}

TYPED_TEST(PageTablesTest, a_visitor_may_open_a_frame) {
    this->map_new(this->kPage);
    this->machine.tables.for_each_page(this->kPage, this->kPage, [&](VirtAddr, Mapping mapping) {
        EXPECT_NE(this->machine.memory.open(mapping.frame).bytes(), nullptr);
    });
}

TYPED_TEST(PageTablesTest, every_table_is_visited_with_its_count) {
    this->map_new(this->kPage);
    this->map_new(this->kPage + kPageSize);
    this->map_new(last_page<TypeParam>());
    std::map<FrameNumber, unsigned> visited;
    this->machine.tables.for_each_table(
        [&](FrameNumber table, unsigned present) { EXPECT_TRUE(visited.emplace(table, present).second); });
    EXPECT_EQ(visited.size(), this->machine.account.frames_of(FrameOwner::kPageTable));
    for (const auto& [table, present] : visited) {
        EXPECT_EQ(this->machine.account.table()[table].references, present);
    }
}

TYPED_TEST(PageTablesTest, tables_of_the_image_are_counted_used_and_never_freed) {  // C3
    // A loader's chain of tables, in the image's name, with one page mapped that the account knows nothing
    // of.
    std::vector<OwnedFrame> frames;
    FrameNumber parent = TestFixture::Machine::kRoot;
    const auto entry = [&](FrameNumber table, unsigned level) -> typename TypeParam::Entry& {
        return reinterpret_cast<typename TypeParam::Entry*>(
            this->machine.memory.raw(table))[TypeParam::index(this->kPage, level)];
    };
    for (unsigned level = TypeParam::kLevels - 1; level > 0; --level) {
        frames.push_back(this->machine.take());
        const FrameNumber table = frames.back().number();
        this->machine.account.table()[table].owner = FrameOwner::kKernelImage;
        std::memset(this->machine.memory.raw(table), 0, kPageSize);
        entry(parent, level) = TypeParam::table_entry(table);
        parent = table;
    }
    entry(parent, 0) = TypeParam::page_entry(TestFixture::Machine::kRoot, kRead);
    this->machine.tables.count_entries();
    EXPECT_EQ(this->machine.account.table()[parent].references, 1u);
    EXPECT_EQ(this->machine.account.table()[TestFixture::Machine::kRoot].references, 1u);

    const FrameCount free = this->free_frames();
    this->map_new(this->kPage + kPageSize);
    EXPECT_EQ(this->free_frames(), free - 1) << "no new table";
    EXPECT_TRUE(this->machine.unmap_now(this->kPage + kPageSize).has_value());
    EXPECT_TRUE(this->machine.unmap_now(this->kPage).has_value());
    EXPECT_EQ(this->machine.account.table()[parent].references, 0u);
    EXPECT_TRUE(TypeParam::is_present(entry(TestFixture::Machine::kRoot, TypeParam::kLevels - 1)));
    EXPECT_EQ(this->free_frames(), free);
    this->map_new(this->kPage);
    EXPECT_NE(this->machine.cpu.touch(this->kPage, Use::kWrite), nullptr);
    EXPECT_TRUE(this->machine.unmap_now(this->kPage).has_value());
    for (const OwnedFrame& frame : frames) {
        FrameRecord& record = this->machine.account.table()[frame.number()];
        record.owner = FrameOwner::kKernelHeap;
        record.references = 0;
    }
}

/// Random mapping, unmapping, protecting and touching, each answer compared with a map of pages to frames.
template <typename Layout>
void run_against_model(std::uint32_t seed, int steps) {
    constexpr FrameCount kFrames = 64;
    host::PagedMachine<Layout> machine(kFrames);
    std::mt19937 random(seed);
    // Few pages in few tables: they fill, empty and share.
    std::vector<VirtAddr> candidates;
    for (unsigned table = 0; table < 6; ++table) {
        const VirtAddr base(table * Layout::entry_span(1 + table % (Layout::kLevels - 1)) * (1 + table));
        for (const std::size_t index : {std::size_t{0}, std::size_t{1}, Layout::kEntries - 1}) {
            candidates.push_back(base + index * kPageSize);
        }
    }
    candidates.push_back(last_page<Layout>());
    struct Expected {
        FrameNumber frame;
        bool writable;
        std::byte byte;
    };
    std::map<VirtAddr, Expected> model;
    UnmapBatch batch;
    std::set<VirtAddr> waiting;  // Unmapped, not flushed: neither mapped anew nor touched.
    const auto flush_all = [&] {
        flush(machine.cpu, machine.tables.frames(), batch, [](OwnedFrame&&) {});
        waiting.clear();
        machine.cpu.expect_nothing_stale();
    };
    for (int step = 0; step < steps; ++step) {
        const VirtAddr page = candidates[random() % candidates.size()];
        const auto known = model.find(page);
        switch (random() % 6) {
            case 0:
            case 1: {
                flush_all();
                Result<OwnedFrame> frame = machine.account.allocate(FrameOwner::kKernelHeap);
                if (!frame) {
                    break;
                }
                const FrameNumber number = frame->number();
                const bool writable = random() % 4 != 0;
                const Result<void> mapped =
                    machine.tables.map(page, std::move(*frame), writable ? kWrite : kRead);
                if (known != model.end()) {
                    ASSERT_EQ(mapped, failure(Error::kAlreadyMapped));
                } else if (mapped) {
                    const auto value = static_cast<std::byte>(random());
                    *machine.memory.raw(number) = value;
                    model[page] = {number, writable, value};
                } else {
                    ASSERT_EQ(mapped, failure(Error::kNoMemory));
                }
                break;
            }
            case 2:
            case 3:
                if (!batch.has_room()) {
                    flush_all();
                }
                ASSERT_EQ(machine.tables.unmap(page, batch).has_value(), known != model.end());
                if (known != model.end()) {
                    model.erase(known);
                    waiting.insert(page);
                }
                break;
            case 4:
                ASSERT_EQ(machine.tables.protect(page, kRead).has_value(), known != model.end());
                if (known != model.end()) {
                    known->second.writable = false;
                    machine.cpu.forget_page(page);
                }
                break;
            default: {
                if (waiting.contains(page)) {
                    break;
                }
                const Use use = random() % 2 == 0 ? Use::kRead : Use::kWrite;
                std::byte* byte = machine.cpu.touch(page, use);
                const bool reachable = known != model.end() && (use == Use::kRead || known->second.writable);
                ASSERT_EQ(byte != nullptr, reachable);
                if (reachable) {
                    ASSERT_EQ(*byte, known->second.byte);
                }
            }
        }
        if (step % 64 == 0) {
            flush_all();
            std::map<VirtAddr, FrameNumber> listed;
            machine.tables.for_each_page(VirtAddr(0), last_page<Layout>(), [&](VirtAddr at, Mapping mapping) {
                listed.emplace(at, mapping.frame);
            });
            ASSERT_EQ(listed.size(), model.size());
            for (const auto& [at, expected] : model) {
                ASSERT_EQ(listed[at], expected.frame);
                ASSERT_EQ(machine.tables.lookup(at)->flags.has(kWrite), expected.writable);
            }
            TableAudit<Layout> audit(machine);
        }
    }
    flush_all();
    TableAudit<Layout> audit(machine);
}

TYPED_TEST(PageTablesTest, random_mappings_agree_with_a_map) {  // C1 C2 C5
    EXPECT_TRUE(rc::check([] {
        run_against_model<TypeParam>(*rc::gen::arbitrary<std::uint32_t>(), 300);
        RC_ASSERT(!testing::Test::HasFailure());
    }));
}

TYPED_TEST(PageTablesTest, a_long_run_agrees_with_a_map) {  // C1 C2 C5
    run_against_model<TypeParam>(5, 40'000);
}

}  // namespace
}  // namespace mm
