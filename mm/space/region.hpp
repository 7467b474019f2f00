// A region: a run of pages of one address space with the same rights and the same source of contents.
//
//   object pages      object_page ... object_page + pages.size()
//                          |                  |
//   address space    [pages.begin ....... pages.end)
//
// Owns nothing: the node, its place in the tree (region_set.hpp) and its place in its object's list belong to
// the address space that made it. `pages` is changed by the RegionSet alone while the region is in one; the
// rest by the address space.
#pragma once

#include <cstdint>

#include "mm/core/balanced_tree.hpp"
#include "mm/core/range.hpp"

namespace mm {

class PageObject;

/// What programs may do with a page: a set of the rights below. Page tables without an execute bit cannot
/// keep these apart: there any right includes reading and executing.
class Protection {
  public:
    constexpr Protection() = default;

    [[nodiscard]] constexpr bool has(Protection rights) const {
        return (bits_ & rights.bits_) == rights.bits_;
    }
    [[nodiscard]] constexpr bool none() const { return bits_ == 0; }
    [[nodiscard]] constexpr Protection without(Protection rights) const {
        return Protection(static_cast<std::uint8_t>(bits_ & ~rights.bits_));
    }
    friend constexpr Protection operator|(Protection a, Protection b) {
        return Protection(static_cast<std::uint8_t>(a.bits_ | b.bits_));
    }
    friend constexpr bool operator==(Protection, Protection) = default;

    /// Linux's PROT_READ, PROT_WRITE and PROT_EXEC are the same bits.
    [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
    static constexpr Protection from_bits(std::uint8_t bits) { return Protection(bits); }

  private:
    explicit constexpr Protection(std::uint8_t bits) : bits_(bits) {}

    std::uint8_t bits_ = 0;
};

namespace protection {
inline constexpr Protection kNone{};
inline constexpr Protection kRead = Protection::from_bits(1);
inline constexpr Protection kWrite = Protection::from_bits(2);
inline constexpr Protection kExecute = Protection::from_bits(4);
inline constexpr Protection kAll = kRead | kWrite | kExecute;
}  // namespace protection

/// Who sees what is written.
enum class Sharing : std::uint8_t {
    kPrivate,  ///< This address space alone.
    kShared,   ///< Everybody who maps the same object.
};

/// Whether a region gets larger by itself.
enum class Growth : std::uint8_t {
    kFixed,
    kDown,  ///< A stack: a fault a little below it extends it.
};

/// Pages kept free below a region that grows down, so that it never meets its neighbour unseen. [linux]
/// stack_guard_gap
inline constexpr PageCount kGuardPages = 256;

class AddressSpaceBase;

/// One region. A node of its address space's RegionSet and of its object's list of regions.
struct Region : TreeNode<Region> {
    PageRange pages;
    Protection protection;
    Protection allowed = protection::kAll;  ///< The most that `protection` may become.
    Sharing sharing = Sharing::kPrivate;
    Growth growth = Growth::kFixed;
    PageObject* object = nullptr;   ///< Null: anonymous and private.
    std::uint32_t object_page = 0;  ///< The object's page that stands at pages.begin; 0 without an object.
    AddressSpaceBase* space = nullptr;  ///< Whose region this is, for those who come from the object.
    Region* object_next = nullptr;      ///< The object's list of regions: the object's.
    Region* object_previous = nullptr;

    /// The page of the object that stands at `page` of this region.
    [[nodiscard]] std::uint32_t object_page_at(PageNumber page) const {
        return object_page + (page - pages.begin);
    }
    /// Where this region's claim to addresses begins: its guard gap included.
    [[nodiscard]] PageNumber claimed_begin() const {
        const PageCount guard = growth == Growth::kDown ? kGuardPages : 0;
        return PageNumber(pages.begin.value() > guard ? pages.begin.value() - guard : 0);
    }
    /// Whether `upper` begins where this one ends and goes on with the same rights and the same contents: the
    /// two could be one region.
    [[nodiscard]] bool continues_with(const Region& upper) const {
        return pages.end == upper.pages.begin && protection == upper.protection && allowed == upper.allowed &&
               sharing == upper.sharing && growth == upper.growth && object == upper.object &&
               (object == nullptr || object_page_at(pages.end) == upper.object_page);
    }

  private:
    friend struct RegionGaps;

    // RegionGaps: about all regions of the subtree.
    PageNumber subtree_begin_;   // Where the lowest one begins,
    PageNumber subtree_end_;     // where the highest one ends,
    PageCount subtree_gap_ = 0;  // and the longest run of free pages between two of them.
};

}  // namespace mm
