// Test code: what a memory map means, worked out the slow and obvious way, and the comparison of a MemoryMap
// and a ClaimList with it. Shared by the unit tests and the fuzzer.
//
// Nothing here is shared with the code under test but the plain data types. It cuts the address space at
// every boundary of every entry and asks all entries about each piece; usable frames are found as the
// complement of all frames that a piece which is not usable touches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mm/map/claims.hpp"
#include "mm/map/memory_map.hpp"
#include "mm/map/multiboot_map.hpp"

namespace mm::oracle {

inline constexpr std::uint64_t kTop =
    ~std::uint64_t{0};  // The last byte, which a MemoryMap does not represent.

/// An entry as the firmware tells it.
struct RawEntry {
    std::uint64_t base;
    std::uint64_t length;
    MemoryKind kind;
};

/// Everything that a clean MemoryMap can be asked.
struct Answer {
    std::vector<MapEntry> entries;
    std::vector<FrameRange> usable;
    std::uint64_t usable_frames = 0;
    std::uint64_t above_4g_frames = 0;
    std::uint32_t wrapped = 0;
    friend bool operator==(const Answer&, const Answer&) = default;
};

inline Answer answer(std::span<const RawEntry> raw) {
    Answer result;
    struct Interval {
        std::uint64_t begin, end;
        MemoryKind kind;
    };
    std::vector<Interval> intervals;
    std::vector<std::uint64_t> cuts{0, kTop};
    for (const RawEntry& entry : raw) {
        const bool past_the_end = static_cast<unsigned __int128>(entry.base) + entry.length > kTop;
        const bool wraps = static_cast<unsigned __int128>(entry.base) + entry.length >
                           static_cast<unsigned __int128>(kTop) + 1;
        if (wraps && entry.kind == MemoryKind::kUsable) {
            ++result.wrapped;
            continue;
        }
        const std::uint64_t end = past_the_end ? kTop : entry.base + entry.length;
        if (entry.base < end) {
            intervals.push_back({entry.base, end, entry.kind});
            cuts.push_back(entry.base);
            cuts.push_back(end);
        }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());

    std::uint64_t next_frame = 0;  // Frames below are decided.
    const auto frames_until = [&](std::uint64_t end) {
        constexpr std::uint64_t kLimit = 1 << 20;
        if (next_frame < std::min(end, kLimit)) {
            const std::uint64_t below = std::min(end, kLimit);
            result.usable.push_back({FrameNumber(static_cast<std::uint32_t>(next_frame)),
                                     FrameNumber(static_cast<std::uint32_t>(below))});
            result.usable_frames += below - next_frame;
        }
        if (std::max(next_frame, kLimit) < end) {
            result.above_4g_frames += end - std::max(next_frame, kLimit);
        }
    };
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
        const std::uint64_t begin = cuts[i];
        const std::uint64_t end = cuts[i + 1];
        std::optional<MemoryKind> kind;
        for (const Interval& interval : intervals) {
            if (interval.begin <= begin && end <= interval.end) {
                kind = kind ? std::max(*kind, interval.kind) : interval.kind;
            }
        }
        if (kind) {
            if (!result.entries.empty() && result.entries.back().kind == *kind &&
                result.entries.back().bytes.end == PhysAddr(begin)) {
                result.entries.back().bytes.end = PhysAddr(end);
            } else {
                result.entries.push_back({{PhysAddr(begin), PhysAddr(end)}, *kind});
            }
        }
        if (kind != MemoryKind::kUsable) {
            frames_until(begin / kPageSize);
            next_frame = std::max(next_frame, (end - 1) / kPageSize + 1);
        }
    }
    frames_until(kTop / kPageSize);
    return result;
}

/// What `map` says of itself.
inline Answer answer(const MemoryMap& map) {
    Answer result;
    for (const MapEntry& entry : map.entries()) {
        result.entries.push_back(entry);
    }
    for (const FrameRange range : map.usable()) {
        result.usable.push_back(range);
    }
    result.usable_frames = map.usable_frames();
    result.above_4g_frames = map.above_4g_frames();
    result.wrapped = map.wrapped_entries();
    return result;
}

