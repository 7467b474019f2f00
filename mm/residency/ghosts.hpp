// Pages that were evicted and are remembered for a while: one that comes back soon was evicted too early.
//
//   GhostTable   entries given by the caller, shared by all instances, hashed by page
//   Ghosts       one instance's: the order in which it lost its pages, oldest first
//
// An instance sees its own ghosts only, so that what one program does changes nothing for another. Where the
// table is full, an instance that wants to remember one more page forgets its own oldest; one that has none
// remembers nothing: a table with an entry for each frame has room for all.
//
// I1 every entry is free, or in one chain (its page's) and in one instance's order.
// I2 no instance remembers a page twice.
// Cost: O(1) on average. Takes no memory. Callers serialize: no two calls for the same table at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/residency/resident_records.hpp"

namespace mm {

/// One remembered page. Entry i also holds the head of hash chain i.
struct GhostEntry {
    PageId page;
    std::uint32_t chain;       ///< First entry of the chain whose hash is this entry's number.
    std::uint32_t chain_next;  ///< The next entry of the chain that this page is in.
    std::uint32_t older;
    std::uint32_t newer;  ///< In a free entry: the next free one.
    InstanceId instance;  ///< 0: free.
    std::uint16_t note;   ///< Whatever the policy wants to know when the page comes back.
};

/// The entries. Only Ghosts change them.
class GhostTable {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    /// Writes `entries`, whatever they were, and keeps them for as long as it lives. O(entries).
    explicit GhostTable(std::span<GhostEntry> entries);
    GhostTable(const GhostTable&) = delete;
    GhostTable& operator=(const GhostTable&) = delete;
    ~GhostTable() = default;

    [[nodiscard]] std::uint32_t capacity() const { return static_cast<std::uint32_t>(entries_.size()); }
    /// Entries in use, by all instances.
    [[nodiscard]] std::uint32_t count() const { return count_; }
    /// Recounts chains and free entries. O(entries).
    [[nodiscard]] bool check_invariants() const;

  private:
    friend class Ghosts;
    [[nodiscard]] std::uint32_t chain_of(PageId page) const;
    [[nodiscard]] std::uint32_t find(InstanceId instance, PageId page) const;
    void release(std::uint32_t entry);

    std::span<GhostEntry> entries_;
    std::uint32_t free_ = kNone;
    std::uint32_t count_ = 0;
};

/// What one instance remembers, oldest first. Forgets all when it ends.
class Ghosts {
  public:
    /// In `table`, which may be null: then nothing is ever remembered.
    Ghosts(GhostTable* table, InstanceId instance) : table_(table), instance_(instance) {}
    Ghosts(const Ghosts&) = delete;
    Ghosts& operator=(const Ghosts&) = delete;
    ~Ghosts() { trim(0); }

    [[nodiscard]] std::uint32_t count() const { return count_; }
    /// The note of `page`, if it was remembered; forgets it.
    std::optional<std::uint16_t> take(PageId page);
    /// Remembers `page` as the newest, then forgets the oldest beyond `limit`.
    void remember(PageId page, std::uint32_t limit, std::uint16_t note = 0);
    /// Forgets the oldest beyond `limit`.
    void trim(std::uint32_t limit);
    /// The order against the table. O(count) on average.
    [[nodiscard]] bool check_invariants() const;

  private:
    void forget(std::uint32_t entry);

    GhostTable* table_;
    std::uint32_t oldest_ = GhostTable::kNone;
    std::uint32_t newest_ = GhostTable::kNone;
    std::uint32_t count_ = 0;
    InstanceId instance_;
};

}  // namespace mm
