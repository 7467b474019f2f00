// The ChaCha20 block function: a key, a counter and a nonce in, 64 bytes that look random out. [rfc8439] 2.3
//
// Pure. Cost: about 1,300 instructions a block.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kernel {

class ChaCha20 {
  public:
    using Key = std::array<std::uint32_t, 8>;
    using Nonce = std::array<std::uint32_t, 3>;
    using Block = std::array<std::uint32_t, 16>;

    static constexpr Block block(const Key& key, std::uint32_t counter, const Nonce& nonce) {
        Block first{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
        for (std::size_t index = 0; index < key.size(); ++index) {
            first[4 + index] = key[index];
        }
        first[12] = counter;
        for (std::size_t index = 0; index < nonce.size(); ++index) {
            first[13 + index] = nonce[index];
        }
        Block state = first;
        for (int round = 0; round < 20; round += 2) {
            for (std::size_t column = 0; column < 4; ++column) {
                quarter_round(state[column], state[4 + column], state[8 + column], state[12 + column]);
            }
            for (std::size_t column = 0; column < 4; ++column) {
                quarter_round(state[column], state[4 + (column + 1) % 4], state[8 + (column + 2) % 4],
                              state[12 + (column + 3) % 4]);
            }
        }
        for (std::size_t index = 0; index < state.size(); ++index) {
            state[index] += first[index];
        }
        return state;
    }

  private:
    static constexpr void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c,
                                        std::uint32_t& d) {
        a += b;
        d = std::rotl(d ^ a, 16);
        c += d;
        b = std::rotl(b ^ c, 12);
        a += b;
        d = std::rotl(d ^ a, 8);
        c += d;
        b = std::rotl(b ^ c, 7);
    }
};

}  // namespace kernel
