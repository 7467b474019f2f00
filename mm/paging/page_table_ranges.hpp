// The walker's operations on ranges of pages: each table of the last level is opened once, and its entries are gone
// through in a row.
//
//   range      |<-------------------------------->|
//   tables  [ . . . x x . x ][   no table   ][ x . . . . . ]      found by descending once for each
//
// Included by page_tables.hpp, at its end. Every loop stops at the last used entry that the table's record knows of:
// most tables are sparse, most ranges end before their table does.
#pragma once

namespace mm {

template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb, typename Take>
void PageTables<Layout, Access>::take_range(PageRange pages, AnyTlb& tlb, Take take) {
    UnmapBatch batch;
    for (PageNumber at = pages.begin; at < pages.end;) {
        Path path;
        const unsigned absent_level = find_absent_level(at.address(), path);
        const PageNumber end = end_of_part(at, absent_level == 0 ? 1 : absent_level, pages.end);
        if (absent_level == 0) {
            const PageNumber last = take_from_leaf(path[0], {at, end}, tlb, batch, take);
            free_empty_tables(last.address(), path, batch);
        }
        at = end;
    }
    flush_out_of_line(tlb, batch);
}

/// Takes the entries of `pages` out of the table. Gives the last page taken (or, when none was, any of the range), which
/// is in the batch; the batch has room for the tables that its going may free.
template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb, typename Take>
PageNumber PageTables<Layout, Access>::take_from_leaf(FrameNumber table, PageRange pages, AnyTlb& tlb,
                                                      UnmapBatch& batch, Take& take) {
    FrameRecord& counts = record(table);
    unsigned left = counts.references;
    const Leaf leaf(access_, table);
    Entry* const entries = leaf.entries_from(pages.begin);
    const std::size_t count = pages.size();
    std::size_t last = 0;
    for (std::size_t i = 0; i < count && left != 0; ++i) {
        if (Leaf::load(entries[i]) == Layout::kAbsent) {
            continue;
        }
        if (!batch.has_room()) {
            flush_out_of_line(tlb, batch);
        }
        const Entry old = Leaf::exchange(entries[i], Layout::kAbsent);
        const PageNumber page = pages.begin + static_cast<PageCount>(i);
        batch.add_page(page.address());
        take(page, old, batch);
        last = i;
        --left;
    }
    counts.references = static_cast<std::uint16_t>(left);
    return pages.begin + static_cast<PageCount>(last);
}

/// (Inlined into the loop above, it would take the registers that the loop needs.)
template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb>
[[gnu::noinline]] void PageTables<Layout, Access>::flush_out_of_line(AnyTlb& tlb, UnmapBatch& batch) const {
    flush(tlb, frames_, batch, [](OwnedFrame&&) {});
}

template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb, typename Change>
void PageTables<Layout, Access>::update_range(PageRange pages, AnyTlb& tlb, Change change) {
    StalePages stale;
    for (PageNumber at = pages.begin; at < pages.end;) {
        Path path;
        const unsigned absent_level = find_absent_level(at.address(), path);
        const PageNumber end = end_of_part(at, absent_level == 0 ? 1 : absent_level, pages.end);
        if (absent_level == 0) {
            unsigned left = record(path[0]).references;
            Leaf leaf(access_, path[0]);
            for (PageNumber page = at; page < end && left != 0; ++page) {
                Entry old = leaf.load(page);
                if (old == Layout::kAbsent) {
                    continue;
                }
                --left;
                while (!leaf.replace(page, old, change(page, old))) {
                }
                if (Layout::is_present(old)) {
                    stale.add(page.address());
                }
            }
        }
        at = end;
    }
    stale.tell(tlb);
}

template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb, typename Copy>
Result<void> PageTables<Layout, Access>::copy_range(PageRange pages, PageTables& to, PageNumber at,
                                                    AnyTlb& tlb, Copy copy) {
    for (PageNumber from = pages.begin; from < pages.end;) {
        const PageNumber target = at + (from - pages.begin);
        Path path;
        const unsigned absent_level = find_leaf(from, path);
        PageNumber end = end_of_part(from, absent_level == 0 ? 1 : absent_level, pages.end);
        if (absent_level == 0) {
            // Both tables must have all of the part.
            const PageNumber target_end = end_of_part(target, 1, target + (end - from));
            end = from + (target_end - target);
            if (const Result<void> copied = copy_from_leaf(path[0], {from, end}, to, target, tlb, copy);
                !copied) {
                return copied;
            }
        }
        from = end;
    }
    return {};
}

/// As copy_range, where `pages` lie in one table, and their copies in one of `to`.
template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb, typename Copy>
Result<void> PageTables<Layout, Access>::copy_from_leaf(FrameNumber table, PageRange pages, PageTables& to,
                                                        PageNumber at, AnyTlb& tlb, Copy& copy) {
    // Entries are numbered from the end, up to 0: that costs each absent one the least.
    using Index = std::ptrdiff_t;
    const Leaf leaf(access_, table);
    Entry* const source_end = leaf.entries_from(pages.begin) + pages.size();
    Index first = -static_cast<Index>(pages.size());
    while (first != 0 && Leaf::load(source_end[first]) == Layout::kAbsent) {
        ++first;
    }
    if (first == 0) {
        return {};
    }
    const PageNumber first_target = at + static_cast<PageCount>(first + static_cast<Index>(pages.size()));
    const Result<FrameNumber> target = to.find_or_add_leaf(first_target);
    if (!target) {
        return failure(target.error());
    }
    const unsigned used = record(table).references;
    unsigned left = used;
    bool is_complete = true;
    {
        const Leaf other(to.access_, *target);
        Entry* const target_end = other.entries_from(at) + pages.size();
        for (Index i = first; i != 0; ++i) {
            const Entry old = Leaf::load(source_end[i]);
            if (old == Layout::kAbsent) {
                continue;
            }
            const Entry wanted = copy(source_end[i], old);
            if (wanted == Layout::kAbsent) [[unlikely]] {
                is_complete = false;
                break;
            }
            target_end[i] = wanted;  // Nothing walks there yet: it was absent.
            if (--left == 0) {
                break;
            }
        }
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    FrameRecord& counts = to.record(*target);
    counts.references = static_cast<std::uint16_t>(counts.references + (used - left));
    if (counts.references == 0) [[unlikely]] {
        to.drop_empty_leaf(first_target, tlb);
    }
    return is_complete ? Result<void>() : failure(Error::kNoMemory);
}

/// The last table on the way to `page`, made if need be: then it is empty, and the caller fills it at once, or drops it.
template <PageTableLayout Layout, FrameAccess Access>
Result<FrameNumber> PageTables<Layout, Access>::find_or_add_leaf(PageNumber page) {
    Path path;
    if (const unsigned absent = find_leaf(page, path); absent != 0) {
        const Result<void> added = add_tables(page.address(), absent, path, Layout::kAbsent);
        if (!added) {
            return failure(added.error());
        }
    }
    return path[0];
}

template <PageTableLayout Layout, FrameAccess Access>
template <Tlb AnyTlb>
void PageTables<Layout, Access>::drop_empty_leaf(PageNumber page, AnyTlb& tlb) {
    Path path;
    expect(descend(page.address(), path), "paging: an empty table cannot be found again");
    UnmapBatch batch;
    batch.add_page(page.address());
    free_empty_tables(page.address(), path, batch);
    flush_out_of_line(tlb, batch);
}

}  // namespace mm
