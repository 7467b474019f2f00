// Copies bytes out of physical memory, wherever they lie: for what the loader and the firmware left.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kernel/arch/i686/window.hpp"
#include "mm/core/address.hpp"

namespace kernel {

/// A mm::PhysicalReader through the window. Reading where there is no memory gives whatever the bus answers.
class PhysicalReader {
  public:
    explicit PhysicalReader(Window& window) : window_(window) {}

    /// Fills `to` with the bytes at `from`. False, with `to` undefined, when they do not all lie below 4 GiB.
    bool operator()(mm::PhysAddr from, std::span<std::byte> to);
    /// Reads a T as it lies in memory.
    template <typename T>
    bool read(mm::PhysAddr from, T& to) {
        return (*this)(from, std::as_writable_bytes(std::span<T, 1>(&to, 1)));
    }
    /// Copies the NUL-terminated text at `from` into `to` and returns the part of `to` it fills, without the
    /// NUL. Longer texts are cut; one that cannot be read is empty.
    std::string_view read_text(mm::PhysAddr from, std::span<char> to);
    /// Bytes of the text at `from` without its NUL, `limit` at most.
    std::size_t text_length(mm::PhysAddr from, std::size_t limit);

  private:
    Window& window_;
};

}  // namespace kernel
