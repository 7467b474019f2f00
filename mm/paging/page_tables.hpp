// The one walker: maps, unmaps, looks up and lists pages in the page tables of any layout.
//
//   root (FrameNumber) --> directory --entry--> page table --entry--> frame
//                              each table is itself a frame, reached through FrameAccess, one at a time
//
// A page table appears when the first page in its reach is mapped, in this order, which never lets the CPU
// see a table that is not filled: take a frame, open it, clear it, close it, install it in the directory. It
// goes back to the account when its last page is unmapped; its record counts its present entries, so nothing
// has to search for them.
//
// Owns: the tables below the root, through the account. The root belongs to the caller; tables that the
// account knows under another owner than kPageTable (those of the kernel image) are used but never freed.
//
// Single pages are mapped and unmapped by address; ranges of pages, a table at a time, by the operations of
// page_table_ranges.hpp; and an address space, which decides by what it finds in an entry, opens the last table itself
// (find_leaf, open_leaf, fill).
//
// I1 a table's record counts its used entries: present or parked. (The root's counts those made through this object.)
// I2 no table but the root and the image's is empty.
// I3 an entry marked kOwned has one of the references in its frame's record.
//
// Cost: one open a level, one less where the page lies near the one before; a new table costs a frame and clearing it.
// Callers hold the address space's lock;
// interrupt handlers do not call. Entries change by atomic exchange: the CPU may set accessed and dirty bits
// at any moment. [intel/vol3] 4.3, 4.10.4
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "mm/core/frame_access.hpp"
#include "mm/core/panic.hpp"
#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/paging/layout.hpp"
#include "mm/paging/leaf_table.hpp"
#include "mm/paging/page_flags.hpp"
#include "mm/paging/tlb.hpp"

namespace mm {

/// Who must know when the root table changes: a kernel, whose half of it every program's root has a copy of.
class RootObserver {
  public:
    /// Entry `index` of the root table has appeared or gone; the table it led to, not yet given back, is still whole.
    virtual void root_entry_changed(std::size_t index) = 0;

  protected:
    ~RootObserver() = default;
};

/// What a page leads to. A parked one has kParked among its flags.
struct Mapping {
    FrameNumber frame;
    PageFlags flags;
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

template <PageTableLayout Layout, FrameAccess Access>
class PageTables {
  public:
    using Entry = typename Layout::Entry;
    using Leaf = LeafTable<Layout, Access>;

    /// The address space whose top table is `root`. `access` and `account` outlive it. New tables are charged to
    /// `holder`.
    PageTables(FrameNumber root, Access& access, FrameAccount& account, std::uint32_t holder = 0)
        : root_(root), access_(access), frames_(account), holder_(holder) {}

    /// `observer` is told of every change in the root table from now on; it outlives the object.
    void set_root_observer(RootObserver& observer) { root_observer_ = &observer; }

    /// Maps the page at `page` to `frame`, which becomes the mapping's. A page whose unmapping still waits in
    /// a batch is not mapped anew, nor one in reach of a table that does: flush first. Errors, with `frame`
    /// still the caller's and nothing changed: kAlreadyMapped, kNoMemory (for a new table).
    Result<void> map(VirtAddr page, OwnedFrame&& frame, PageFlags flags) {
        const Result<void> mapped = install(page, frame.number(), flags | page_flags::kOwned);
        if (mapped) {
            frames_.enter(std::move(frame), page.page());
        }
        return mapped;
    }

    /// Maps the page at `page` to a frame that the mapping does not own: a device's, the kernel image's, a
    /// module's. Errors as map.
    Result<void> map_borrowed(VirtAddr page, FrameNumber frame, PageFlags flags) {
        return install(page, frame, flags.without(page_flags::kOwned));
    }

    /// Maps the page at `page` to a frame that others map, too, and that has references: one more. Errors as map;
    /// kNoMemory also when the frame cannot have another reference.
    Result<void> map_shared(VirtAddr page, FrameNumber frame, PageFlags flags) {
        if (const Result<void> shared = frames_.share(frame); !shared) {
            return shared;
        }
        const Result<void> mapped = install(page, frame, flags | page_flags::kOwned);
        if (!mapped) {
            expect(!frames_.leave(frame), "paging: a frame without references was shared");
        }
        return mapped;
    }

