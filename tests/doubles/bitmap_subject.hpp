// A bitmap with its metadata: what a test needs to have one, and what wrappers under test stand on.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mm/frames/bitmap.hpp"

namespace host {

class BitmapSubject {
  public:
    /// Manages [0, limit), of which `free` are free. The metadata holds garbage before.
    BitmapSubject(mm::FrameCount limit, std::span<const mm::FrameRange> free)
        : words_(mm::BitmapFrames::metadata_size(limit) / sizeof(mm::BitmapFrames::Word), kGarbage),
          bitmap_(metadata(), limit) {
        for (const mm::FrameRange& run : free) {
            bitmap_.add_free(run);
        }
    }
    BitmapSubject(const BitmapSubject&) = delete;
    BitmapSubject& operator=(const BitmapSubject&) = delete;

    [[nodiscard]] mm::BitmapFrames& source() { return bitmap_; }
    /// The allocator's own bits, for a test to look at or to damage.
    [[nodiscard]] std::span<std::byte> metadata() { return std::as_writable_bytes(std::span(words_)); }

  private:
    static constexpr auto kGarbage = static_cast<mm::BitmapFrames::Word>(0xdeadbeefcafe1234);

    std::vector<mm::BitmapFrames::Word> words_;
    mm::BitmapFrames bitmap_;
};

}  // namespace host
