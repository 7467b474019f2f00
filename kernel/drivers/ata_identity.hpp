// What an ATA disk says about itself: the 256 words of IDENTIFY DEVICE, taken apart.
//
// Pure. [ata8-acs] 7.12.7
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace kernel {

inline constexpr std::size_t kAtaIdentityWords = 256;
using AtaIdentityWords = std::array<std::uint16_t, kAtaIdentityWords>;

/// With how many bits sectors are addressed.
enum class AtaAddressing : std::uint8_t { kLba28, kLba48 };

struct AtaIdentity {
    std::uint64_t sector_count = 0;
    AtaAddressing addressing = AtaAddressing::kLba28;
};

/// None for a device that has no sectors, does not address them by number, or cannot move them by DMA.
std::optional<AtaIdentity> parse_ata_identity(const AtaIdentityWords& words);

}  // namespace kernel
