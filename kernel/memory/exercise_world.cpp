#include "kernel/memory/exercise_world.hpp"

#include <new>
#include <span>
#include <utility>

#include "kernel/arch/i686/probe.hpp"
#include "kernel/memory/audit.hpp"

namespace kernel {
namespace {

/// See mm::ExerciseWorld.
class KernelWorld {
  public:
    explicit KernelWorld(KernelMemory& memory) : memory_(memory) {}

    mm::Result<mm::OwnedFrame> take_frame() { return memory_.account().allocate(mm::FrameOwner::kExercise); }
    [[nodiscard]] mm::FrameCount frames_out() const {
        return memory_.account().frames_of(mm::FrameOwner::kExercise);
    }
    [[nodiscard]] mm::FrameCount free_frames() {
        memory_.heap().blocks().give_back_idle_pages();
        return memory_.account().frames_of(mm::FrameOwner::kFree);
    }
    auto open(mm::FrameNumber frame) { return memory_.window().open(frame); }

    [[nodiscard]] static mm::VirtRange pages() { return layout::kExercise; }
    mm::Result<void> map(mm::VirtAddr page, mm::OwnedFrame&& frame) {
        return memory_.tables().map(page, std::move(frame), mm::page_flags::kWritable);
    }
    mm::Result<void> unmap(mm::VirtAddr page, mm::UnmapBatch& batch) {
        return memory_.tables().unmap(page, batch);
    }
    void flush(mm::UnmapBatch& batch) {
        mm::flush(memory_.tlb(), memory_.tables().frames(), batch, [](mm::OwnedFrame&&) {});
    }
    std::byte* reach(mm::VirtAddr page) { return probe_read(page) ? page.as<std::byte>() : nullptr; }

    void* allocate_block(std::size_t size_bytes, std::size_t alignment) {
        return memory_.heap().allocate_aligned(size_bytes, alignment);
    }
    void release_block(void* block) { memory_.heap().release(block); }

    bool audit() { return kernel::audit(memory_, SelfTest::kRunning) == 0; }

  private:
    KernelMemory& memory_;
};
static_assert(mm::ExerciseWorld<KernelWorld>);

constexpr std::size_t kSlots = 256;

}  // namespace

mm::ExerciseReport exercise_memory(KernelMemory& memory, std::uint32_t seed, std::uint32_t step_count) {
    auto* slots = new (std::nothrow) mm::ExerciseSlot[kSlots];
    if (slots == nullptr) {
        mm::ExerciseReport report;
        report.refusals = 1;
        return report;
    }
    KernelWorld world(memory);
    mm::Exercise<KernelWorld> exercise(world, std::span(slots, kSlots));
    exercise.run(seed, step_count);
    const mm::ExerciseReport report = exercise.finish();
    delete[] slots;
    return report;
}

}  // namespace kernel
