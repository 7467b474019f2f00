// Half-open ranges [begin, end) of addresses, frames or pages.
#pragma once

#include "mm/core/address.hpp"

namespace mm {

/// [begin, end): `end` is the first element outside. begin == end is the empty range; begin > end never
/// occurs.
template <typename T>
struct Range {
    T begin{};
    T end{};

    [[nodiscard]] constexpr bool empty() const { return begin == end; }
    /// Elements inside: bytes, frames or pages.
    [[nodiscard]] constexpr auto size() const { return end - begin; }
    [[nodiscard]] constexpr bool contains(T element) const { return begin <= element && element < end; }
    [[nodiscard]] constexpr bool contains(Range other) const {
        return other.empty() || (begin <= other.begin && other.end <= end);
    }
    [[nodiscard]] constexpr bool overlaps(Range other) const {
        return begin < other.end && other.begin < end;
    }
    /// What both have; an empty range where that is nothing.
    [[nodiscard]] constexpr Range intersection(Range other) const {
        const T low = begin < other.begin ? other.begin : begin;
        const T high = end < other.end ? end : other.end;
        return low < high ? Range{low, high} : Range{low, low};
    }
    friend constexpr bool operator==(Range, Range) = default;
};

using PhysRange = Range<PhysAddr>;
using VirtRange = Range<VirtAddr>;
using FrameRange = Range<FrameNumber>;
using PageRange = Range<PageNumber>;

/// The whole frames inside `bytes`: rounded inward. For memory that may be used. `bytes` must end below 16
/// TiB.
constexpr FrameRange whole_frames(PhysRange bytes) {
    const FrameNumber begin = (bytes.begin + (kPageSize - 1)).frame();
    const FrameNumber end = bytes.end.frame();
    return begin < end ? FrameRange{begin, end} : FrameRange{begin, begin};
}

/// Every frame that `bytes` touches: rounded outward. For memory that must be left alone. An empty range
/// touches none. `bytes` must end below 16 TiB.
constexpr FrameRange touched_frames(PhysRange bytes) {
    if (bytes.empty()) {
        return {bytes.begin.frame(), bytes.begin.frame()};
    }
    return {bytes.begin.frame(), (bytes.end + (kPageSize - 1)).frame()};
}

}  // namespace mm
