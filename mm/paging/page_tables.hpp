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
// I1 a table's record counts its present entries.
// I2 no table but the root and the image's is empty.
// I3 an entry marked kOwned maps a frame whose record has a reference.
//
// Cost: one open a level; a new table costs a frame and clearing it. Callers hold the address space's lock;
// interrupt handlers do not call. Entries change by atomic exchange: the CPU may set accessed and dirty bits
// at any moment. [intel/vol3] 4.3, 4.10.4
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

#include "mm/core/frame_access.hpp"
#include "mm/core/panic.hpp"
#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/paging/page_flags.hpp"
#include "mm/paging/tlb.hpp"

namespace mm {

/// The shape of one CPU's page tables; see layout_i686.hpp.
template <typename T>
concept PageTableLayout =
    requires(VirtAddr address, FrameNumber frame, PageFlags flags, typename T::Entry entry) {
        requires T::kLevels >= 2;
        requires T::kEntries * sizeof(typename T::Entry) == kPageSize;
        { T::index(address, 0U) } -> std::same_as<std::size_t>;
        { T::entry_span(0U) } -> std::same_as<std::size_t>;
        { T::is_present(entry) } -> std::same_as<bool>;
        { T::frame(entry) } -> std::same_as<FrameNumber>;
        { T::flags(entry) } -> std::same_as<PageFlags>;
        { T::page_entry(frame, flags) } -> std::same_as<typename T::Entry>;
        { T::table_entry(frame) } -> std::same_as<typename T::Entry>;
    };

/// What a page leads to.
struct Mapping {
    FrameNumber frame;
    PageFlags flags;
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

template <PageTableLayout Layout, FrameAccess Access>
class PageTables {
  public:
    using Entry = typename Layout::Entry;

    /// The address space whose top table is `root`. `access` and `account` outlive it.
    PageTables(FrameNumber root, Access& access, FrameAccount& account)
        : root_(root), access_(access), frames_(account) {}

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

    /// Removes the mapping of the page at `page`. Its frame (when the mapping owned it) and every table that
    /// this empties wait in `batch`, which must have room, until it is flushed. Error: kNotMapped.
    Result<void> unmap(VirtAddr page, UnmapBatch& batch) {
        expect(batch.has_room(), "paging: unmap into a full batch");
        Path path;
        if (!descend(page, path)) {
            return failure(Error::kNotMapped);
        }
        const Entry old = exchange(path[0], Layout::index(page, 0), Layout::kAbsent);
        if (!Layout::is_present(old)) {
            return failure(Error::kNotMapped);
        }
        batch.add_page(page);
        if (Layout::flags(old).has(page_flags::kOwned)) {
            batch.add_frame(frames_.leave(Layout::frame(old)));
        }
        free_empty_tables(page, path, batch);
        return {};
    }

    /// Gives the page at `page` other rights. kOwned, kAccessed and kDirty stay as the entry has them,
    /// whatever `flags` say of them. The old rights may live on until the caller has told the Tlb. Error:
    /// kNotMapped.
    Result<void> protect(VirtAddr page, PageFlags flags) {
        Path path;
        if (!descend(page, path)) {
            return failure(Error::kNotMapped);
        }
        auto table = access_.open(path[0]);
        std::atomic_ref<Entry> entry(entries(table)[Layout::index(page, 0)]);
        Entry old = entry.load(std::memory_order_relaxed);
        while (Layout::is_present(old)) {
            const PageFlags state = Layout::flags(old).only(kState);
            const Entry wanted = Layout::page_entry(Layout::frame(old), flags.without(kState) | state);
            if (entry.compare_exchange_weak(old, wanted)) {
                return {};
            }
        }
        return failure(Error::kNotMapped);
    }

