// The slots of a swap disk: which are taken, how often each is referenced, and where in memory its page is, if it is.
//
//   free --take--> kOnDisk <--> kReading, kWriting, kInPool, kMapped      with a frame: all but free and kOnDisk
//                     |
//                     +--> kLost      the disk cannot give it back; ends with its last reference
//
// Owns: nothing but the records' contents; the span is the caller's. Decides nothing: residency.hpp does.
//
// I1 a slot is free exactly when its state is kFree; then it has no reference and no frame.
// I2 used() counts the others but for the bad ones, which are never given again.
//
// Cost: take searches from where the last one was taken; all else O(1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/address.hpp"

namespace mm {

enum class SlotState : std::uint8_t {
    kFree,
    kOnDisk,    ///< Its page is on the disk alone.
    kReading,   ///< On its way into `frame`.
    kWriting,   ///< In `frame`, and on its way to the disk. Nothing maps the frame.
    kInPool,    ///< On the disk and in `frame`, which nothing maps: there to be reused.
    kMapped,    ///< On the disk and in `frame`, which programs map (and may have changed since).
    kStranded,  ///< In `frame` alone, for the disk would not take it. Nothing maps the frame.
    kLost,      ///< The disk does not give the page back.
    kBad,       ///< Never to be used again: the disk would not write it.
};

struct SlotRecord {
    std::uint32_t frame = 0;       ///< The number plus one; 0: none.
    std::uint32_t checksum = 0;    ///< Of what was written.
    std::uint16_t references = 0;  ///< Entries that name the slot.
    SlotState state = SlotState::kFree;
    bool read_alone = false;  ///< A cluster with it could not be read.
};
static_assert(sizeof(SlotRecord) == 12);

class SwapSlots {
  public:
    /// Nobody has any of `records`, of which `usable_begin` are never given: the disk's head.
    SwapSlots(std::span<SlotRecord> records, std::uint32_t usable_begin);

    /// A free slot, kOnDisk from now on, preferably the one behind the last one given: pages that leave together lie
    /// together. Nothing: all are taken.
    std::optional<SlotNumber> take();
    /// `slot`, without references and frame, is free again (or, if it is to be retired, bad).
    enum class End : std::uint8_t { kFree, kRetired };
    void give_back(SlotNumber slot, End end = End::kFree);

    [[nodiscard]] SlotRecord& operator[](SlotNumber slot) const { return records_[slot.value()]; }
    [[nodiscard]] bool contains(SlotNumber slot) const { return slot.value() < records_.size(); }
    [[nodiscard]] std::uint32_t limit() const { return static_cast<std::uint32_t>(records_.size()); }
    /// Slots that can hold a page, and those that are not free.
    [[nodiscard]] std::uint32_t total() const { return limit() - begin_ - bad_; }
    [[nodiscard]] std::uint32_t used() const { return used_; }
    /// The first one that can.
    [[nodiscard]] SlotNumber begin() const { return SlotNumber(begin_); }

    /// I1 and I2. Cost: O(slots).
    [[nodiscard]] bool check_invariants() const;

  private:
    std::span<SlotRecord> records_;
    std::uint32_t begin_;
    std::uint32_t next_;
    std::uint32_t used_ = 0;
    std::uint32_t bad_ = 0;
};

}  // namespace mm
