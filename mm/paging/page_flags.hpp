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
    friend struct page_flags;

    std::uint16_t bits_ = 0;
};

/// The flags: `page_flags::kWritable | page_flags::kUser`. Each bit is where x86's entries have it, so
/// that its layouts translate a whole set with one mask.
struct page_flags {
    static constexpr PageFlags kReadOnly{0};  ///< No flag: the kernel may read.
    static constexpr PageFlags kWritable{0x02};
    static constexpr PageFlags kUser{0x04};      ///< Programs may use the page too.
    static constexpr PageFlags kUncached{0x10};  ///< For devices.
    static constexpr PageFlags kAccessed{0x20};  ///< Set by the CPU at the first use.
    static constexpr PageFlags kDirty{0x40};     ///< Set by the CPU at the first write.
    static constexpr PageFlags kOwned{
        0x200};  ///< The mapping owns its frame: unmapping hands the frame back.
};

}  // namespace mm