    /// Removes the mapping of the page at `page`. Its frame (when the mapping had the last reference) and every table
    /// that this empties wait in `batch`, which must have room, until it is flushed. Error: kNotMapped.
    Result<void> unmap(VirtAddr page, UnmapBatch& batch) {
        expect(batch.has_room(), "paging: unmap into a full batch");
        Path path;
        if (!descend(page, path)) {
            return failure(Error::kNotMapped);
        }
        const Entry old = exchange(path[0], Layout::index(page, 0), Layout::kAbsent);
        if (old == Layout::kAbsent) {
            return failure(Error::kNotMapped);
        }
        batch.add_page(page);
        leave_frame(old, batch);
        FrameRecord& table = record(path[0]);
        expect(table.references != 0, "paging: a table has fewer entries than were removed");
        --table.references;
        free_empty_tables(page, path, batch);
        return {};
    }

    /// Gives the page at `page` other rights. kOwned, kAccessed and kDirty stay as the entry has them,
    /// whatever `flags` say of them. The old rights may live on until the caller has told the Tlb. Error:
    /// kNotMapped.
    Result<void> protect(VirtAddr page, PageFlags flags) {
        const std::optional<FrameNumber> table = find_leaf(page.page());
        if (!table) {
            return failure(Error::kNotMapped);
        }
        Leaf leaf(access_, *table);
        Entry old = leaf.load(page.page());
        while (Layout::is_present(old)) {
            const PageFlags state = Layout::flags(old).only(kState);
            const Entry wanted = Layout::page_entry(Layout::frame(old), flags.without(kState) | state);
            if (leaf.replace(page.page(), old, wanted)) {
                return {};
            }
        }
        return failure(Error::kNotMapped);
    }

    /// What the page at `page` leads to; nothing when it is not mapped.
    [[nodiscard]] std::optional<Mapping> lookup(VirtAddr page) const {
        const std::optional<FrameNumber> table = find_leaf(page.page());
        if (!table) {
            return std::nullopt;
        }
        const Entry entry = Leaf(access_, *table).load(page.page());
        if (!Layout::is_present(entry)) {
            return std::nullopt;
        }
        return Mapping{Layout::frame(entry), Layout::flags(entry)};
    }

    /// Calls visit(VirtAddr page, Mapping) for each mapped page of [begin, last], in order; `last` is the
    /// address of the last page, so that the end of the address space can be named. The visitor may open one
    /// frame.
    template <typename Visit>
    void for_each_page(VirtAddr begin, VirtAddr last, Visit visit) const {
        for_each_used_page(begin, last, [&visit](VirtAddr page, const Mapping& mapping) {
            if (!mapping.flags.has(page_flags::kParked)) {
                visit(page, mapping);
            }
        });
    }

    /// As for_each_page, parked pages included.
    template <typename Visit>
    void for_each_used_page(VirtAddr begin, VirtAddr last, Visit visit) const {
        VirtAddr at = begin;
        while (at <= last) {
            Path path;
            const unsigned absent_level = find_absent_level(at, path);
            if (absent_level == 0) {
                visit_table(path[0], at, last, visit);
            }
            // A whole table was visited, or there is none behind the entry of absent_level.
            const std::size_t span = Layout::entry_span(absent_level == 0 ? 1 : absent_level);
            const VirtAddr next((at.value() / span + 1) * span);
            if (next <= at) {
                return;  // The end of the address space.
            }
            at = next;
        }
    }

    /// Calls visit(FrameNumber table, unsigned used_entries) for every table below the root.
    template <typename Visit>
    void for_each_table(Visit visit) const {
        visit_tables(root_, Layout::kLevels - 1, 0, Layout::kEntries - 1, visit);
    }
    /// As above, for the tables on the way to some of `pages`, which are not none; those of the root's entries that
    /// lead to other pages, too, with all that is below them.
    template <typename Visit>
    void for_each_table(PageRange pages, Visit visit) const {
        visit_tables(root_, Layout::kLevels - 1, Layout::index(pages.begin.address(), Layout::kLevels - 1),
                     Layout::index(PageNumber(pages.end.value() - 1).address(), Layout::kLevels - 1), visit);
    }

