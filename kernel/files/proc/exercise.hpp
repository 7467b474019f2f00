// /proc/exercise: makes the running kernel prove its memory management on itself.
//
//   echo all-frames > /proc/exercise
//       Every free frame is taken at once, written, read back and given back.
//   echo random SEED STEPS > /proc/exercise
//       STEPS random steps from SEED: frames, pages and heap blocks are taken, used and given back, each
//       checked against a model, with audits between.
//
// Reading tells what the last one of each did. A fault is an I/O error of the write, and described in the
// log.
#pragma once

#include "kernel/files/file.hpp"
#include "kernel/memory/frame_sweep.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "mm/exercise/exercise.hpp"

namespace kernel {

class ExerciseFile final : public File {
  public:
    explicit ExerciseFile(KernelMemory& memory) : memory_(memory) {}

    FileResult<void> read(Printer& out) override;
    /// Errors: kInvalid for other words, kIo when something was found wrong.
    FileResult<void> write(std::string_view text) override;

  private:
    FileResult<void> sweep();
    FileResult<void> run_random(std::string_view numbers);

    KernelMemory& memory_;
    FrameSweep last_sweep_;
    mm::ExerciseReport last_random_;
};

}  // namespace kernel
