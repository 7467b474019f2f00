// A FrameSource that runs dry on purpose: for tests of what happens when memory does.
#pragma once

#include <cstdint>
#include <optional>

#include "mm/frames/frame_source.hpp"

namespace mm {

/// Passes everything on to `source`, but the n-th allocation (counted from 1) fails with kNoMemory. n = 0:
/// none does.
template <FrameSource Source>
class FailNth {
  public:
    FailNth(Source& source, std::uint32_t nth) : source_(source), nth_(nth) {}

    Result<FrameNumber> allocate() {
        if (++requests_ == nth_) {
            return failure(Error::kNoMemory);
        }
        return source_.allocate();
    }
    /// From now on the n-th allocation fails, and no other. n = 0: none does.
    void fail_nth_from_now(std::uint32_t nth) { nth_ = requests_ + nth; }
    Result<void> release(FrameNumber frame) { return source_.release(frame); }
    [[nodiscard]] bool is_free(FrameNumber frame) const { return source_.is_free(frame); }
    [[nodiscard]] FrameCount free_frames() const { return source_.free_frames(); }
    [[nodiscard]] std::optional<FrameRange> next_free_run(FrameNumber from) const {
        return source_.next_free_run(from);
    }
    [[nodiscard]] bool check_invariants() const { return source_.check_invariants(); }

    /// Allocations asked for so far: a run without failures tells how many there are to fail.
    [[nodiscard]] std::uint32_t requests() const { return requests_; }

  private:
    Source& source_;
    std::uint32_t nth_;
    std::uint32_t requests_ = 0;
};

}  // namespace mm