    /// Writes down in the table records how many entries are used: once, after the tables that existed
    /// before the account (the loader's, the image's) have come into it.
    void count_entries() {
        const auto note = [this](FrameNumber table, unsigned used) {
            record(table).references = static_cast<std::uint16_t>(used);
        };
        note(root_, visit_tables(root_, Layout::kLevels - 1, 0, Layout::kEntries - 1, note));
    }

    [[nodiscard]] FrameNumber root() const { return root_; }
    /// For mm::flush.
    [[nodiscard]] const MappedFrames& frames() const { return frames_; }

    // For those who decide by what they find in an entry.

    /// The last table on the way to `page`; nothing when it does not exist.
    [[nodiscard]] std::optional<FrameNumber> find_leaf(PageNumber page) const {
        Path path;
        return find_leaf(page, path) == 0 ? std::optional(path[0]) : std::nullopt;
    }
    [[nodiscard]] Leaf open_leaf(FrameNumber table) const { return Leaf(access_, table); }
    /// Makes the absent entry of `page` in `leaf` say `wanted`. The reference that it means is the caller's to take.
    void fill(Leaf& leaf, PageNumber page, Entry wanted) {
        leaf.store(page, wanted);
        ++record(leaf.number()).references;
    }
    /// The same where the table may have to be made first. Errors, with nothing changed: kAlreadyMapped, kNoMemory.
    Result<void> add(PageNumber page, Entry wanted) {
        Path path;
        if (const unsigned absent_level = find_leaf(page, path); absent_level != 0) [[unlikely]] {
            return add_tables(page.address(), absent_level, path, wanted);
        }
        Leaf leaf(access_, path[0]);
        if (leaf.load(page) != Layout::kAbsent) {
            return failure(Error::kAlreadyMapped);
        }
        fill(leaf, page, wanted);
        return {};
    }

    // Ranges of pages: see page_table_ranges.hpp.

    /// Unmaps every page of `pages` that is mapped or parked, and flushes as it goes along. Calls note(Entry,
    /// FrameRecord*) for each, with the record of its frame if the entry has a reference, which is still counted; else
    /// null. Cost: a few instructions an entry, absent ones included as far as there are tables; a table is searched no
    /// further than its last used entry.
    template <Tlb AnyTlb, typename Note>
    void unmap_range(PageRange pages, AnyTlb& tlb, Note note) {
        take_range(pages, tlb, [this, &note](PageNumber /*page*/, Entry old, UnmapBatch& batch) {
            if ((old & Layout::bits(page_flags::kOwned)) == 0) {
                note(old, nullptr);
                return;
            }
            FrameRecord& its = record(Layout::frame(old));
            note(old, &its);
            if (const std::optional<UnmappedFrame> frame = frames_.leave(Layout::frame(old), its)) {
                batch.add_frame(*frame);
            }
        });
    }
    /// Makes every entry of `pages` absent, as unmap_range, but leaves the references to whoever has copied the entries.
    template <Tlb AnyTlb, typename Note>
    void vacate_range(PageRange pages, AnyTlb& tlb, Note note) {
        take_range(pages, tlb,
                   [&note](PageNumber page, Entry old, UnmapBatch& /*batch*/) { note(page, old); });
    }
    /// Gives every used entry of `pages` the value change(PageNumber, Entry), which is not absent; asked again when the
    /// CPU set a bit meanwhile. The Tlb is told of all that were present.
    template <Tlb AnyTlb, typename Change>
    void update_range(PageRange pages, AnyTlb& tlb, Change change);
    /// For every used entry of `pages`: copy(Entry&, Entry its_value) may change it, and says which entry `to` gets
    /// for the page as far from `at`, where it has none; absent: stop, kNoMemory. Tables of `to` are made as needed.
    /// What copy changes, the caller tells the Tlb. Error, with some pages copied: kNoMemory.
    template <Tlb AnyTlb, typename Copy>
    Result<void> copy_range(PageRange pages, PageTables& to, PageNumber at, AnyTlb& tlb, Copy copy);

  private:
    /// The table found last: `reach` numbers the tables of the last level by address, from 1; 0: none.
    struct FoundLeaf {
        std::uintptr_t reach = 0;
        FrameNumber table;
    };

