#include "mm/residency/s3fifo.hpp"

namespace mm {

S3Fifo::~S3Fifo() {
    abandon(young_);
    abandon(small_);
    abandon(main_);
}

void S3Fifo::entered(FrameIndex frame, PageId page, CpuTime, UseBits& bits) {
    ResidentRecord& record = claim(frame, page);
    take_back(main_);
    if (ghosts_.take(page)) {
        record.bits |= kForMain;
        ++young_for_main_;
    }
    young_.push_back(records(), frame);
    while (young_.count() > share(tuning().s3_deferred_percent)) {
        const FrameIndex oldest = young_.front();
        const bool for_main = (records()[oldest].bits & kForMain) != 0;
        bits.take_accessed(oldest);  // Its own fault, and what belonged to it: no sign of being used again.
        remove(oldest);
        (for_main ? main_ : small_).push_back(records(), oldest);
    }
}

/// Takes `frame` out of its list.
void S3Fifo::remove(FrameIndex frame) {
    if (take_from_aside(frame)) {
        return;
    }
    ResidentRecord& record = records()[frame];
    if ((record.bits & kForMain) != 0) {
        record.bits &= static_cast<std::uint8_t>(~kForMain);
        --young_for_main_;
    }
    (young_.has(record) ? young_ : small_.has(record) ? small_ : main_).remove(records(), frame);
}

void S3Fifo::left(FrameIndex frame, Departure departure) {
    const ResidentRecord& record = record_of(frame);
    const bool on_trial = (young_.has(record) || small_.has(record)) && (record.bits & kForMain) == 0;
    const PageId page = record.page;
    remove(frame);
    const std::uint32_t limit = share(tuning().s3_ghost_percent);
    if (on_trial && departure == Departure::kEvicted) {
        ghosts_.remember(page, limit);
    } else {
        ghosts_.trim(limit);
    }
    disclaim(frame);
}

std::optional<FrameIndex> S3Fifo::choose(PageId, CpuTime, UseBits& bits) {
    if (const std::optional<FrameIndex> victim = choose_from_small(bits)) {
        return victim;
    }
    const std::uint32_t limit = main_.count() < tuning().scan_limit ? main_.count() : tuning().scan_limit;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        if (!bits.take_accessed(main_.front())) {
            break;
        }
        main_.rotate(records());
    }
    for (const ResidentList* list : {&main_, &small_, &young_}) {
        if (!list->empty()) {
            return list->front();
        }
    }
    return choose_from_aside();
}

/// The oldest small page that was not accessed; those that were move to main. None when small has no more
/// than its share, or all that was looked at has moved.
std::optional<FrameIndex> S3Fifo::choose_from_small(UseBits& bits) {
    for (std::uint32_t passed = 0; passed < tuning().scan_limit; ++passed) {
        if (small_.empty() || small_count() < share(tuning().s3_small_percent)) {
            break;
        }
        if (!bits.take_accessed(small_.front())) {
            return small_.front();
        }
        main_.push_back(records(), small_.pop_front(records()));
    }
    return std::nullopt;
}

void S3Fifo::refused(FrameIndex frame) {
    remove(frame);
    set_aside(frame);
}

bool S3Fifo::check_invariants() const {
    std::uint32_t marked = 0;
    for (FrameIndex frame = young_.front(); frame != kNoFrame; frame = records()[frame].next) {
        marked += records()[frame].bits & kForMain;
    }
    return check_lists(young_, small_, main_) && marked == young_for_main_ && ghosts_.check_invariants();
}

}  // namespace mm
