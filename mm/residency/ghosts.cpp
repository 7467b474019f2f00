#include "mm/residency/ghosts.hpp"

#include "mm/core/panic.hpp"

namespace mm {

GhostTable::GhostTable(std::span<GhostEntry> entries) : entries_(entries) {
    expect(entries.size() < kNone, "ghosts: more entries than numbers for them");
    for (std::uint32_t i = capacity(); i-- != 0;) {
        entries_[i] = {.page = {},
                       .chain = kNone,
                       .chain_next = kNone,
                       .older = kNone,
                       .newer = free_,
                       .instance = 0,
                       .note = 0};
        free_ = i;
    }
}

std::uint32_t GhostTable::chain_of(PageId page) const {
    // Multiplied by odd constants (the golden ratio's, and a prime of xxHash) and mixed: neighbours in one
    // space spread.
    std::uint32_t hash = (page.page * 0x9E3779B1U) ^ (page.owner * 0x85EBCA77U);
    hash ^= hash >> 15;
    hash *= 0xC2B2AE3DU;
    return static_cast<std::uint32_t>((std::uint64_t{hash} * capacity()) >> 32);
}

std::uint32_t GhostTable::find(InstanceId instance, PageId page) const {
    std::uint32_t at = entries_.empty() ? kNone : entries_[chain_of(page)].chain;
    while (at != kNone && !(entries_[at].page == page && entries_[at].instance == instance)) {
        at = entries_[at].chain_next;
    }
    return at;
}

void GhostTable::release(std::uint32_t entry) {
    std::uint32_t* link = &entries_[chain_of(entries_[entry].page)].chain;
    while (*link != entry) {
        link = &entries_[*link].chain_next;
    }
    *link = entries_[entry].chain_next;
    entries_[entry].instance = 0;
    entries_[entry].newer = free_;
    free_ = entry;
    --count_;
}

bool GhostTable::check_invariants() const {
    std::uint32_t chained = 0;
    for (std::uint32_t i = 0; i < capacity(); ++i) {
        for (std::uint32_t at = entries_[i].chain; at != kNone; at = entries_[at].chain_next) {
            const GhostEntry& entry = entries_[at];
            if (++chained > capacity() || entry.instance == 0 || chain_of(entry.page) != i ||
                find(entry.instance, entry.page) != at) {
                return false;
            }
        }
    }
    std::uint32_t unused = 0;
    for (std::uint32_t at = free_; at != kNone; at = entries_[at].newer) {
        if (++unused > capacity() || entries_[at].instance != 0) {
            return false;
        }
    }
    return chained == count_ && unused == capacity() - count_;
}

std::optional<std::uint16_t> Ghosts::take(PageId page) {
    const std::uint32_t entry = table_ != nullptr ? table_->find(instance_, page) : GhostTable::kNone;
    if (entry == GhostTable::kNone) {
        return std::nullopt;
    }
    forget(entry);
    return table_->entries_[entry].note;
}

void Ghosts::remember(PageId page, std::uint32_t limit, std::uint16_t note) {
    if (table_ == nullptr) {
        return;
    }
    take(page);  // It may have been forgotten in time that the page came back: an order has each page once.
    if (limit == 0 || (table_->free_ == GhostTable::kNone && count_ == 0)) {
        return trim(limit);
    }
    trim(table_->free_ == GhostTable::kNone ? count_ - 1 : count_);
    const std::uint32_t at = table_->free_;
    const std::span<GhostEntry> entries = table_->entries_;
    table_->free_ = entries[at].newer;
    ++table_->count_;
    std::uint32_t& chain = entries[table_->chain_of(page)].chain;
    entries[at].page = page;
    entries[at].instance = instance_;
    entries[at].note = note;
    entries[at].chain_next = chain;
    chain = at;
    entries[at].older = newest_;
    entries[at].newer = GhostTable::kNone;
    (newest_ == GhostTable::kNone ? oldest_ : entries[newest_].newer) = at;
    newest_ = at;
    ++count_;
    trim(limit);
}

void Ghosts::trim(std::uint32_t limit) {
    while (count_ > limit) {
        forget(oldest_);
    }
}

void Ghosts::forget(std::uint32_t entry) {
    const std::span<GhostEntry> entries = table_->entries_;
    const std::uint32_t older = entries[entry].older;
    const std::uint32_t newer = entries[entry].newer;
    (older == GhostTable::kNone ? oldest_ : entries[older].newer) = newer;
    (newer == GhostTable::kNone ? newest_ : entries[newer].older) = older;
    --count_;
    table_->release(entry);
}

bool Ghosts::check_invariants() const {
    std::uint32_t found = 0;
    std::uint32_t previous = GhostTable::kNone;
    for (std::uint32_t at = oldest_; at != GhostTable::kNone; at = table_->entries_[at].newer) {
        const GhostEntry& entry = table_->entries_[at];
        if (++found > count_ || entry.instance != instance_ || entry.older != previous ||
            table_->find(instance_, entry.page) != at) {
            return false;
        }
        previous = at;
    }
    return found == count_ && previous == newest_;
}

}  // namespace mm
