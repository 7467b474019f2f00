#include "mm/map/claims.hpp"

#include "mm/core/panic.hpp"

namespace mm {

Result<void> ClaimList::claim(FrameRange frames, ClaimTag tag) {
    if (frames.empty()) {
        return {};
    }
    std::size_t overlapped = 0;
    for (std::size_t i = first_ending_after(frames.begin); i < size_ && storage_[i].frames.overlaps(frames);
         ++i) {
        ++overlapped;
    }
    // At each end of `frames` a claim may split or a gap be filled; between two overlapped claims, a gap.
    if (size_ + overlapped + 1 > storage_.size()) {
        return failure(Error::kNoMemory);
    }
    evict_above(frames, tag);
    fill_gaps(frames, tag);
    merge_neighbours();
    return {};
}

Result<FrameRange> ClaimList::take(const MemoryMap& map, FrameCount count, ClaimTag tag, FrameRange within) {
    expect(count > 0, "taking no frames");
    std::optional<FrameRange> found;
    for_each_run(map.usable(), *this, [&](FrameRange run, std::optional<ClaimTag> claimant) {
        const FrameRange candidate = run.intersection(within);
        if (!found && !claimant && candidate.size() >= count) {
            found = FrameRange{candidate.begin, candidate.begin + count};
        }
    });
    if (!found) {
        return failure(Error::kNoMemory);
    }
    if (const Result<void> claimed = claim(*found, tag); !claimed) {
        return failure(claimed.error());
    }
    return *found;
}

/// The index of the first claim that ends after `frame`; the number of claims when there is none.
std::size_t ClaimList::first_ending_after(FrameNumber frame) const {
    std::size_t i = 0;
    while (i < size_ && storage_[i].frames.end <= frame) {
        ++i;
    }
    return i;
}

void ClaimList::insert(std::size_t at, const Claim& claim) {
    for (std::size_t i = size_++; i > at; --i) {
        storage_[i] = storage_[i - 1];
    }
    storage_[at] = claim;
}

void ClaimList::erase(std::size_t at) {
    --size_;
    for (std::size_t i = at; i < size_; ++i) {
        storage_[i] = storage_[i + 1];
    }
}

/// Takes `frames` away from every claim whose tag is higher than `tag`.
void ClaimList::evict_above(FrameRange frames, ClaimTag tag) {
    std::size_t i = first_ending_after(frames.begin);
    while (i < size_ && storage_[i].frames.overlaps(frames)) {
        const Claim old = storage_[i];
        if (old.tag <= tag) {
            ++i;
            continue;
        }
        erase(i);
        if (old.frames.begin < frames.begin) {
            insert(i++, {{old.frames.begin, frames.begin}, old.tag});
        }
        if (frames.end < old.frames.end) {
            insert(i++, {{frames.end, old.frames.end}, old.tag});
        }
    }
}

/// Gives `tag` what nobody has of `frames`.
void ClaimList::fill_gaps(FrameRange frames, ClaimTag tag) {
    for (std::size_t i = first_ending_after(frames.begin); !frames.empty(); ++i) {
        FrameNumber gap_end = frames.end;
        if (i < size_ && storage_[i].frames.begin < gap_end) {
            gap_end = storage_[i].frames.begin;
        }
        if (frames.begin < gap_end) {
            insert(i, {{frames.begin, gap_end}, tag});
        }
        const FrameNumber reached = storage_[i].frames.end;
        frames.begin = reached < frames.end ? reached : frames.end;
    }
}

/// Restores I2.
void ClaimList::merge_neighbours() {
    std::size_t kept = 0;
    for (const Claim& claim : entries()) {
        Claim* const last = kept == 0 ? nullptr : &storage_[kept - 1];
        if (last != nullptr && last->tag == claim.tag && last->frames.end == claim.frames.begin) {
            last->frames.end = claim.frames.end;
        } else {
            storage_[kept++] = claim;
        }
    }
    size_ = kept;
}

void ClaimList::check_invariants() const {
    const Claim* last = nullptr;
    for (const Claim& claim : entries()) {
        expect(claim.frames.begin < claim.frames.end, "I1: a claim is empty");
        if (last != nullptr) {
            expect(last->frames.end <= claim.frames.begin, "I1: claims overlap or are out of order");
            expect(last->tag != claim.tag || last->frames.end != claim.frames.begin,
                   "I2: two claims of one tag touch");
        }
        last = &claim;
    }
}

}  // namespace mm
