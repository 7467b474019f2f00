// CRC-32 as gzip, zlib and Ethernet have it: to compare a module with the file it came from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kernel {

namespace detail {
constexpr std::array<std::uint32_t, 256> make_crc32_table() {
    constexpr std::uint32_t kReversedPolynomial = 0xedb8'8320;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t remainder = i;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder & 1) != 0 ? (remainder >> 1) ^ kReversedPolynomial : remainder >> 1;
        }
        table[i] = remainder;
    }
    return table;
}
}  // namespace detail

class Crc32 {
  public:
    void add(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            state_ = kTable[(state_ ^ static_cast<std::uint32_t>(byte)) & 0xff] ^ (state_ >> 8);
        }
    }
    [[nodiscard]] std::uint32_t value() const { return ~state_; }

  private:
    static constexpr std::array<std::uint32_t, 256> kTable = detail::make_crc32_table();

    std::uint32_t state_ = ~std::uint32_t{0};
};

}  // namespace kernel
