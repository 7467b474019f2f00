#include "kernel/files/proc/exercise.hpp"

#include "kernel/log.hpp"

namespace kernel {

FileResult<void> ExerciseFile::read(Printer& out) {
    out.print("all-frames {} wrong {}\n", last_sweep_.swept, last_sweep_.wrong);
    return {};
}

FileResult<void> ExerciseFile::write(std::string_view text) {
    if (text != "all-frames") {
        return file_error(Errno::kInvalid);
    }
    const mm::FrameCount free_before = memory_.account().frames_of(mm::FrameOwner::kFree);
    last_sweep_ = sweep_free_frames(memory_);
    // Memory that turned out to be absent was withdrawn on the way: then there are fewer than before.
    const mm::FrameCount free_after = memory_.account().frames_of(mm::FrameOwner::kFree);
    if (last_sweep_.swept != free_after || free_after > free_before) {
        log().error("sweep: {} frames were free, {} were swept, {} are free now", free_before,
                    last_sweep_.swept, free_after);
        return file_error(Errno::kIo);
    }
    if (last_sweep_.wrong != 0) {
        return file_error(Errno::kIo);
    }
    return {};
}

}  // namespace kernel
