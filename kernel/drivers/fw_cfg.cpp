#include "kernel/drivers/fw_cfg.hpp"

#include <array>
#include <bit>

#include "kernel/arch/i686/port.hpp"

namespace kernel::fw_cfg {
namespace {

constexpr port::Port kSelector = 0x510;
constexpr port::Port kData = 0x511;
constexpr std::uint16_t kSignatureKey = 0x0000;
constexpr std::uint16_t kDirectoryKey = 0x0019;

// Numbers in the directory are big-endian.
struct DirectoryEntry {
    std::uint32_t size;
    std::uint16_t key;
    std::uint16_t reserved;
    std::array<char, 56> name;
};
static_assert(sizeof(DirectoryEntry) == 64);

std::uint16_t from_big_endian(std::uint16_t value) {
    return static_cast<std::uint16_t>((value << 8) | (value >> 8));
}
std::uint32_t from_big_endian(std::uint32_t value) {
    return __builtin_bswap32(value);
}

void select(std::uint16_t key) {
    port::out16(kSelector, key);
}

template <typename T>
T read_object() {
    std::array<char, sizeof(T)> bytes;
    read(bytes);
    return std::bit_cast<T>(bytes);
}

bool is_present() {
    select(kSignatureKey);
    return read_object<std::array<char, 4>>() == std::array<char, 4>{'Q', 'E', 'M', 'U'};
}

}  // namespace

std::optional<File> open(std::string_view name) {
    if (!is_present()) {
        return std::nullopt;
    }
    select(kDirectoryKey);
    for (std::uint32_t left = from_big_endian(read_object<std::uint32_t>()); left > 0; --left) {
        const auto entry = read_object<DirectoryEntry>();
        if (std::string_view(entry.name.data(), entry.name.size()).starts_with(name) &&
            name.size() < entry.name.size() && entry.name[name.size()] == '\0') {
            const File file = {.key = from_big_endian(entry.key), .size_bytes = from_big_endian(entry.size)};
            select(file.key);
            return file;
        }
    }
    return std::nullopt;
}

void read(std::span<char> to) {
    port::read_bytes(kData, to.data(), to.size());
}

}  // namespace kernel::fw_cfg