    /// What the page at `page` leads to; nothing when it is not mapped.
    [[nodiscard]] std::optional<Mapping> lookup(VirtAddr page) const {
        Path path;
        if (!descend(page, path)) {
            return std::nullopt;
        }
        auto table = access_.open(path[0]);
        const Entry entry = load(table, Layout::index(page, 0));
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

    /// Calls visit(FrameNumber table, unsigned present_entries) for every table below the root.
    template <typename Visit>
    void for_each_table(Visit visit) const {
        visit_tables(root_, Layout::kLevels - 1, visit);
    }

    /// Writes down in the table records how many entries are present: once, after the tables that existed
    /// before the account (the loader's, the image's) have come into it.
    void count_entries() {
        const auto note = [this](FrameNumber table, unsigned present) {
            record(table).references = static_cast<std::uint16_t>(present);
        };
        note(root_, visit_tables(root_, Layout::kLevels - 1, note));
    }

    [[nodiscard]] FrameNumber root() const { return root_; }
    /// For mm::flush.
    [[nodiscard]] const MappedFrames& frames() const { return frames_; }

  private:
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

    Result<void> install(VirtAddr page, FrameNumber frame, PageFlags flags) {
        const Entry wanted = Layout::page_entry(frame, flags);
        Path path;
        if (const unsigned absent = find_absent_level(page, path); absent != 0) [[unlikely]] {
            return add_tables(page, absent, path, wanted);
        }
        auto table = access_.open(path[0]);
        std::atomic_ref<Entry> entry(entries(table)[Layout::index(page, 0)]);
        if (Layout::is_present(entry.load(std::memory_order_relaxed))) {
            return failure(Error::kAlreadyMapped);
        }
        // The CPU never writes an absent entry: no exchange is needed. The fence costs no instruction; it
        // keeps the compiler from moving a use of the page's new address before the entry.
        entry.store(wanted, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        ++record(path[0]).references;
        return {};
    }

    /// Puts cleared tables behind the absent entry of path[level] on the way to `page`, with `wanted` as the
    /// last one's only entry. Everything below the first is written before that one is installed: the CPU
    /// sees all of it or nothing, so that when a frame is missing there is nothing it could have cached and
    /// nothing to flush. (kLevel counts down to `level`: the compiler lays the levels out in a row.)
    template <unsigned kLevel = Layout::kLevels - 1>
    Result<void> add_tables(VirtAddr page, unsigned level, Path& path, Entry wanted) {
        if constexpr (kLevel > 1) {
            if (level < kLevel) {
                return add_tables<kLevel - 1>(page, level, path, wanted);
            }
        }
        Result<OwnedFrame> table = frames_.account().allocate(FrameOwner::kPageTable);
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
            record(below).references = 1;
        } else {
            if (const Result<void> added = add_tables<kLevel - 1>(page, kLevel - 1, path, wanted); !added) {
                return added;
            }
        }
        exchange(path[kLevel], Layout::index(page, kLevel), Layout::table_entry(below));
        ++record(path[kLevel]).references;
        frames_.keep_table(std::move(*table));
        return {};
    }

    /// After a page of path[0] went: takes out each table that became empty, from the last level up.
    void free_empty_tables(VirtAddr page, const Path& path, UnmapBatch& batch) {
        for (unsigned level = 0; level < Layout::kLevels; ++level) {
            FrameRecord& table = record(path[level]);
            expect(table.references != 0, "paging: a table has fewer entries than were removed");
            if (--table.references != 0 || level == Layout::kLevels - 1 ||
                table.owner != FrameOwner::kPageTable) {
                return;
            }
            exchange(path[level + 1], Layout::index(page, level + 1), Layout::kAbsent);
            batch.add_frame(frames_.leave_table(path[level]));
        }
    }

    template <typename Visit>
    void visit_table(FrameNumber table, VirtAddr from, VirtAddr last, Visit& visit) const {
        auto handle = access_.open(table);
        for (std::size_t index = Layout::index(from, 0); index < Layout::kEntries; ++index) {
            const VirtAddr page = from + (index - Layout::index(from, 0)) * kPageSize;
            if (page > last) {
                return;
            }
            const Entry entry = load(handle, index);
            if (Layout::is_present(entry)) {
                visit(page, Mapping{Layout::frame(entry), Layout::flags(entry)});
            }
        }
    }

    /// Visits the tables below `table`, and returns how many of its entries are present. As deep as the
    /// layout's levels.
    template <typename Visit>
    unsigned visit_tables(FrameNumber table, unsigned level, Visit& visit) const {
        unsigned present = 0;
        auto handle = access_.open(table);
        for (std::size_t index = 0; index < Layout::kEntries; ++index) {
            const Entry entry = load(handle, index);
            if (!Layout::is_present(entry)) {
                continue;
            }
            ++present;
            if (level > 0) {
                const unsigned below = visit_tables(Layout::frame(entry), level - 1, visit);
                visit(Layout::frame(entry), below);
            }
        }
        return present;
    }

    FrameNumber root_;
    Access& access_;
    MappedFrames frames_;
};

}  // namespace mm
