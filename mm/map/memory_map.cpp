#include "mm/map/memory_map.hpp"

#include <utility>

#include "mm/core/panic.hpp"

namespace mm {
namespace {

bool goes_before(const MapEntry& a, const MapEntry& b) {
    return a.kind != b.kind ? a.kind < b.kind : a.bytes.begin < b.bytes.begin;
}

/// Restores the heap order (no child goes after its parent) below `parent`.
void sift_down(std::span<MapEntry> heap, std::size_t parent) {
    for (;;) {
        std::size_t child = 2 * parent + 1;
        if (child >= heap.size()) {
            return;
        }
        if (child + 1 < heap.size() && goes_before(heap[child], heap[child + 1])) {
            ++child;
        }
        if (!goes_before(heap[parent], heap[child])) {
            return;
        }
        std::swap(heap[parent], heap[child]);
        parent = child;
    }
}

/// Heapsort: in place, no recursion, and O(n log n) whatever a hostile map looks like.
void sort(std::span<MapEntry> entries) {
    for (std::size_t parent = entries.size() / 2; parent-- > 0;) {
        sift_down(entries, parent);
    }
    for (std::size_t last = entries.size(); last-- > 1;) {
        std::swap(entries[0], entries[last]);
        sift_down(entries.first(last), 0);
    }
}

/// Whole frames in `bytes`, which may end anywhere below 2^64 (FrameNumber ends at 16 TiB).
std::uint64_t count_whole_frames(PhysRange bytes) {
    const std::uint64_t begin =
        (bytes.begin.value() >> kPageShift) + (bytes.begin.offset_in_frame() != 0 ? 1 : 0);
    const std::uint64_t end = bytes.end.value() >> kPageShift;
    return begin < end ? end - begin : 0;
}

}  // namespace

MemoryMap::MemoryMap(std::span<MapEntry> storage) : storage_(storage) {
    expect(storage.size() >= kMinimumStorage, "a memory map needs more storage");
}

void MemoryMap::add(PhysAddr base, std::uint64_t length, MemoryKind kind) {
    if (length == 0) {
        return;
    }
    const std::uint64_t room = kTop - base;  // The last byte, at kTop, is not represented.
    if (kind == MemoryKind::kUsable && length - 1 > room) {
        ++wrapped_entries_;
        return;
    }
    const PhysRange bytes{base, length < room ? base + length : kTop};
    if (bytes.empty()) {
        return;
    }
    if (size_ == storage_.size()) {
        make_room();
    }
    storage_[size_++] = {bytes, kind};
    clean_ = false;
}

void MemoryMap::clean() {
    if (clean_) {
        return;
    }
    sort(held());
    merge_neighbours();
    clean_ = true;
}

/// Makes each list maximal (I2). The entries must be sorted.
void MemoryMap::merge_neighbours() {
    std::size_t kept = 0;
    for (const MapEntry& entry : held()) {
        MapEntry* const last = kept == 0 ? nullptr : &storage_[kept - 1];
        if (last == nullptr || last->kind != entry.kind || last->bytes.end < entry.bytes.begin) {
            storage_[kept++] = entry;
        } else if (last->bytes.end < entry.bytes.end) {
            last->bytes.end = entry.bytes.end;
        }
    }
    size_ = kept;
}

/// Frees at least a quarter of the storage, so that a full map is sorted once in many additions, not at each.
/// Usable islands, and gaps between other entries, disappear in order of their size: at first the ones
/// smaller than a frame, which hardly matter, then twice that, and so on. Every step only takes usable memory
/// away (I3).
void MemoryMap::make_room() {
    const std::size_t goal = storage_.size() - storage_.size() / 4;
    clean();
    if (size_ <= goal) {
        return;
    }
    for (MapEntry& entry : held()) {
        if (entry.kind > MemoryKind::kReserved) {
            entry.kind = MemoryKind::kReserved;
            ++lost_entries_;
        }
    }
    sort(held());
    merge_neighbours();
    for (std::uint64_t bytes = kPageSize; size_ > goal;
         bytes = bytes > kTop.value() / 2 ? kTop.value() : bytes * 2) {
        lower_resolution(bytes);
    }
}

/// Drops the usable entries below `bytes` in size, and closes the gaps of at most `bytes` between reserved
/// ones.
void MemoryMap::lower_resolution(std::uint64_t bytes) {
    std::size_t kept = 0;
    for (const MapEntry& entry : held()) {
        MapEntry* const last = kept == 0 ? nullptr : &storage_[kept - 1];
        if (entry.kind == MemoryKind::kUsable) {
            if (entry.bytes.size() < bytes) {
                ++lost_entries_;
            } else {
                storage_[kept++] = entry;
            }
        } else if (last != nullptr && last->kind == entry.kind &&
                   entry.bytes.begin - last->bytes.end <= bytes) {
            last->bytes.end = entry.bytes.end;
            ++lost_entries_;
        } else {
            storage_[kept++] = entry;
        }
    }
    size_ = kept;
}

FrameCount MemoryMap::usable_frames() const {
    FrameCount count = 0;
    for (const FrameRange range : usable()) {
        count += range.size();
    }
    return count;
}

std::uint64_t MemoryMap::above_4g_frames() const {
    std::uint64_t count = 0;
    for (const MapEntry& entry : entries()) {
        if (entry.kind == MemoryKind::kUsable) {
            count += count_whole_frames(entry.bytes.intersection({kFourGiB, kTop}));
        }
    }
    return count;
}

FrameNumber MemoryMap::usable_end() const {
    FrameNumber end;
    for (const FrameRange range : usable()) {
        end = range.end;
    }
    return end;
}

bool MemoryMap::is_usable(FrameRange frames) const {
    if (frames.empty()) {
        return true;
    }
    for (const FrameRange range : usable()) {
        if (range.contains(frames)) {
            return true;
        }
    }
    return false;
}

void MemoryMap::check_invariants() const {
    expect(clean_, "the memory map is not clean");
    const MapEntry* last = nullptr;
    for (const MapEntry& entry : held()) {
        expect(entry.bytes.begin < entry.bytes.end, "I2: an entry of the memory map is empty");
        if (last != nullptr) {
            expect(goes_before(*last, entry), "I1: the memory map is out of order");
            expect(last->kind != entry.kind || last->bytes.end < entry.bytes.begin,
                   "I2: two entries of a kind touch");
        }
        last = &entry;
    }
}

EntryCursor::EntryCursor(const MemoryMap& map) {
    expect(map.clean_, "the memory map is not clean");
    const MapEntry* entry = map.storage_.data();
    const MapEntry* const end = entry + map.size_;
    for (std::size_t kind = 0; kind < kMemoryKinds; ++kind) {
        lists_[kind].begin = entry;
        while (entry != end && entry->kind == static_cast<MemoryKind>(kind)) {
            ++entry;
        }
        lists_[kind].end = entry;
    }
}

std::optional<MapEntry> EntryCursor::next() {
    for (;;) {
        PhysAddr limit = MemoryMap::kTop;  // Where something more restrictive than what follows begins.
        for (std::size_t kind = kMemoryKinds; kind-- > 0;) {
            List& list = lists_[kind];
            while (list.begin != list.end && list.begin->bytes.end <= at_) {
                ++list.begin;
            }
            if (list.begin == list.end) {
                continue;
            }
            const PhysRange bytes = list.begin->bytes;
            if (bytes.begin <= at_) {
                const PhysRange piece{at_, bytes.end < limit ? bytes.end : limit};
                at_ = piece.end;
                return MapEntry{piece, static_cast<MemoryKind>(kind)};
            }
            if (bytes.begin < limit) {
                limit = bytes.begin;
            }
        }
        if (limit == MemoryMap::kTop) {
            return std::nullopt;
        }
        at_ = limit;
    }
}

std::optional<FrameRange> UsableCursor::next() {
    // A usable range is maximal, so a frame whose bytes are all usable lies inside one of them.
    while (const std::optional<MapEntry> entry = entries_.next()) {
        if (entry->bytes.begin >= kFourGiB) {
            break;
        }
        if (entry->kind == MemoryKind::kUsable) {
            const FrameRange frames = whole_frames(entry->bytes.intersection({PhysAddr(0), kFourGiB}));
            if (!frames.empty()) {
                return frames;
            }
        }
    }
    return std::nullopt;
}

}  // namespace mm
