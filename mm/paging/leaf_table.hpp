// One table of the last level, open: where the entries of pages are read and changed.
//
// Owns: the handle that keeps the table's frame reachable, for as long as it lives. Counts nothing: that is the
// walker's (page_tables.hpp). Entries change by atomic operations: the CPU may set accessed and dirty bits in a present
// one at any moment.
//
// Cost: opening is FrameAccess's; an operation is one memory access.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "mm/core/frame_access.hpp"
#include "mm/paging/layout.hpp"

namespace mm {

template <PageTableLayout Layout, FrameAccess Access>
class LeafTable {
  public:
    using Entry = typename Layout::Entry;

    /// Opens the table in `table`.
    LeafTable(Access& access, FrameNumber table) : table_(table), handle_(access.open(table)) {}
    LeafTable(const LeafTable&) = delete;
    LeafTable& operator=(const LeafTable&) = delete;
    ~LeafTable() = default;

    [[nodiscard]] FrameNumber number() const { return table_; }

    /// The entry of `page`, read once. All operations look at the part of the page number that this table decides.
    [[nodiscard]] Entry load(PageNumber page) const { return entry(page).load(std::memory_order_relaxed); }
    /// Writes an entry that is absent, and which the CPU therefore never writes. The fence costs no instruction; it
    /// keeps the compiler from moving a use of the page's address before the entry.
    void store(PageNumber page, Entry value) {
        entry(page).store(value, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    /// Writes an entry, and gives what was there, with every bit that the CPU has set until then.
    Entry exchange(PageNumber page, Entry value) { return entry(page).exchange(value); }
    /// Writes `value` if the entry is still `old`, else makes `old` what it is.
    bool replace(PageNumber page, Entry& old, Entry value) {
        return entry(page).compare_exchange_strong(old, value);
    }
    /// The entries in a row, from that of `page` on, for loops over many: to be read and changed by load, exchange and
    /// clear below.
    [[nodiscard]] Entry* entries_from(PageNumber page) const {
        return reinterpret_cast<Entry*>(handle_.bytes()) + (page.value() & (Layout::kEntries - 1));
    }
    static Entry load(Entry& entry) { return std::atomic_ref<Entry>(entry).load(std::memory_order_relaxed); }
    static Entry exchange(Entry& entry, Entry value) { return std::atomic_ref<Entry>(entry).exchange(value); }
    /// Takes `bits` out of an entry.
    static void clear(Entry& entry, Entry bits) { std::atomic_ref<Entry>(entry).fetch_and(~bits); }

  private:
    using Handle = decltype(std::declval<Access&>().open(FrameNumber()));

    [[nodiscard]] std::atomic_ref<Entry> entry(PageNumber page) const {
        return std::atomic_ref<Entry>(*entries_from(page));
    }

    FrameNumber table_;
    Handle handle_;
};

}  // namespace mm
