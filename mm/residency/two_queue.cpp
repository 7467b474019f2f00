#include "mm/residency/two_queue.hpp"

namespace mm {

TwoQueue::~TwoQueue() {
    abandon(new_);
    abandon(main_);
}

void TwoQueue::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    (ghosts_.take(page) ? main_ : new_).push_back(records(), frame);
}

void TwoQueue::left(FrameIndex frame, Departure departure) {
    const ResidentRecord& record = record_of(frame);
    const bool was_new = new_.has(record);
    const PageId page = record.page;
    (was_new ? new_ : main_).remove(records(), frame);
    const std::uint32_t limit = share(tuning().two_queue_ghost_percent);
    if (was_new && departure == Departure::kEvicted) {
        ghosts_.remember(page, limit);
    } else {
        ghosts_.trim(limit);
    }
    disclaim(frame);
}

std::optional<FrameIndex> TwoQueue::choose(PageId, CpuTime, UseBits& bits) {
    if (main_.empty() || new_.count() > share(tuning().two_queue_new_percent)) {
        return new_.empty() ? std::nullopt : std::optional(new_.front());
    }
    const std::uint32_t limit = main_.count() < tuning().scan_limit ? main_.count() : tuning().scan_limit;
    bool met_refused = false;
    for (std::uint32_t passed = 0; passed < limit; ++passed) {
        const Use use = take_use(main_.front(), bits);
        if (use == Use::kNone) {
            return main_.front();
        }
        met_refused = met_refused || use == Use::kRefused;
        main_.rotate(records());
    }
    // A page that cannot go must not be given again while there are others, be they new.
    return met_refused && !new_.empty() ? new_.front() : main_.front();
}

void TwoQueue::refused(FrameIndex frame) {
    (new_.has(record_of(frame)) ? new_ : main_).remove(records(), frame);
    main_.push_back(records(), frame);
    spare_once(frame);
}

}  // namespace mm
