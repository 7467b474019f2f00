#include "kernel/random.hpp"

#include <algorithm>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/hardware_random.hpp"
#include "kernel/chacha20.hpp"

namespace kernel {
namespace {

/// The key of what is given out next, and what has been mixed in since.
class Generator {
  public:
    void mix_in(std::uint32_t value) {
        // Interrupt handlers call this: a word is changed at once or not at all.
        pool_[next_] = (pool_[next_] << 7 | pool_[next_] >> 25) ^ value;
        next_ = (next_ + 1) % pool_.size();
    }

    void fill(std::span<std::byte> bytes) {
        stir();
        std::uint32_t counter = 0;
        while (!bytes.empty()) {
            const ChaCha20::Block block = ChaCha20::block(key_, ++counter, {});
            const auto produced = std::as_bytes(std::span(block));
            const std::size_t count = std::min(bytes.size(), produced.size());
            std::copy_n(produced.begin(), count, bytes.begin());
            bytes = bytes.subspan(count);
        }
        replace_key();
    }

  private:
    /// Takes what has been mixed in, and the hardware's own, into the key.
    void stir() {
        for (std::size_t index = 0; index < key_.size(); ++index) {
            key_[index] ^= pool_[index] ^ hardware_random().value_or(0);
        }
        key_[0] ^= static_cast<std::uint32_t>(cpu::read_tsc());
        replace_key();
    }

    void replace_key() {
        const ChaCha20::Block block = ChaCha20::block(key_, 0, {});
        std::copy_n(block.begin(), key_.size(), key_.begin());
    }

    ChaCha20::Key key_{};
    ChaCha20::Key pool_{};
    std::size_t next_ = 0;
};

constinit Generator generator;

}  // namespace

void fill_with_random(std::span<std::byte> bytes) {
    generator.fill(bytes);
}

void mix_into_random(std::uint32_t value) {
    generator.mix_in(value);
}

}  // namespace kernel
