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
        return PageFlags(static_cast<std::uint8_t>(bits_ & ~flags.bits_));
    }
    /// What this set and `flags` have in common.
    [[nodiscard]] constexpr PageFlags only(PageFlags flags) const {
        return PageFlags(static_cast<std::uint8_t>(bits_ & flags.bits_));
    }
    friend constexpr PageFlags operator|(PageFlags a, PageFlags b) {
        return PageFlags(static_cast<std::uint8_t>(a.bits_ | b.bits_));
    }
    friend constexpr bool operator==(PageFlags, PageFlags) = default;

  private:
    explicit constexpr PageFlags(std::uint8_t bits) : bits_(bits) {}
    friend struct page_flags;

    std::uint8_t bits_ = 0;
};

/// The flags: `page_flags::kWritable | page_flags::kUser`.
struct page_flags {
    static constexpr PageFlags kReadOnly{0};  ///< No flag: the kernel may read.
    static constexpr PageFlags kWritable{1};
    static constexpr PageFlags kUser{2};      ///< Programs may use the page too.
    static constexpr PageFlags kUncached{4};  ///< For devices.
    static constexpr PageFlags kAccessed{8};  ///< Set by the CPU at the first use.
    static constexpr PageFlags kDirty{16};    ///< Set by the CPU at the first write.
    static constexpr PageFlags kOwned{32};    ///< The mapping owns its frame: unmapping hands the frame back.
};

}  // namespace mm