    /// The table of each level on the way to a page: path[0] is the last one.
    using Path = std::array<FrameNumber, Layout::kLevels>;

    /// Flags that tell what happened to a page, not what it allows.
    static constexpr PageFlags kState = page_flags::kOwned | page_flags::kAccessed | page_flags::kDirty;

    template <typename Handle>
    static Entry* entries(Handle& handle) {
        return reinterpret_cast<Entry*>(handle.bytes());
    }

    /// One entry, read once: the CPU may be setting bits in it.
    template <typename Handle>
    static Entry load(Handle& handle, std::size_t index) {
        return std::atomic_ref<Entry>(entries(handle)[index]).load(std::memory_order_relaxed);
    }
    Entry exchange(FrameNumber table, std::size_t index, Entry value) const {
        auto handle = access_.open(table);
        return std::atomic_ref<Entry>(entries(handle)[index]).exchange(value);
    }

    FrameRecord& record(FrameNumber table) const { return frames_.account().table()[table]; }

    /// Fills `path` from the root down. 0 when every table exists, else the level whose entry is absent.
    /// (Inlined by force: as a call it would cost as much again.)
    [[gnu::always_inline]] unsigned find_absent_level(VirtAddr page, Path& path) const {
        path[Layout::kLevels - 1] = root_;
        for (unsigned level = Layout::kLevels - 1; level > 0; --level) {
            auto table = access_.open(path[level]);
            const Entry entry = load(table, Layout::index(page, level));
            if (!Layout::is_present(entry)) {
                return level;
            }
            path[level - 1] = Layout::frame(entry);
        }
        return 0;
    }
    bool descend(VirtAddr page, Path& path) const { return find_absent_level(page, path) == 0; }
    /// As find_absent_level, but of an existing path only path[0], which may be remembered from the last time.
    [[gnu::always_inline]] unsigned find_leaf(PageNumber page, Path& path) const {
        const std::uintptr_t reach = page.value() / Layout::kEntries + 1;
        if (found_leaf_.reach == reach) [[likely]] {
            path[0] = found_leaf_.table;
            return 0;
        }
        const unsigned absent_level = find_absent_level(page.address(), path);
        if (absent_level == 0) {
            found_leaf_ = {reach, path[0]};
        }
        return absent_level;
    }

    Result<void> install(VirtAddr page, FrameNumber frame, PageFlags flags) {
        return add(page.page(), Layout::page_entry(frame, flags));
    }

    /// Puts cleared tables behind the absent entry of path[level] on the way to `page`, with `wanted` (which may be
    /// absent: then the caller adds some at once) as the last one's only entry. Everything below the first is written before that one is installed: the CPU
    /// sees all of it or nothing, so that when a frame is missing there is nothing it could have cached and
    /// nothing to flush. (kLevel counts down to `level`: the compiler lays the levels out in a row.)
    template <unsigned kLevel = Layout::kLevels - 1>
    Result<void> add_tables(VirtAddr page, unsigned level, Path& path, Entry wanted) {
        if constexpr (kLevel > 1) {
            if (level < kLevel) {
                return add_tables<kLevel - 1>(page, level, path, wanted);
            }
        }
        Result<OwnedFrame> table = frames_.account().allocate(FrameOwner::kPageTable, holder_);
        if (!table) {
            return failure(table.error());
        }
        const FrameNumber below = table->number();
        path[kLevel - 1] = below;
        {
            auto handle = access_.open(below);
            __builtin_memset(__builtin_assume_aligned(handle.bytes(), kPageSize), 0, kPageSize);
            if constexpr (kLevel == 1) {
                entries(handle)[Layout::index(page, 0)] = wanted;
            }
        }
        if constexpr (kLevel == 1) {
            record(below).references = wanted != Layout::kAbsent ? 1 : 0;
        } else {
            if (const Result<void> added = add_tables<kLevel - 1>(page, kLevel - 1, path, wanted); !added) {
                return added;
            }
        }
        exchange(path[kLevel], Layout::index(page, kLevel), Layout::table_entry(below));
        ++record(path[kLevel]).references;
        frames_.keep_table(std::move(*table));
        if constexpr (kLevel == Layout::kLevels - 1) {
            tell_observer(page);
        }
        return {};
    }

