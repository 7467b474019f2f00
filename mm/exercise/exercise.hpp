// The exerciser: random sequences of everything that mm/ does with frames, against a trivial model. One piece
// of code for the host's tests and for the booted kernel, which proves its memory management on itself.
//
//   slots    [ empty | frame in hand | mapped page | empty | heap block | ... ]     what the model knows
//   step     (slot, choice, size): an empty slot takes a frame or a heap block, a full one lets go of what it
//            has, and a frame in hand may be mapped instead
//
// Whatever a slot holds is filled with bytes that depend on the slot's present number; they are looked at
// again before it is let go. A page is written at its virtual address and read back through its frame: a
// stale translation shows. The model says that no two slots may hold one frame or overlap in the heap, and
// how many frames are out.
//
// Owns: what its slots hold, until finish(). Never: allocates, loops without bound, or goes on after a fault.
// A refusal (no memory) is no fault: it is counted, and whether it left everything as it was is for the
// checks to find.
//
// Cost: a step looks at every slot at most once, and at a few hundred bytes of contents; every 16th number
// fills and reads back whole pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/exercise/exercise_world.hpp"
#include "mm/frames/owned_frame.hpp"
#include "mm/paging/tlb.hpp"

namespace mm {

/// One step, wholly determined: any numbers make a valid one.
struct ExerciseStep {
    std::uint32_t slot;
    std::uint32_t choice;
    std::uint32_t size;
};

/// What was done, and the first thing found wrong.
struct ExerciseReport {
    const char* fault = nullptr;   ///< Null: nothing was. Static storage.
    std::uint64_t fault_step = 0;  ///< The step that found it, counted from 0.
    std::uint64_t steps = 0;
    std::uint64_t frames_taken = 0;
    std::uint64_t pages_mapped = 0;
    std::uint64_t pages_unmapped = 0;
    std::uint64_t blocks_allocated = 0;
    std::uint64_t refusals = 0;
};

/// What one slot holds. The caller gives an array of them, default-made, and does not look inside.
struct ExerciseSlot {
    enum class Kind : std::uint8_t { kEmpty, kFrame, kPage, kBlock };

    Kind kind = Kind::kEmpty;
    std::uint32_t number = 0;  ///< Different each time the slot is filled: the contents follow from it.
    std::optional<OwnedFrame> in_hand{};  ///< kFrame.
    FrameNumber frame{};                  ///< kFrame, kPage.
    VirtAddr address{};                   ///< kPage, kBlock.
    std::size_t size_bytes = 0;
};

template <ExerciseWorld World>
class Exercise {
  public:
    /// Steps between two audits.
    static constexpr std::uint64_t kAuditInterval = 8192;

    /// `slots` (at least one, at most one a page of world.pages()) and `world` outlive the object.
    Exercise(World& world, std::span<ExerciseSlot> slots)
        : world_(world), slots_(slots), free_frames_before_(world.free_frames()) {}
    Exercise(const Exercise&) = delete;
    Exercise& operator=(const Exercise&) = delete;

    /// `step_count` random steps from `seed`, or fewer when something is found wrong. Callable again, to go
    /// on.
    void run(std::uint32_t seed, std::uint64_t step_count) {
        Random random(seed);
        for (std::uint64_t i = 0; i < step_count && report_.fault == nullptr; ++i) {
            const std::uint32_t slot = random.next();
            const std::uint32_t choice = random.next();
            perform({slot, choice, random.next()});
        }
    }

    /// One step; none once something was found wrong.
    void perform(ExerciseStep step);

    /// Lets everything go, and checks that the world is as it was before. After a fault it does neither: who
    /// knows what a release would damage.
    ExerciseReport finish();

    [[nodiscard]] const ExerciseReport& report() const { return report_; }

  private:
    using Kind = ExerciseSlot::Kind;

    /// [marsaglia/xorshift], 32 bits: enough to mix operations, and no 64-bit multiplication on a small
    /// machine.
    class Random {
      public:
        explicit Random(std::uint32_t seed) : state_(seed == 0 ? 1 : seed) {}
        std::uint32_t next() {
            state_ ^= state_ << 13;
            state_ ^= state_ >> 17;
            state_ ^= state_ << 5;
            // The low bits of a shift register alone are a poor choice of operation.
            return state_ * 0x9e37'79b1U;
        }

      private:
        std::uint32_t state_;
    };

    // Each of these does its part of a step on one slot.
    void take_frame(ExerciseSlot& slot);
    void map_frame(ExerciseSlot& slot, std::uint32_t choice);
    void unmap_pages(std::size_t first, std::size_t most);
    void allocate_block(ExerciseSlot& slot, ExerciseStep step);
    void release_block(ExerciseSlot& slot);
    void release_frame(ExerciseSlot& slot);
    void let_go(std::size_t index);

    void check_everything();
    void expect_frame_is_nobodys(FrameNumber frame);
    void expect_no_overlap(const std::byte* begin, std::size_t size_bytes);
    void find(bool is_right, const char* fault) {
        if (!is_right && report_.fault == nullptr) {
            report_.fault = fault;
            report_.fault_step = report_.steps;
        }
    }

    // Contents.
    static std::byte expected_byte(std::uint32_t number, std::size_t offset) {
        return static_cast<std::byte>(
            (number * 0x9e37'79b1U + static_cast<std::uint32_t>(offset) * 0x85eb'ca6bU) >> 24);
    }
    static void fill(std::byte* bytes, const ExerciseSlot& slot) {
        for_each_offset(slot,
                        [&](std::size_t offset) { bytes[offset] = expected_byte(slot.number, offset); });
    }
    static bool is_filled(const std::byte* bytes, const ExerciseSlot& slot) {
        bool all = true;
        for_each_offset(
            slot, [&](std::size_t offset) { all &= bytes[offset] == expected_byte(slot.number, offset); });
        return all;
    }
    template <typename Visit>
    static void for_each_offset(const ExerciseSlot& slot, Visit visit) {
        constexpr std::uint32_t kWholeEvery = 16;
        constexpr std::size_t kSparse = 127;
        const std::size_t stride = slot.number % kWholeEvery == 0 ? 1 : kSparse;
        for (std::size_t offset = 0; offset < slot.size_bytes; offset += stride) {
            visit(offset);
        }
        if (slot.size_bytes != 0) {
            visit(slot.size_bytes - 1);
        }
    }

    World& world_;
    std::span<ExerciseSlot> slots_;
    FrameCount free_frames_before_;
    FrameCount frames_held_ = 0;
    std::uint32_t next_number_ = 1;
    ExerciseReport report_;
};

}  // namespace mm

#include "mm/exercise/exercise_steps.hpp"
