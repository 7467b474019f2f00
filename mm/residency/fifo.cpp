#include "mm/residency/fifo.hpp"

namespace mm {

void Fifo::entered(FrameIndex frame, PageId page, CpuTime, UseBits&) {
    claim(frame, page);
    queue_.push_back(records(), frame);
}

void Fifo::left(FrameIndex frame, Departure) {
    expect_own(frame);
    queue_.remove(records(), frame);
    disclaim(frame);
}

std::optional<FrameIndex> Fifo::choose(PageId, CpuTime, UseBits&) {
    return queue_.empty() ? std::nullopt : std::optional(queue_.front());
}

void Fifo::refused(FrameIndex frame) {
    expect_own(frame);
    queue_.remove(records(), frame);
    queue_.push_back(records(), frame);
}

}  // namespace mm
