#include "mm/residency/resident_records.hpp"

namespace mm {

bool ResidentList::check_invariants(std::span<const ResidentRecord> records, InstanceId instance) const {
    std::uint32_t found = 0;
    FrameIndex previous = kNoFrame;
    for (FrameIndex frame = first_; frame != kNoFrame; frame = records[frame].next) {
        if (frame >= records.size() || found == count_) {
            return false;
        }
        const ResidentRecord& record = records[frame];
        if (record.queue != queue_ || record.instance != instance || record.previous != previous) {
            return false;
        }
        previous = frame;
        ++found;
    }
    return found == count_ && previous == last_;
}

}  // namespace mm
