// What all replacement policies write down of a frame that holds a page, and the lists they keep of such
// frames.
//
//   records   [ 0 | 1 | 2 | 3 | 4 | ... ]   one a frame, given by the caller, shared by all instances
//   lists       2 -> 0 -> 3                 heads in the instances; links, as frame numbers, in the records
//
// So an instance (under local replacement there is one a program) costs only its list heads, and there is
// nothing to allocate. Zero bytes are a table of which no instance has any frame.
//
// I1 a record's instance and queue name the only list that the frame is in; queue 0: it is in no list.
// I2 a list's links agree in both directions, and its count with its links.
// Cost: each operation of a list is O(1). Callers serialize: no two calls for the same table at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mm/core/panic.hpp"
#include "mm/residency/replacement.hpp"

namespace mm {

/// Tells instances apart, in records, ghosts and traces. 0 is nobody.
using InstanceId = std::uint16_t;

inline constexpr FrameIndex kNoFrame = UINT32_MAX;

/// One frame's, while a policy knows of its page. What `word` and `bits` mean is the policy's affair.
struct ResidentRecord {
    FrameIndex previous;
    FrameIndex next;
    PageId page;
    std::uint32_t word;
    InstanceId instance;
    std::uint8_t queue;
    std::uint8_t bits;
};
static_assert(sizeof(ResidentRecord) == 24);

/// The records of all frames, by FrameIndex.
using ResidentRecords = std::span<ResidentRecord>;

/// Frames in an order, oldest first. An instance tells its lists apart by their queue numbers, which are not
/// 0.
class ResidentList {
  public:
    explicit constexpr ResidentList(std::uint8_t queue) : queue_(queue) {}

    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::uint32_t count() const { return count_; }
    /// The oldest and the newest; kNoFrame when there is none.
    [[nodiscard]] FrameIndex front() const { return first_; }
    [[nodiscard]] FrameIndex back() const { return last_; }
    [[nodiscard]] bool has(const ResidentRecord& record) const { return record.queue == queue_; }

    /// `frame`, which is in no list, becomes the newest.
    void push_back(ResidentRecords records, FrameIndex frame) { insert_after(records, last_, frame); }
    /// `frame`, which is in no list, becomes the oldest.
    void push_front(ResidentRecords records, FrameIndex frame) { insert_after(records, kNoFrame, frame); }
    /// `frame`, which is in no list, comes just after `place` (kNoFrame: first).
    void insert_after(ResidentRecords records, FrameIndex place, FrameIndex frame) {
        ResidentRecord& record = records[frame];
        expect(record.queue == 0, "resident list: the frame is in a list already");
        record.queue = queue_;
        record.previous = place;
        record.next = place == kNoFrame ? first_ : records[place].next;
        (place == kNoFrame ? first_ : records[place].next) = frame;
        (record.next == kNoFrame ? last_ : records[record.next].previous) = frame;
        ++count_;
    }
    /// `frame`, which is in this list, is in none.
    void remove(ResidentRecords records, FrameIndex frame) {
        ResidentRecord& record = records[frame];
        expect(record.queue == queue_, "resident list: the frame is not in this list");
        (record.previous == kNoFrame ? first_ : records[record.previous].next) = record.next;
        (record.next == kNoFrame ? last_ : records[record.next].previous) = record.previous;
        record.queue = 0;
        --count_;
    }
    /// Takes the oldest out and gives it. There must be one.
    FrameIndex pop_front(ResidentRecords records) {
        const FrameIndex frame = first_;
        remove(records, frame);
        return frame;
    }
    /// The oldest becomes the newest. There must be one.
    void rotate(ResidentRecords records) {
        if (first_ == last_) {
            return;
        }
        // Not a pop and a push: this is what a clock's hand does at each step.
        ResidentRecord& moved = records[first_];
        records[last_].next = first_;
        moved.previous = last_;
        last_ = first_;
        first_ = moved.next;
        records[first_].previous = kNoFrame;
        moved.next = kNoFrame;
    }

    /// I1 and I2 for this list, whose frames all belong to `instance`. O(count).
    [[nodiscard]] bool check_invariants(std::span<const ResidentRecord> records, InstanceId instance) const;

  private:
    FrameIndex first_ = kNoFrame;
    FrameIndex last_ = kNoFrame;
    std::uint32_t count_ = 0;
    std::uint8_t queue_;
};

}  // namespace mm
