#include "mm/map/multiboot_map.hpp"

namespace mm {
namespace {

/// The little-endian number at `offset`. Byte by byte: entries need not be aligned.
template <typename Number>
Number number_at(std::span<const std::byte, MultibootMapEntry::kBytes> raw, std::size_t offset) {
    Number value = 0;
    for (std::size_t i = sizeof(Number); i-- > 0;) {
        value = static_cast<Number>(value << 8 | std::to_integer<Number>(raw[offset + i]));
    }
    return value;
}

/// A type that we do not know means memory that we do not touch.
MemoryKind kind_of(std::uint32_t multiboot_type) {
    switch (multiboot_type) {
        case 1:
            return MemoryKind::kUsable;
        case 3:
            return MemoryKind::kAcpiReclaimable;
        case 4:
            return MemoryKind::kAcpiNvs;
        case 5:
            return MemoryKind::kBad;
        default:
            return MemoryKind::kReserved;
    }
}

}  // namespace

MultibootMapEntry MultibootMapEntry::decode(std::span<const std::byte, kBytes> raw) {
    return {
        .size = number_at<std::uint32_t>(raw, 0),
        .base = PhysAddr(number_at<std::uint64_t>(raw, 4)),
        .length = number_at<std::uint64_t>(raw, 12),
        .kind = kind_of(number_at<std::uint32_t>(raw, 20)),
    };
}

void add_basic_memory(MemoryMap& map, std::uint32_t lower_kib, std::uint32_t upper_kib) {
    constexpr std::uint64_t kKiB = 1024;
    constexpr std::uint32_t kMostLowerKib = 640;
    map.add(PhysAddr(0), (lower_kib < kMostLowerKib ? lower_kib : kMostLowerKib) * kKiB, MemoryKind::kUsable);
    map.add(PhysAddr(1024 * kKiB), upper_kib * kKiB, MemoryKind::kUsable);
}

}  // namespace mm
