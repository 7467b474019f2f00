#include "mm/residency/two_queue.hpp"

namespace mm {

TwoQueue::~TwoQueue() {
    abandon(new_);
    abandon(main_);
}

void TwoQueue::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    take_back(main_);
    (ghosts_.take(page) ? main_ : new_).push_back(records(), frame);
}

void TwoQueue::left(FrameIndex frame, Departure departure) {
    const bool was_new = new_.has(record_of(frame));
    const PageId page = records()[frame].page;
    remove(frame);
    const std::uint32_t limit = share(tuning().two_queue_ghost_percent);
    if (was_new && departure == Departure::kEvicted) {
        ghosts_.remember(page, limit);
    } else {
        ghosts_.trim(limit);
    }
    disclaim(frame);
}

std::optional<FrameIndex> TwoQueue::choose(PageId, CpuTime, UseBits& bits) {
    if (!new_.empty() && (main_.empty() || new_.count() > share(tuning().two_queue_new_percent))) {
        return new_.front();
    }
    if (main_.empty()) {
        return choose_from_aside();
    }
    const std::uint32_t limit = main_.count() < tuning().scan_limit ? main_.count() : tuning().scan_limit;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        if (!bits.take_accessed(main_.front())) {
            break;
        }
        main_.rotate(records());
    }
    return main_.front();
}

void TwoQueue::refused(FrameIndex frame) {
    remove(frame);
    set_aside(frame);
}

/// Takes `frame` out of its list.
void TwoQueue::remove(FrameIndex frame) {
    if (!take_from_aside(frame)) {
        (new_.has(records()[frame]) ? new_ : main_).remove(records(), frame);
    }
}

}  // namespace mm