/// Whether `inner` gives no frame that `outer` does not give.
inline bool is_subset(std::span<const FrameRange> inner, std::span<const FrameRange> outer) {
    return std::all_of(inner.begin(), inner.end(), [&](FrameRange range) {
        return std::any_of(outer.begin(), outer.end(),
                           [&](FrameRange whole) { return whole.contains(range); });
    });
}

/// Whether a map that says `said` may come of entries that mean `meant`: the same, or, when the map admits
/// that it `lost_entries`, no usable frame too many.
inline bool is_acceptable(const Answer& said, const Answer& meant, std::uint32_t lost_entries) {
    if (lost_entries == 0) {
        return said == meant;
    }
    return is_subset(said.usable, meant.usable) && said.above_4g_frames <= meant.above_4g_frames;
}

/// The entries of a raw Multiboot map of which `bytes` are readable, and whose length is said to be `length`.
inline std::vector<RawEntry> parse(std::span<const std::uint8_t> bytes, std::uint32_t length) {
    std::vector<RawEntry> entries;
    std::uint64_t at = 0;
    while (at + 24 <= length && at + 24 <= bytes.size()) {
        std::uint32_t size = 0;
        std::uint32_t type = 0;
        RawEntry entry{};
        std::memcpy(&size, &bytes[at], 4);
        std::memcpy(&entry.base, &bytes[at + 4], 8);
        std::memcpy(&entry.length, &bytes[at + 12], 8);
        std::memcpy(&type, &bytes[at + 20], 4);
        if (size < 20 || at + 4 + size > length) {
            break;
        }
        entry.kind = type >= 1 && type <= 5 ? static_cast<MemoryKind>(type - 1) : MemoryKind::kReserved;
        entries.push_back(entry);
        at += 4 + std::uint64_t{size};
    }
    return entries;
}

/// A run of frames as for_each_run reports it.
struct Run {
    FrameRange frames;
    std::optional<ClaimTag> tag;
    friend bool operator==(const Run&, const Run&) = default;
};

/// `usable` partitioned by `claims`, in any order and overlapping: the lowest tag has a frame.
inline std::vector<Run> partition(std::span<const FrameRange> usable, std::span<const Claim> claims) {
    std::vector<Run> runs;
    for (const FrameRange range : usable) {
        std::vector<FrameNumber> cuts{range.begin, range.end};
        for (const Claim& claim : claims) {
            for (const FrameNumber cut : {claim.frames.begin, claim.frames.end}) {
                if (range.contains(cut)) {
                    cuts.push_back(cut);
                }
            }
        }
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        const std::size_t first = runs.size();
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
            std::optional<ClaimTag> tag;
            for (const Claim& claim : claims) {
                if (claim.frames.contains(cuts[i])) {
                    tag = tag ? std::min(*tag, claim.tag) : claim.tag;
                }
            }
            if (runs.size() > first && runs.back().tag == tag) {
                runs.back().frames.end = cuts[i + 1];
            } else {
                runs.push_back({{cuts[i], cuts[i + 1]}, tag});
            }
        }
    }
    return runs;
}

/// The partition as `claims` itself walks it.
inline std::vector<Run> partition(const MemoryMap& map, const ClaimList& claims) {
    std::vector<Run> runs;
    for_each_run(map.usable(), claims,
                 [&](FrameRange frames, std::optional<ClaimTag> tag) { runs.push_back({frames, tag}); });
    return runs;
}

/// The frames that an early allocation of `count` inside `within` must get.
inline std::optional<FrameRange> lowest_free(std::span<const Run> runs, FrameCount count, FrameRange within) {
    for (const Run& run : runs) {
        const FrameNumber begin = std::max(run.frames.begin, within.begin);
        const FrameNumber end = std::min(run.frames.end, within.end);
        if (!run.tag && begin < end && end - begin >= count) {
            return FrameRange{begin, begin + count};
        }
    }
    return std::nullopt;
}

}  // namespace mm::oracle
