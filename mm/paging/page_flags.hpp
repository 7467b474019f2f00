// What a mapping allows, in words that every CPU understands; a layout turns them into bits of an entry.
#pragma once

#include <cstdint>

namespace mm {

/// A set of the flags below.
class PageFlags {
  public:
    constexpr PageFlags() = default;

    [[nodiscard]] constexpr bool has(PageFlags flags) const { return (bits_ & flags.bits_) == flags.bits_; }
    [[nodiscard]] constexpr PageFlags without(PageFlags flags) const {
        return PageFlags(static_cast<std::uint16_t>(bits_ & ~flags.bits_));
    }
    /// What this set and `flags` have in common.
    [[nodiscard]] constexpr PageFlags only(PageFlags flags) const {
        return PageFlags(static_cast<std::uint16_t>(bits_ & flags.bits_));
    }
    friend constexpr PageFlags operator|(PageFlags a, PageFlags b) {
        return PageFlags(static_cast<std::uint16_t>(a.bits_ | b.bits_));
    }
    friend constexpr bool operator==(PageFlags, PageFlags) = default;

    /// The flags as the layouts see them; nobody else looks.
    [[nodiscard]] constexpr std::uint16_t bits() const { return bits_; }
    static constexpr PageFlags from_bits(std::uint16_t bits) { return PageFlags(bits); }

  private:
    explicit constexpr PageFlags(std::uint16_t bits) : bits_(bits) {}

    std::uint16_t bits_ = 0;
};

/// The flags: `page_flags::kWritable | page_flags::kUser`. Each bit is where x86's entries have it, so
/// that its layouts translate a whole set with one mask.
namespace page_flags {
inline constexpr PageFlags kReadOnly{};  ///< No flag: the kernel may read.
inline constexpr PageFlags kWritable = PageFlags::from_bits(1U << 1);
inline constexpr PageFlags kUser = PageFlags::from_bits(1U << 2);      ///< Programs may use the page too.
inline constexpr PageFlags kUncached = PageFlags::from_bits(1U << 4);  ///< For devices.
inline constexpr PageFlags kAccessed = PageFlags::from_bits(1U << 5);  ///< Set by the CPU at the first use.
inline constexpr PageFlags kDirty = PageFlags::from_bits(1U << 6);     ///< Set by the CPU at the first write.
/// The mapping has a reference on its frame: when the last one goes, unmapping hands the frame back.
inline constexpr PageFlags kOwned = PageFlags::from_bits(1U << 9);
/// Said of an entry only, never asked for: it keeps its frame, but the CPU may not use it (see layout_i686.hpp).
inline constexpr PageFlags kParked = PageFlags::from_bits(1U << 10);
/// Said of an entry only, never asked for: it names a slot, not a frame. Then it is the only flag.
inline constexpr PageFlags kStored = PageFlags::from_bits(1U << 11);
}  // namespace page_flags

}  // namespace mm