    void tell_observer(VirtAddr page) const {
        if (root_observer_ != nullptr) {
            root_observer_->root_entry_changed(Layout::index(page, Layout::kLevels - 1));
        }
    }

    /// The entry `old` is gone: its frame goes to the batch if that was the last reference.
    void leave_frame(Entry old, UnmapBatch& batch) const {
        if (Layout::flags(old).has(page_flags::kOwned)) {
            if (const std::optional<UnmappedFrame> frame = frames_.leave(Layout::frame(old))) {
                batch.add_frame(*frame);
            }
        }
    }

    /// After entries of path[0] went, that of `page` the last: takes out each table that became empty, from the last
    /// level up.
    void free_empty_tables(VirtAddr page, const Path& path, UnmapBatch& batch) {
        for (unsigned level = 0; level < Layout::kLevels - 1; ++level) {
            const FrameRecord& table = record(path[level]);
            if (table.references != 0 || table.owner != FrameOwner::kPageTable) {
                return;
            }
            exchange(path[level + 1], Layout::index(page, level + 1), Layout::kAbsent);
            if (level + 2 == Layout::kLevels) {
                tell_observer(page);
            }
            batch.add_frame(frames_.leave_table(path[level]));
            found_leaf_ = {};
            FrameRecord& above = record(path[level + 1]);
            expect(above.references != 0, "paging: a table has fewer entries than were removed");
            --above.references;
        }
    }

    /// The end of the part of `pages` from `at` on that one entry of `level` leads to.
    static PageNumber end_of_part(PageNumber at, unsigned level, PageNumber end) {
        const std::size_t span = Layout::entry_span(level) >> kPageShift;
        const PageNumber next((at.value() / span + 1) * span);
        return next < end ? next : end;
    }
    template <Tlb AnyTlb, typename Take>
    void take_range(PageRange pages, AnyTlb& tlb, Take take);
    template <Tlb AnyTlb, typename Take>
    PageNumber take_from_leaf(FrameNumber table, PageRange pages, AnyTlb& tlb, UnmapBatch& batch, Take& take);
    template <Tlb AnyTlb, typename Copy>
    Result<void> copy_from_leaf(FrameNumber table, PageRange pages, PageTables& to, PageNumber at,
                                AnyTlb& tlb, Copy& copy);
    template <Tlb AnyTlb>
    void flush_out_of_line(AnyTlb& tlb, UnmapBatch& batch) const;
    Result<FrameNumber> find_or_add_leaf(PageNumber page);
    template <Tlb AnyTlb>
    void drop_empty_leaf(PageNumber page, AnyTlb& tlb);

    template <typename Visit>
    void visit_table(FrameNumber table, VirtAddr from, VirtAddr last, Visit& visit) const {
        auto handle = access_.open(table);
        for (std::size_t index = Layout::index(from, 0); index < Layout::kEntries; ++index) {
            const VirtAddr page = from + (index - Layout::index(from, 0)) * kPageSize;
            if (page > last) {
                return;
            }
            const Entry entry = load(handle, index);
            if (entry != Layout::kAbsent) {
                visit(page, Mapping{Layout::frame(entry), Layout::flags(entry)});
            }
        }
    }

    /// Visits the tables below `table`, through its entries [first, last], and returns how many of those are used. As
    /// deep as the layout's levels.
    template <typename Visit>
    unsigned visit_tables(FrameNumber table, unsigned level, std::size_t first, std::size_t last,
                          Visit& visit) const {
        unsigned used = 0;
        auto handle = access_.open(table);
        for (std::size_t index = first; index <= last; ++index) {
            const Entry entry = load(handle, index);
            if (entry == Layout::kAbsent) {
                continue;
            }
            ++used;
            if (level > 0) {
                const unsigned below =
                    visit_tables(Layout::frame(entry), level - 1, 0, Layout::kEntries - 1, visit);
                visit(Layout::frame(entry), below);
            }
        }
        return used;
    }

    FrameNumber root_;
    Access& access_;
    MappedFrames frames_;
    std::uint32_t holder_;
    RootObserver* root_observer_ = nullptr;
    mutable FoundLeaf found_leaf_;
};

}  // namespace mm

#include "mm/paging/page_table_ranges.hpp"  // IWYU pragma: keep
