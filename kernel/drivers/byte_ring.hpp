// Bytes from an interrupt handler to the code that reads them: a ring with room for kCapacity.
//
// One writer, one reader, one CPU: the reader turns interrupts off around pop.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <optional>

namespace kernel {

template <std::size_t kCapacity>
class ByteRing {
    static_assert(std::has_single_bit(kCapacity));

  public:
    [[nodiscard]] bool empty() const { return read_ == written_; }
    [[nodiscard]] bool full() const { return written_ - read_ == kCapacity; }
    /// Bytes that can still be added.
    [[nodiscard]] std::size_t room() const { return kCapacity - (written_ - read_); }

    /// Adds `byte`; dropped when full.
    void push(char byte) {
        if (!full()) {
            bytes_[written_++ % kCapacity] = byte;
        }
    }
    /// The oldest byte; none when empty.
    std::optional<char> pop() {
        if (empty()) {
            return std::nullopt;
        }
        return bytes_[read_++ % kCapacity];
    }

  private:
    std::array<char, kCapacity> bytes_{};
    std::size_t read_ = 0;  // both count up for ever and wrap: their difference is what is inside
    std::size_t written_ = 0;
};

}  // namespace kernel
