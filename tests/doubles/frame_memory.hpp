// Physical memory on the host: an array of frames, and the FrameAccess seam onto it.
//
// Enforces the seam's contract: handles are destroyed in reverse order of opening, and no more than
// kDepth are open at a time. Every frame begins filled with kUncleared, whose bytes look like present
// page-table entries: a table that is used before it is cleared shows. Frames can be declared absent (the
// firmware lied).
//
// I1 handles close last opened, first closed.  I2 at most kDepth are open.  I3 only existing frames are
// opened.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "mm/core/frame_access.hpp"
#include "tests/doubles/violations.hpp"

namespace host {

class FrameMemory {
  public:
    /// How deep the FrameAccess contract lets handles nest at least: code that needs more does not run
    /// everywhere.
    static constexpr std::size_t kDepth = 4;
    /// What every byte of every frame holds at first.
    static constexpr std::byte kUncleared{0xa5};

    /// Frames [0, frame_count), all present.
    explicit FrameMemory(mm::FrameCount frame_count) : frames_(frame_count) {
        for (Bytes& frame : frames_) {
            frame.fill(kUncleared);
        }
    }
    FrameMemory(const FrameMemory&) = delete;
    FrameMemory& operator=(const FrameMemory&) = delete;
    ~FrameMemory() {
        if (!open_.empty()) {
            violations_.add("frame memory: a handle outlived the test");
        }
    }

    class [[nodiscard]] Handle {
      public:
        Handle(const Handle&) = delete;
        Handle& operator=(const Handle&) = delete;
        Handle(Handle&& other) noexcept
            : memory_(std::exchange(other.memory_, nullptr)), frame_(other.frame_), depth_(other.depth_) {}
        Handle& operator=(Handle&&) = delete;
        ~Handle() {
            if (memory_ != nullptr) {
                memory_->close(frame_, depth_);
            }
        }
        [[nodiscard]] std::byte* bytes() const { return memory_->raw(frame_); }

      private:
        friend class FrameMemory;
        Handle(FrameMemory& memory, mm::FrameNumber frame, std::size_t depth)
            : memory_(&memory), frame_(frame), depth_(depth) {}

        FrameMemory* memory_;
        mm::FrameNumber frame_;
        std::size_t depth_;  // How many handles were open before this one.
    };

    /// The FrameAccess seam.
    Handle open(mm::FrameNumber frame) {
        if (on_event_) {
            on_event_();
        }
        if (open_.size() == kDepth) {
            violations_.add("frame memory: more handles open than the seam promises");  // I2
        }
        forget_writes_if_absent(frame);
        open_.push_back(frame);
        return Handle(*this, frame, open_.size() - 1);
    }

    /// The bytes of `frame` past the seam: for a double's own look, and for the test's.
    [[nodiscard]] std::byte* raw(mm::FrameNumber frame) { return frames_.at(frame.value()).data(); }

    /// From now on `frame` reads `value` everywhere, whatever was written to it.
    void make_absent(mm::FrameNumber frame, std::byte value) { absent_[frame.value()] = value; }
    [[nodiscard]] bool is_absent(mm::FrameNumber frame) const { return absent_.contains(frame.value()); }

    /// `event` runs at every opening and closing: between any two writes to different frames.
    void on_event(std::function<void()> event) { on_event_ = std::move(event); }

    [[nodiscard]] mm::FrameCount size() const { return static_cast<mm::FrameCount>(frames_.size()); }
    [[nodiscard]] std::size_t open_handles() const { return open_.size(); }
    [[nodiscard]] std::size_t openings() const { return openings_; }
    [[nodiscard]] Violations& violations() { return violations_; }

  private:
    using Bytes = std::array<std::byte, mm::kPageSize>;

    void close(mm::FrameNumber frame, std::size_t depth) {
        if (open_.size() != depth + 1 || open_.back() != frame) {
            violations_.add("frame memory: handles were not closed in reverse order");  // I1
        }
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(std::min(depth, open_.size() - 1)));
        ++openings_;
        forget_writes_if_absent(frame);
        if (on_event_) {
            on_event_();
        }
    }

    void forget_writes_if_absent(mm::FrameNumber frame) {
        if (const auto found = absent_.find(frame.value()); found != absent_.end()) {
            frames_.at(frame.value()).fill(found->second);
        }
    }

    Violations violations_;
    std::vector<Bytes> frames_;
    std::map<std::uint32_t, std::byte> absent_;
    std::vector<mm::FrameNumber> open_;
    std::function<void()> on_event_;
    std::size_t openings_ = 0;
};
static_assert(mm::FrameAccess<FrameMemory>);

}  // namespace host
