// The FrameSource seam: who hands frames out, one at a time.
//
// Every allocator in this folder is a FrameSource; every wrapper takes one and is one. The kernel picks its
// allocator by name at boot and holds it as an AnyFrameSource, one indirect call a request, so that no
// template above it is instantiated once per allocator.
#pragma once

#include <concepts>
#include <optional>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"

namespace mm {

/// Hands out frames that nobody else has.
/// `allocate`          a frame that was free; its contents are undefined, nothing maps it. Error: kNoMemory.
/// `release`           gives an allocated frame back. Errors, with nothing changed: kNotAllocated when it is
///                     not out, kOutOfRange when this source never had it.
/// `is_free`           whether the frame waits to be handed out.
/// `free_frames`       how many do; O(1).
/// `next_free_run`     the first maximal run of free frames at or after `from`, for walks over all of them.
/// `check_invariants`  recounts everything; false when a count or a summary is wrong. O(frames).
template <typename T>
concept FrameSource = requires(T source, const T& view, FrameNumber frame) {
    { source.allocate() } -> std::same_as<Result<FrameNumber>>;
    { source.release(frame) } -> std::same_as<Result<void>>;
    { view.is_free(frame) } -> std::same_as<bool>;
    { view.free_frames() } -> std::same_as<FrameCount>;
    { view.next_free_run(frame) } -> std::same_as<std::optional<FrameRange>>;
    { view.check_invariants() } -> std::same_as<bool>;
};

/// A FrameSource behind one indirect call: what an account and a kernel hold. It is itself a FrameSource.
class AnyFrameSource {
  public:
    virtual Result<FrameNumber> allocate() = 0;
    virtual Result<void> release(FrameNumber frame) = 0;
    [[nodiscard]] virtual bool is_free(FrameNumber frame) const = 0;
    [[nodiscard]] virtual FrameCount free_frames() const = 0;
    [[nodiscard]] virtual std::optional<FrameRange> next_free_run(FrameNumber from) const = 0;
    [[nodiscard]] virtual bool check_invariants() const = 0;

  protected:
    ~AnyFrameSource() = default;
};
static_assert(FrameSource<AnyFrameSource>);

/// Makes any FrameSource an AnyFrameSource. Holds a reference: `source` outlives it.
template <FrameSource Source>
class Erased final : public AnyFrameSource {
  public:
    explicit Erased(Source& source) : source_(source) {}

    Result<FrameNumber> allocate() override { return source_.allocate(); }
    Result<void> release(FrameNumber frame) override { return source_.release(frame); }
    [[nodiscard]] bool is_free(FrameNumber frame) const override { return source_.is_free(frame); }
    [[nodiscard]] FrameCount free_frames() const override { return source_.free_frames(); }
    [[nodiscard]] std::optional<FrameRange> next_free_run(FrameNumber from) const override {
        return source_.next_free_run(from);
    }
    [[nodiscard]] bool check_invariants() const override { return source_.check_invariants(); }

  private:
    Source& source_;
};

}  // namespace mm
