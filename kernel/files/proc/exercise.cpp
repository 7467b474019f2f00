#include "kernel/files/proc/exercise.hpp"

#include "kernel/boot/options.hpp"
#include "kernel/log.hpp"
#include "kernel/memory/exercise_world.hpp"

namespace kernel {

FileResult<void> ExerciseFile::read(Printer& out) {
    out.print("all-frames {} wrong {}\n", last_sweep_.swept, last_sweep_.wrong);
    out.print("random-steps {} frames {} mapped {} unmapped {} blocks {} refusals {}\n", last_random_.steps,
              last_random_.frames_taken, last_random_.pages_mapped, last_random_.pages_unmapped,
              last_random_.blocks_allocated, last_random_.refusals);
    return {};
}

FileResult<void> ExerciseFile::write(std::string_view text) {
    constexpr std::string_view kRandom = "random ";
    if (text == "all-frames") {
        return sweep();
    }
    if (text.starts_with(kRandom)) {
        return run_random(text.substr(kRandom.size()));
    }
    return file_error(Errno::kInvalid);
}

FileResult<void> ExerciseFile::sweep() {
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

FileResult<void> ExerciseFile::run_random(std::string_view numbers) {
    const std::size_t blank = numbers.find(' ');
    if (blank == std::string_view::npos) {
        return file_error(Errno::kInvalid);
    }
    const std::optional<std::uint32_t> seed = parse_number(numbers.substr(0, blank));
    const std::optional<std::uint32_t> steps = parse_number(numbers.substr(blank + 1));
    if (!seed || !steps) {
        return file_error(Errno::kInvalid);
    }
    last_random_ = exercise_memory(memory_, *seed, *steps);
    if (last_random_.fault != nullptr) {
        log().error("exercise: seed {}, step {}: {}", *seed, last_random_.fault_step, last_random_.fault);
        return file_error(Errno::kIo);
    }
    return {};
}

}  // namespace kernel
