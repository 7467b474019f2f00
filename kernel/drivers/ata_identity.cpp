#include "kernel/drivers/ata_identity.hpp"

namespace kernel {
namespace {

constexpr std::size_t kCapabilities = 49;
constexpr std::uint16_t kDma = 1U << 8;
constexpr std::uint16_t kLba = 1U << 9;
constexpr std::size_t kSectors28 = 60;  // two words
constexpr std::size_t kCommandSets = 83;
constexpr std::uint16_t kHas48Bits = 1U << 10;
constexpr std::uint16_t kValidityMask = 0xC000;  // of word 83: these two bits are 01 when it means anything
constexpr std::uint16_t kValid = 0x4000;
constexpr std::size_t kSectors48 = 100;  // four words

std::uint64_t number_at(const AtaIdentityWords& words, std::size_t first, std::size_t count) {
    std::uint64_t number = 0;
    for (std::size_t i = count; i > 0; --i) {
        number = number << 16 | words[first + i - 1];
    }
    return number;
}

}  // namespace

std::optional<AtaIdentity> parse_ata_identity(const AtaIdentityWords& words) {
    if ((words[kCapabilities] & (kDma | kLba)) != (kDma | kLba)) {
        return std::nullopt;
    }
    AtaIdentity identity{.sector_count = number_at(words, kSectors28, 2)};
    const std::uint16_t sets = words[kCommandSets];
    if ((sets & kValidityMask) == kValid && (sets & kHas48Bits) != 0) {
        identity = {.sector_count = number_at(words, kSectors48, 4), .addressing = AtaAddressing::kLba48};
    }
    return identity.sector_count == 0 ? std::nullopt : std::optional(identity);
}

}  // namespace kernel
