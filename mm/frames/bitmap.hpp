// The bitmap allocator: one bit a frame, lowest free frame first.
//
//   bytes      0         1         2              bit i of byte n speaks for frame n*8 + i
//           76543210  76543210  76543210          1 = free, 0 = taken (allocated, reserved, no memory)
//   words  |------------- word 0 -------------|------------- word 1 ----...
//                                ^ hint: no word below it has a free bit
//
// The search tests a machine word at a time, from the hint on; within a word the lowest set bit is one
// instruction. Releasing below the hint lowers it, so no free frame is ever lost to the search. (A pointer to
// "the last allocated bit", as published descriptions have it, is not such a hint.)
//
// Owns: nothing; its bits lie in memory the caller gives (N/8 bytes). Never touches the frames themselves.
// I1 free_frames() equals the number of set bits.  I2 no bit is set in a word below the hint.
// I3 no bit is set at or above frame_limit().
// Cost: release O(1); allocate O(words) at worst, O(1) when frames are taken in order. Not thread-safe: the
// caller holds a lock where there is more than one CPU; interrupt handlers do not call it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"

namespace mm {

class BitmapFrames {
  public:
    using Word = std::uintptr_t;

    /// The name by which a user asks for this allocator.
    static constexpr const char* kName = "bitmap";

    /// Bytes of metadata to manage the frames [0, frame_limit): one bit each, rounded up to a word.
    static constexpr std::size_t metadata_size(FrameCount frame_limit) {
        return (std::size_t{frame_limit} + kBitsPerWord - 1) / kBitsPerWord * sizeof(Word);
    }

    /// Manages [0, frame_limit) with every frame taken. `metadata` is metadata_size(frame_limit) bytes,
    /// aligned for a Word, with any contents; it outlives the object. Cost: writes it once.
    BitmapFrames(std::span<std::byte> metadata, FrameCount frame_limit);

    /// Frames that become free for the first time: memory that the firmware gives and nobody claims. Each
    /// must be taken. Cost: O(words).
    void add_free(FrameRange frames);
    /// Takes exactly `frames`. Errors, with nothing changed: kNoMemory when one of them is not free,
    /// kOutOfRange beyond the limit. Cost: O(words).
    Result<void> reserve(FrameRange frames);

    /// The lowest free frame. Error: kNoMemory.
    Result<FrameNumber> allocate() {
        for (std::size_t index = hint_; index < words_.size(); ++index) {
            const Word word = words_[index];
            if (word != 0) {
                words_[index] = word & (word - 1);
                hint_ = index;
                --free_;
                return FrameNumber(static_cast<std::uint32_t>(
                    index * kBitsPerWord + static_cast<std::size_t>(__builtin_ctzl(word))));
            }
        }
        hint_ = words_.size();
        return failure(Error::kNoMemory);
    }

    /// Gives `frame` back. Errors, with nothing changed: kNotAllocated when it is free already, kOutOfRange.
    /// A bitmap cannot tell an allocated frame from a reserved one: FrameAccount does.
    Result<void> release(FrameNumber frame) {
        if (frame.value() >= frame_limit_) {
            return failure(Error::kOutOfRange);
        }
        const std::size_t index = word_index(frame);
        const Word bit = bit_of(frame);
        if ((words_[index] & bit) != 0) {
            return failure(Error::kNotAllocated);
        }
        words_[index] |= bit;
        ++free_;
        if (index < hint_) {
            hint_ = index;
        }
        return {};
    }

    [[nodiscard]] bool is_free(FrameNumber frame) const {
        return frame.value() < frame_limit_ && (words_[word_index(frame)] & bit_of(frame)) != 0;
    }
    [[nodiscard]] FrameCount free_frames() const { return free_; }
    /// The first frame number that is not managed.
    [[nodiscard]] FrameCount frame_limit() const { return frame_limit_; }
    /// The first maximal run of free frames that has a frame at or after `from`, cut there. Cost: O(words).
    [[nodiscard]] std::optional<FrameRange> next_free_run(FrameNumber from) const;
    /// Whether I1, I2 and I3 hold. Cost: O(words).
    [[nodiscard]] bool check_invariants() const;

  private:
    static constexpr std::size_t kBitsPerWord = sizeof(Word) * 8;

    static constexpr std::size_t word_index(FrameNumber frame) { return frame.value() / kBitsPerWord; }
    static constexpr Word bit_of(FrameNumber frame) { return Word{1} << (frame.value() % kBitsPerWord); }
    template <typename Visit>
    void for_each_word_in(FrameRange frames, Visit visit) const;
    [[nodiscard]] std::uint32_t find(std::uint32_t from, Word flip) const;

    std::span<Word> words_;
    FrameCount frame_limit_;
    FrameCount free_ = 0;
    std::size_t hint_ = 0;
};

}  // namespace mm
