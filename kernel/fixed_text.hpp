// Text in a buffer of fixed size: a Sink that keeps what fits and drops the rest.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "kernel/files/printer.hpp"

namespace kernel {

template <std::size_t kCapacity>
class FixedText final : public Sink {
  public:
    void write(std::string_view bytes) override {
        const std::size_t count = bytes.size() < kCapacity - size_ ? bytes.size() : kCapacity - size_;
        bytes.copy(bytes_.data() + size_, count);
        size_ += count;
    }

    /// What has been kept so far; valid while this object lives and is not written to.
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

  private:
    std::array<char, kCapacity> bytes_;
    std::size_t size_ = 0;
};

}  // namespace kernel
