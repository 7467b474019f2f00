// A FrameSource wrapper that fails the test when a frame changes hands while a CPU can still reach it, and
// when a frame is handed out twice: an oracle of its own, independent of the allocator's data.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "mm/frames/frame_source.hpp"
#include "tests/doubles/violations.hpp"

namespace host {

/// `Cpu` is a SimulatedCpu of any layout.
template <mm::FrameSource Source, typename Cpu>
class WatchedFrames {
  public:
    /// Both outlive the object.
    WatchedFrames(Source& source, Cpu& cpu) : source_(source), cpu_(cpu) {}

    mm::Result<mm::FrameNumber> allocate() {
        const mm::Result<mm::FrameNumber> frame = source_.allocate();
        if (frame) {
            cpu_.expect_unreachable(*frame);
            if (!out_.insert(frame->value()).second) {
                violations_.add("frames: handed out twice: " + std::to_string(frame->value()));
            }
        }
        return frame;
    }
    mm::Result<void> release(mm::FrameNumber frame) {
        const mm::Result<void> released = source_.release(frame);
        if (released) {
            cpu_.expect_unreachable(frame);
            out_.erase(frame.value());
        }
        return released;
    }
    [[nodiscard]] bool is_free(mm::FrameNumber frame) const { return source_.is_free(frame); }
    [[nodiscard]] mm::FrameCount free_frames() const { return source_.free_frames(); }
    [[nodiscard]] std::optional<mm::FrameRange> next_free_run(mm::FrameNumber from) const {
        return source_.next_free_run(from);
    }
    [[nodiscard]] bool check_invariants() const { return source_.check_invariants(); }

    [[nodiscard]] Violations& violations() { return violations_; }

  private:
    Violations violations_;
    Source& source_;
    Cpu& cpu_;
    std::set<std::uint32_t> out_;
};

}  // namespace host
