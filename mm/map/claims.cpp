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
    // The first and last claim overlapped may each lose a part of itself, and before, between and after the
    // claims that stay there may be a gap to fill.
    if (size_ + overlapped + 3 > storage_.size()) {
        return failure(Error::kNoMemory);
    }
    evict_above(frames, tag);
    fill_gaps(frames, tag);
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

/// Gives `tag` what nobody has of `frames`, and merges what touches.
void ClaimList::fill_gaps(FrameRange frames, ClaimTag tag) {
    std::size_t i = first_ending_after(frames.begin);
    while (!frames.empty()) {
        const bool gap = i == size_ || frames.begin < storage_[i].frames.begin;
        if (gap) {
            const bool to_the_end = i == size_ || frames.end <= storage_[i].frames.begin;
            insert(i, {{frames.begin, to_the_end ? frames.end : storage_[i].frames.begin}, tag});
        }
        frames.begin = storage_[i].frames.end < frames.end ? storage_[i].frames.end : frames.end;
        ++i;
    }
    // Only claims of this call can touch one of their own tag, and only near i's walk; one pass is as cheap.
    std::size_t kept = 0;
    for (std::size_t j = 0; j < size_; ++j) {
        Claim* const last = kept == 0 ? nullptr : &storage_[kept - 1];
        if (last != nullptr && last->tag == storage_[j].tag && last->frames.end == storage_[j].frames.begin) {
            last->frames.end = storage_[j].frames.end;
        } else {
            storage_[kept++] = storage_[j];
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
