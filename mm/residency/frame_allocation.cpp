#include "mm/residency/frame_allocation.hpp"

#include "mm/core/panic.hpp"

namespace mm {

Allotment AllocationPolicy::allocate(const AllocationRequest& request, std::span<ProgramShare> programs) {
    expect(request.fault_time > 0, "a fault that takes no time");
    admit(request.frames, programs);
    Allotment allotment;
    for (ProgramShare& program : programs) {
        program.weight = 0;
        program.maximum = kNoQuota;
        allotment.refused += program.admission == ProgramShare::Admission::kRefused ? 1 : 0;
    }
    allotment.short_by = weigh(request, programs);
    allotment.pool = divide(request.frames, programs);
    for (ProgramShare& program : programs) {
        program.history.had = program.quota;
    }
    return allotment;
}

FrameCount AllocationPolicy::divide(FrameCount frames, std::span<ProgramShare> programs) {
    return share_out(frames, programs);
}

}  // namespace mm
