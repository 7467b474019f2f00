#include "mm/frames/bitmap.hpp"

#include <bit>

#include "mm/core/panic.hpp"
#include "mm/frames/frame_source.hpp"

namespace mm {

static_assert(FrameSource<BitmapFrames>);
static_assert(sizeof(unsigned long) == sizeof(BitmapFrames::Word), "__builtin_ctzl must take a whole word");
static_assert(std::endian::native == std::endian::little, "bit i of byte n speaks for frame n*8+i");

namespace {

std::span<BitmapFrames::Word> words_of(std::span<std::byte> metadata, FrameCount frame_limit) {
    const std::size_t size = BitmapFrames::metadata_size(frame_limit);
    expect(metadata.size() >= size, "bitmap: metadata too small");
    expect(reinterpret_cast<std::uintptr_t>(metadata.data()) % alignof(BitmapFrames::Word) == 0,
           "bitmap: metadata not aligned for a word");
    // The bytes are the caller's and hold nothing yet: they become words here, once.
    auto* words = reinterpret_cast<BitmapFrames::Word*>(metadata.data());
    return {words, size / sizeof(BitmapFrames::Word)};
}

}  // namespace

BitmapFrames::BitmapFrames(std::span<std::byte> metadata, FrameCount frame_limit)
    : words_(words_of(metadata, frame_limit)), frame_limit_(frame_limit), hint_(words_.size()) {
    if (!words_.empty()) {  // An empty span's pointer may be null, which memset does not take.
        __builtin_memset(words_.data(), 0, words_.size_bytes());
    }
}

/// Calls visit(index, mask) for each word that `frames` touches, with the bits of `frames` in it.
template <typename Visit>
void BitmapFrames::for_each_word_in(FrameRange frames, Visit visit) const {
    std::uint32_t frame = frames.begin.value();
    while (frame < frames.end.value()) {
        const std::size_t index = frame / kBitsPerWord;
        const std::size_t first_bit = frame % kBitsPerWord;
        const std::size_t room = kBitsPerWord - first_bit;
        const std::size_t wanted = frames.end.value() - frame;
        const std::size_t count = wanted < room ? wanted : room;
        const Word ones = count == kBitsPerWord ? ~Word{0} : (Word{1} << count) - 1;
        visit(index, ones << first_bit);
        frame += static_cast<std::uint32_t>(count);
    }
}

void BitmapFrames::add_free(FrameRange frames) {
    expect(frames.end.value() <= frame_limit_, "bitmap: frames beyond the limit cannot become free");
    for_each_word_in(frames, [this](std::size_t index, Word mask) {
        expect((words_[index] & mask) == 0, "bitmap: a frame becomes free twice");
        words_[index] |= mask;
        if (index < hint_) {
            hint_ = index;
        }
    });
    free_ += frames.size();
}

Result<void> BitmapFrames::reserve(FrameRange frames) {
    if (frames.end.value() > frame_limit_) {
        return failure(Error::kOutOfRange);
    }
    bool all_free = true;
    for_each_word_in(
        frames, [&](std::size_t index, Word mask) { all_free = all_free && (words_[index] & mask) == mask; });
    if (!all_free) {
        return failure(Error::kNoMemory);
    }
    for_each_word_in(frames, [this](std::size_t index, Word mask) { words_[index] &= ~mask; });
    free_ -= frames.size();
    return {};
}

/// The first frame at or after `from` whose bit, exclusive-or `flip`'s, is set; frame_limit_ when there is
/// none.
std::uint32_t BitmapFrames::find(std::uint32_t from, Word flip) const {
    if (from >= frame_limit_) {
        return frame_limit_;
    }
    std::size_t index = from / kBitsPerWord;
    Word word = (words_[index] ^ flip) & (~Word{0} << (from % kBitsPerWord));
    while (word == 0) {
        if (++index == words_.size()) {
            return frame_limit_;
        }
        word = words_[index] ^ flip;
    }
    const std::size_t found = index * kBitsPerWord + static_cast<std::size_t>(std::countr_zero(word));
    return found < frame_limit_ ? static_cast<std::uint32_t>(found) : frame_limit_;
}

std::optional<FrameRange> BitmapFrames::next_free_run(FrameNumber from) const {
    const std::uint32_t begin = find(from.value(), 0);
    if (begin == frame_limit_) {
        return std::nullopt;
    }
    return FrameRange{FrameNumber(begin), FrameNumber(find(begin, ~Word{0}))};
}

bool BitmapFrames::check_invariants() const {
    std::size_t set_bits = 0;
    for (std::size_t index = 0; index < words_.size(); ++index) {
        if (index < hint_ && words_[index] != 0) {
            return false;  // I2
        }
        set_bits += static_cast<std::size_t>(std::popcount(words_[index]));
    }
    const std::size_t bits_in_last = frame_limit_ % kBitsPerWord;
    const bool beyond = bits_in_last != 0 && (words_.back() >> bits_in_last) != 0;
    return set_bits == free_ && !beyond;  // I1, I3
}

}  // namespace mm
