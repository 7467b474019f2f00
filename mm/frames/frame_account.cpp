#include "mm/frames/frame_account.hpp"

#include "mm/core/panic.hpp"

namespace mm {

void FrameAccount::admit(FrameRange frames, FrameOwner owner) {
    if (owner == FrameOwner::kFree) {
        total_ += frames.size();
        return;
    }
    for (FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        table_[frame] = FrameRecord{.owner = owner};
    }
    if (owner != FrameOwner::kHole) {
        count_of(owner) += frames.size();
        total_ += frames.size();
    }
}

Result<void> FrameAccount::release_admitted(FrameRange frames, FrameOwner owner) {
    for (FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        if (!table_.contains(frame)) {
            return refuse(frame, owner, Error::kOutOfRange);
        }
        if (!is_admitted(owner) || owner_of(frame) != owner || table_[frame].references != 0) {
            return refuse(frame, owner, Error::kNotAllocated);
        }
    }
    for (FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        const Result<void> released = source_.release(frame);
        expect(released.has_value(), "frame account: an admitted frame was free in the allocator");
    }
    count_of(owner) -= frames.size();
    releases_ += frames.size();
    return {};
}

void FrameAccount::reassign(FrameNumber frame, FrameOwner from, FrameOwner to, std::uint32_t holder) {
    FrameRecord& record = table_[frame];
    expect(record.owner == from && record.references == 0,
           "frame account: reassigned a frame that is in use");
    record.owner = to;
    record.holder = holder;
    --count_of(from);
    ++count_of(to);
}

OwnedFrame FrameAccount::take_over(FrameNumber frame, FrameOwner from, FrameOwner to, std::uint32_t holder) {
    reassign(frame, from, to, holder);
    return {*this, frame, to};
}

void FrameAccount::withdraw(FrameNumber frame) {
    table_[frame] = FrameRecord{.owner = FrameOwner::kWithdrawn};
    ++count_of(FrameOwner::kWithdrawn);
}

FrameOwner FrameAccount::owner_of(FrameNumber frame) const {
    if (!table_.contains(frame)) {
        return FrameOwner::kHole;
    }
    return source_.is_free(frame) ? FrameOwner::kFree : table_[frame].owner;
}

/// Whether there is one now.
bool FrameAccount::allocate_again(Result<FrameNumber>& frame) {
    if (observer_ != nullptr && observer_->make_one_free()) {
        frame = source_.allocate();
    }
    return frame.has_value();
}

void FrameAccount::tell_observer(FrameNumber frame) {
    const FrameOwner owner = table_[frame].owner;
    if (owner == FrameOwner::kAnonymous || owner == FrameOwner::kSharedMemory) {
        observer_->page_ends(frame);
    }
}

Result<void> FrameAccount::refuse(FrameNumber frame, FrameOwner claimed, Error error) {
    ++wrong_releases_;
    report_({.frame = frame, .claimed = claimed, .actual = owner_of(frame), .error = error});
    return failure(error);
}

}  // namespace mm
