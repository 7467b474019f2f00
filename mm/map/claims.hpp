// What inside usable memory is spoken for before an allocator exists: the kernel's image, the modules, the
// boot information; and the first frames that are handed out, for the allocator's own tables.
//
// Owns: a list of claimed frame ranges in the caller's storage. Never: decides what a tag means (that is the
// embedder's), reads memory, or gives a claimed frame away. A claim may cover anything, memory that the map
// does not give included: the walk shows claims only where memory is usable.
//
// Invariants:
//   I1  claims are sorted by frame, not empty, and do not overlap;
//   I2  touching claims have different tags.
// Where claims overlap, the LOWER tag wins, whatever their order of arrival.
//
// Cost: O(claims) an operation, O(map entries + claims) for `take` and a walk. A boot makes a few dozen
// claims. Who may call: the boot processor before the allocator takes over.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/map/memory_map.hpp"

namespace mm {

/// Who claims: a number that only the embedder understands. The lower one wins an overlap.
enum class ClaimTag : std::uint8_t {};

struct Claim {
    FrameRange frames;
    ClaimTag tag{};
    friend constexpr bool operator==(const Claim&, const Claim&) = default;
};

/// Every frame below 4 GiB.
inline constexpr FrameRange kAllFrames{FrameNumber(0), kFourGiB.frame()};

class ClaimList {
  public:
    /// A list that keeps its claims in `storage`, which must outlive it.
    explicit constexpr ClaimList(std::span<Claim> storage) : storage_(storage) {}

    /// Claims `frames` for `tag`, except those that a lower tag has; takes over those that a higher tag has.
    /// Needs room for one claim more, and one for each claim it overlaps. An empty range claims nothing.
    /// Error: kNoMemory when that room is not there; nothing has changed then.
    [[nodiscard]] Result<void> claim(FrameRange frames, ClaimTag tag);

    /// Early allocation: the lowest `count` (at least 1) contiguous frames inside `within` that `map` gives
    /// and nobody claims, recorded as a claim of `tag`. Say in `within` which memory is to be spared: ISA DMA
    /// can only reach the lowest, so ask above it first. Error: kNoMemory when there is no such run, or no
    /// room for the claim; nothing has changed then.
    [[nodiscard]] Result<FrameRange> take(const MemoryMap& map, FrameCount count, ClaimTag tag,
                                          FrameRange within = kAllFrames);

    /// The claims, as I1 and I2 describe them.
    [[nodiscard]] constexpr std::span<const Claim> entries() const { return storage_.first(size_); }

    /// Panics when I1 or I2 is broken. O(n).
    void check_invariants() const;

  private:
    [[nodiscard]] std::size_t first_ending_after(FrameNumber frame) const;
    void insert(std::size_t at, const Claim& claim);
    void erase(std::size_t at);
    void evict_above(FrameRange frames, ClaimTag tag);
    void fill_gaps(FrameRange frames, ClaimTag tag);
    void merge_neighbours();

    std::span<Claim> storage_;
    std::size_t size_ = 0;
};

/// Partitions `usable` (sorted, disjoint frame ranges, such as MemoryMap::usable()) by `claims`: calls
/// `visit(run, tag)` for each run of frames of one claim, and `visit(run, std::nullopt)` for each free run,
/// in order of address. Runs are not empty, never cross a hole in `usable`, and together are exactly
/// `usable`. O(ranges + claims).
template <typename Usable, std::invocable<FrameRange, std::optional<ClaimTag>> Visitor>
constexpr void for_each_run(const Usable& usable, const ClaimList& claims, Visitor&& visit) {
    std::span<const Claim> rest = claims.entries();
    for (FrameRange range : usable) {
        while (!range.empty()) {
            while (!rest.empty() && rest.front().frames.end <= range.begin) {
                rest = rest.subspan(1);
            }
            if (rest.empty() || range.end <= rest.front().frames.begin) {
                visit(range, std::nullopt);
                break;
            }
            const Claim& claim = rest.front();
            if (range.begin < claim.frames.begin) {
                visit(FrameRange{range.begin, claim.frames.begin}, std::nullopt);
            }
            const FrameRange claimed = range.intersection(claim.frames);
            visit(claimed, claim.tag);
            range.begin = claimed.end;
        }
    }
}

}  // namespace mm
