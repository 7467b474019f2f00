#include "kernel/memory/frame_sweep.hpp"

#include <utility>

#include "kernel/arch/i686/string_operations.hpp"
#include "kernel/log.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

using mm::FrameNumber;

constexpr std::uint32_t kNoFrame = 0xffff'ffff;
constexpr std::size_t kWords = mm::kPageSize / sizeof(std::uint32_t);

/// The first word links to the frame taken before; the others hold a pattern of this frame alone.
class Links {
  public:
    explicit Links(Window& window) : window_(window) {}

    void fill(FrameNumber frame, std::uint32_t before) {
        const auto handle = window_.open(frame);
        auto* words = reinterpret_cast<std::uint32_t*>(handle.bytes());
        words[0] = before;
        fill_words(words + 1, kWords - 1, pattern(frame));
    }

    /// Whether the pattern is all there; puts the link into `before`.
    bool check(FrameNumber frame, std::uint32_t& before) {
        const auto handle = window_.open(frame);
        const auto* words = reinterpret_cast<const std::uint32_t*>(handle.bytes());
        before = words[0];
        return are_words(words + 1, kWords - 1, pattern(frame));
    }

  private:
    static std::uint32_t pattern(FrameNumber frame) { return frame.value() * 0x9e37'79b9U + 1; }

    Window& window_;
};

}  // namespace

FrameSweep sweep_free_frames(KernelMemory& memory) {
    mm::FrameAccount& account = memory.account();
    Links links(memory.window());
    std::uint32_t newest = kNoFrame;
    while (true) {
        mm::Result<mm::OwnedFrame> frame = account.allocate(mm::FrameOwner::kExercise);
        if (!frame) {
            break;
        }
        links.fill(frame->number(), newest);
        newest = std::move(*frame).give_up().value();
    }
    FrameSweep sweep;
    while (newest != kNoFrame) {
        const FrameNumber frame(newest);
        const bool sound = links.check(frame, newest);
        ++sweep.swept;
        if (!sound && ++sweep.wrong == 1) {
            log().error("sweep: frame 0x{x} does not hold what was written to it", frame);
        }
        if (!account.release(frame, mm::FrameOwner::kExercise)) {
            break;  // The link led to a frame that is not held: the chain itself was overwritten.
        }
    }
    return sweep;
}

}  // namespace kernel
