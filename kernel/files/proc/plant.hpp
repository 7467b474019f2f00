// /proc/plant: plants one bug of memory management, so that everybody can see (and a test can check) that it
// is found.
//
// Reading lists the names. The first leave a wrong account behind, which `echo audit > /proc/frames` reports
// as an I/O error; wrong releases are refused and logged at once, the heap's end in a panic that names them.
// Not bugs, but as much to be survived: `failing-block N` and `failing-frame N` let the N-th request for memory from now
// on fail, and no other (N = 0: none); frames only in a boot with fail-frames=. `slow-pages N` lets every N-th page that
// a program faults on, or the kernel looks at in a file in memory, arrive late (page_arrivals.hpp; N = 0: none).
#pragma once

#include <span>
#include <string_view>

#include "kernel/files/file.hpp"
#include "kernel/memory/kernel_memory.hpp"

namespace kernel {

/// One bug. Errors of planting it: see PlantFile::write.
struct PlantedBug {
    std::string_view name;
    FileResult<void> (*plant)(KernelMemory&);
};

/// Those in the memory of the program that plants them.
std::span<const PlantedBug> bugs_of_programs();

class PlantFile final : public File {
  public:
    explicit PlantFile(KernelMemory& memory) : memory_(memory) {}

    FileResult<void> read(Printer& out) override;
    /// Errors: kInvalid when there is no such name (or no such source of frames), kNoMemory when the bug needs memory that there is not,
    /// kIo when a wrong release was not refused, kNoProcess or kNoEntry when the program that runs (if any) has not
    /// got what the bug needs.
    FileResult<void> write(std::string_view text) override;

  private:
    KernelMemory& memory_;
};

}  // namespace kernel
