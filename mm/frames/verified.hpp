// A FrameSource that does not believe the firmware: it tries each frame before it lets it out.
//
//   first hand-out   write two patterns through FrameAccess and read them back. Memory that was claimed
//                    but is absent does not pass: it stays taken for ever, `report` is told, and the next
//                    frame is tried.
//   release          fill the frame with poison.
//   next hand-out    the poison must be intact: who wrote to a frame after giving it back is found out.
//
// Costs about a thousand memory writes a hand-out: for the checked configuration (`check=frames`), not for
// speed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/frame_access.hpp"
#include "mm/core/panic.hpp"
#include "mm/frames/frame_source.hpp"

namespace mm {

/// What Verified found.
enum class FrameFault : std::uint8_t {
    kAbsent,            ///< Does not keep what is written to it. The frame has been withdrawn.
    kUsedAfterRelease,  ///< Was written to while free. The frame is handed out all the same.
};

template <FrameSource Source, FrameAccess Access>
class Verified {
  public:
    using Report = void (*)(FrameNumber, FrameFault);

    /// Bytes of metadata for the frames [0, frame_limit).
    static constexpr std::size_t metadata_size(FrameCount frame_limit) {
        return (std::size_t{frame_limit} + 7) / 8;
    }

    /// `seen` is metadata_size() bytes, cleared here. Everything given outlives the object.
    Verified(Source& source, Access& access, std::span<std::byte> seen, Report report)
        : source_(source), access_(access), seen_(seen), report_(report) {
        for (std::byte& bits : seen_) {
            bits = std::byte{0};
        }
    }

    /// A frame that keeps what is written to it. Error: kNoMemory.
    Result<FrameNumber> allocate() {
        while (true) {
            const Result<FrameNumber> frame = source_.allocate();
            if (!frame || is_sound(*frame)) {
                return frame;
            }
            report_(*frame, FrameFault::kAbsent);
        }
    }

    Result<void> release(FrameNumber frame) {
        const Result<void> released = source_.release(frame);
        if (released) {
            fill(frame, kPoison, 0);
            mark_seen(frame);
        }
        return released;
    }

    [[nodiscard]] bool is_free(FrameNumber frame) const { return source_.is_free(frame); }
    [[nodiscard]] FrameCount free_frames() const { return source_.free_frames(); }
    [[nodiscard]] std::optional<FrameRange> next_free_run(FrameNumber from) const {
        return source_.next_free_run(from);
    }
    [[nodiscard]] bool check_invariants() const { return source_.check_invariants(); }

  private:
    using Word = std::uint32_t;
    static constexpr Word kPoison = 0xf4eef4ee;
    static constexpr Word kSpread = 0x9e3779b9;
    static constexpr std::size_t kWords = kPageSize / sizeof(Word);

    [[nodiscard]] bool seen(FrameNumber frame) const {
        return (seen_[frame.value() / 8] & (std::byte{1} << (frame.value() % 8))) != std::byte{0};
    }
    void mark_seen(FrameNumber frame) { seen_[frame.value() / 8] |= std::byte{1} << (frame.value() % 8); }

    bool is_sound(FrameNumber frame) {
        if (seen(frame)) {
            if (!holds(frame, kPoison, 0)) {
                report_(frame, FrameFault::kUsedAfterRelease);
            }
            return true;
        }
        // A pattern and its complement, another one in each word: what is absent, has a stuck line or echoes
        // the last value on the bus cannot answer both.
        const Word pattern = frame.value() * kSpread;
        fill(frame, pattern, kSpread);
        if (!holds(frame, pattern, kSpread)) {
            return false;
        }
        constexpr Word kSpreadDown = 0U - kSpread;  // ~(p + i * s) is ~p - i * s.
        fill(frame, ~pattern, kSpreadDown);
        return holds(frame, ~pattern, kSpreadDown);
    }

    /// Writes `first`, `first` + `step`, ... to the frame's words.
    void fill(FrameNumber frame, Word first, Word step) {
        auto handle = access_.open(frame);
        volatile Word* words = reinterpret_cast<Word*>(handle.bytes());
        for (std::size_t i = 0; i < kWords; ++i, first += step) {
            words[i] = first;
        }
    }

    /// Whether that is what the frame's words hold.
    bool holds(FrameNumber frame, Word first, Word step) {
        auto handle = access_.open(frame);
        const volatile Word* words = reinterpret_cast<const Word*>(handle.bytes());
        for (std::size_t i = 0; i < kWords; ++i, first += step) {
            if (words[i] != first) {
                return false;
            }
        }
        return true;
    }

    Source& source_;
    Access& access_;
    std::span<std::byte> seen_;
    Report report_;
};

}  // namespace mm
