// The Multiboot 1 memory map, as raw bytes somewhere in physical memory -> MemoryMap.
//
// Owns: the layout of the loader's map. Never: trusts it. The bytes may end anywhere, lie anywhere and claim
// any length; every read goes through the caller's reader, and the work is bounded by kMaxMultibootEntries.
//
//   offset  0        4                12               20        24          4 + size
//           |  size  |  base address  |     length     |  type   | (ignored)  | next entry ...
//            u32      u64              u64              u32
//
// `size` does not count itself, and 20 is its least value. From an entry with a smaller one the next cannot
// be found, so the map ends there; an entry that does not lie wholly inside the map's bytes is not part of
// it. What came before counts. Layout: Multiboot Specification 0.6.96, 3.3 "Boot information format".
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/map/memory_map.hpp"

namespace mm {

/// More entries than this are not read. Real maps have fewer than 200; this one bounds a hostile loader's
/// effect on the time to boot.
inline constexpr std::uint32_t kMaxMultibootEntries = 65536;

/// Why reading a map stopped.
enum class MultibootMapEnd : std::uint8_t {
    kComplete,    ///< At its end.
    kCutShort,    ///< In the middle of an entry.
    kMalformed,   ///< At an entry whose size is below 20.
    kUnreadable,  ///< Where the reader failed.
    kTooMany,     ///< After kMaxMultibootEntries entries.
};

/// A phrase for `end` that completes "the memory map ...".
constexpr const char* to_string(MultibootMapEnd end) {
    switch (end) {
        case MultibootMapEnd::kComplete:
            return "is complete";
        case MultibootMapEnd::kCutShort:
            return "ends inside an entry";
        case MultibootMapEnd::kMalformed:
            return "has an entry too small to be one";
        case MultibootMapEnd::kUnreadable:
            return "lies outside memory";
        case MultibootMapEnd::kTooMany:
            return "has too many entries";
    }
    return "is unknown";
}

struct MultibootMapReport {
    std::uint32_t entries = 0;  ///< Entries that were added.
    std::uint32_t bytes = 0;    ///< That they take up, from the map's beginning.
    MultibootMapEnd end = MultibootMapEnd::kComplete;
};

/// Copies `to.size()` bytes of physical memory at `from` into `to`; false when it cannot.
template <typename T>
concept PhysicalReader = requires(T& read, PhysAddr from, std::span<std::byte> to) {
    { read(from, to) } -> std::same_as<bool>;
};

/// One entry's fixed part, decoded.
struct MultibootMapEntry {
    static constexpr std::size_t kBytes = 24;      ///< From the size field to the type, both included.
    static constexpr std::uint32_t kMinSize = 20;  ///< The least value of `size`.

    std::uint32_t size;  ///< Bytes that follow the size field.
    PhysAddr base;
    std::uint64_t length;
    MemoryKind kind;

    static MultibootMapEntry decode(std::span<const std::byte, kBytes> raw);
};

/// Adds every entry of the map of `length` bytes at `at` to `map`. O(entries), at most kMaxMultibootEntries.
template <PhysicalReader Reader>
MultibootMapReport add_multiboot_map(MemoryMap& map, PhysAddr at, std::uint32_t length, Reader&& read) {
    MultibootMapReport report;
    std::uint64_t left = length;
    while (left > 0) {
        if (report.entries == kMaxMultibootEntries) {
            report.end = MultibootMapEnd::kTooMany;
            break;
        }
        if (left < MultibootMapEntry::kBytes) {
            report.end = MultibootMapEnd::kCutShort;
            break;
        }
        std::array<std::byte, MultibootMapEntry::kBytes> raw{};
        if (!read(at, std::span<std::byte>(raw))) {
            report.end = MultibootMapEnd::kUnreadable;
            break;
        }
        const MultibootMapEntry entry = MultibootMapEntry::decode(raw);
        if (entry.size < MultibootMapEntry::kMinSize) {
            report.end = MultibootMapEnd::kMalformed;
            break;
        }
        const std::uint64_t whole = std::uint64_t{entry.size} + sizeof(entry.size);
        if (whole > left) {
            report.end = MultibootMapEnd::kCutShort;
            break;
        }
        map.add(entry.base, entry.length, entry.kind);
        ++report.entries;
        report.bytes += static_cast<std::uint32_t>(whole);
        at = at + whole;
        left -= whole;
    }
    return report;
}

/// What a loader without a memory map still tells: `lower_kib` KiB of memory from address 0, of which the
/// specification allows at most 640 (what is claimed beyond is not memory but the ISA hole), and `upper_kib`
/// KiB from 1 MiB to the first hole above it.
void add_basic_memory(MemoryMap& map, std::uint32_t lower_kib, std::uint32_t upper_kib);

}  // namespace mm
