// The firmware's memory map, cleaned: from any pile of entries to sorted ranges of usable frames.
//
// Owns: the order and meaning of the entries in the caller's storage. Never: allocates, reads physical
// memory, or trusts an entry. Entries may be unsorted, overlapping, duplicated, empty, wrapping, above 4 GiB.
//
// The one rule (A7): a frame is usable iff EVERY byte of it lies in some usable entry and NO byte of it lies
// in an entry of another kind. So usable memory rounds inward and everything else outward, by construction.
//
//   usable     |=====================|      |==|===========|    two entries that meet inside a frame
//   reserved            |---|                                   give that frame
//   frames     |   #   |   .   |   #  | .    | # |   #   |      (# usable)
//
// How: `clean` sorts the entries by kind and address and merges those of a kind that touch. That never needs
// more room than the entries themselves, whereas cutting them into non-overlapping pieces could double their
// number; the pieces are therefore worked out while they are read, by walking the five sorted lists side by
// side.
//
// Invariants, after `clean`:
//   I1  entries are ordered by kind, then by address;
//   I2  entries of one kind neither overlap nor touch, and none is empty;
//   I3  a map that lost precision (see `lost_entries`) gives a subset of the frames the exact one gives.
//
// Cost: `add` O(1); `clean` O(n log n), no recursion; every walk O(n). A PC's seven entries: a few thousand
// instructions in all. Who may call: the boot processor before memory is up, later anyone who holds it const.
// The last byte of the 64-bit address space is not represented; its frame is never usable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "mm/core/range.hpp"
#include "mm/map/walk.hpp"

namespace mm {

/// What a range of physical addresses is. Where entries overlap, the later enumerator wins: the more
/// restrictive one, in the order that Linux uses for the same map.
enum class MemoryKind : std::uint8_t {
    kUsable,           ///< RAM that nobody claims.
    kReserved,         ///< Not ours: firmware, devices, or a type that we do not know.
    kAcpiReclaimable,  ///< RAM with ACPI tables in it. Left alone.
    kAcpiNvs,          ///< RAM that the firmware keeps over sleep.
    kBad,              ///< RAM known to be broken.
};
inline constexpr std::size_t kMemoryKinds = 5;

/// A byte range of one kind. Zero-initialised storage of these costs no space in an image file.
struct MapEntry {
    PhysRange bytes;
    MemoryKind kind{};
    friend constexpr bool operator==(const MapEntry&, const MapEntry&) = default;
};

/// Frames from here on are counted, never given: a 32-bit kernel without PAE cannot map them.
inline constexpr PhysAddr kFourGiB{std::uint64_t{4} << 30};

class MemoryMap;

/// Reads a clean map as sorted, non-overlapping, maximal typed ranges. Use through MemoryMap::entries().
class EntryCursor {
  public:
    explicit EntryCursor(const MemoryMap& map);
    /// The next range; nothing at the end. Amortised O(1).
    std::optional<MapEntry> next();

  private:
    struct List {
        const MapEntry* begin;
        const MapEntry* end;
    };
    std::array<List, kMemoryKinds> lists_;  // Of each kind, the entries that end after at_.
    PhysAddr at_;
};

/// Reads a clean map as sorted, disjoint, maximal ranges of usable frames below 4 GiB. Use through
/// MemoryMap::usable().
class UsableCursor {
  public:
    explicit UsableCursor(const MemoryMap& map) : entries_(map) {}
    std::optional<FrameRange> next();

  private:
    EntryCursor entries_;
};

class MemoryMap {
  public:
    /// With fewer entries of storage than this a full map could not be coarsened.
    static constexpr std::size_t kMinimumStorage = 8;

    /// A map that keeps its entries in `storage`, which must outlive it. Panics below kMinimumStorage
    /// entries.
    explicit MemoryMap(std::span<MapEntry> storage);

    /// Adds [base, base + length) as `kind`. Empty entries vanish. An entry that runs past 2^64 is nonsense:
    /// a usable one is ignored and counted, any other is clipped and kept. When the storage is full, and
    /// merging frees less than a quarter of it, the map is coarsened (I3): up to three quarters of the
    /// storage in disjoint ranges are exact. O(1); amortised O(log n) when the storage is full. Makes the map
    /// unclean.
    void add(PhysAddr base, std::uint64_t length, MemoryKind kind);

    /// Sorts and merges; establishes I1 and I2. May be called again after further `add`s. O(n log n).
    void clean();

    // All below need a clean map and panic on any other.

    /// Sorted, disjoint, maximal ranges of usable frames below 4 GiB. A walk is O(n).
    [[nodiscard]] Walk<UsableCursor> usable() const { return Walk(UsableCursor(*this)); }
    /// Sorted, non-overlapping, maximal typed byte ranges; what no entry covers is absent. A walk is O(n).
    [[nodiscard]] Walk<EntryCursor> entries() const { return Walk(EntryCursor(*this)); }
    /// Usable frames below 4 GiB: the firmware's total. O(n).
    [[nodiscard]] FrameCount usable_frames() const;
    /// Usable frames at or above 4 GiB, which are left alone. O(n).
    [[nodiscard]] std::uint64_t above_4g_frames() const;
    /// The first frame past the last usable one below 4 GiB; frame 0 when there is none. O(n).
    [[nodiscard]] FrameNumber usable_end() const;
    /// Whether all of `frames` is usable and below 4 GiB. An empty range is. O(n).
    [[nodiscard]] bool is_usable(FrameRange frames) const;

    /// Usable entries that were ignored because they run past 2^64.
    [[nodiscard]] std::uint32_t wrapped_entries() const { return wrapped_entries_; }
    /// Entries that were dropped, joined over a gap or turned to plain reserved for want of storage. 0: the
    /// map is exact.
    [[nodiscard]] std::uint32_t lost_entries() const { return lost_entries_; }

    /// Panics when I1 or I2 is broken. O(n).
    void check_invariants() const;

  private:
    friend class EntryCursor;

    static constexpr PhysAddr kTop{std::numeric_limits<std::uint64_t>::max()};

    [[nodiscard]] std::span<MapEntry> held() const { return storage_.first(size_); }
    void make_room();
    void merge_neighbours();
    void lower_resolution(std::uint64_t bytes);

    std::span<MapEntry> storage_;
    std::size_t size_ = 0;
    std::uint32_t wrapped_entries_ = 0;
    std::uint32_t lost_entries_ = 0;
    bool clean_ = true;
};

}  // namespace mm
