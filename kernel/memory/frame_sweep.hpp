// Takes every free frame at once, and proves of each that it is memory of its own.
#pragma once

#include "kernel/memory/kernel_memory.hpp"

namespace kernel {

/// What a sweep found.
struct FrameSweep {
    mm::FrameCount swept = 0;  ///< Frames that were taken, written, read back and given back.
    mm::FrameCount wrong = 0;  ///< Of these, those that did not keep what was written to them.
};

/// Takes frames until there are none left, fills each with a pattern of its own, then, all being held, reads
/// each one back and releases it. A frame handed out twice, or two numbers for one piece of memory, end with
/// one pattern too few. The frames are chained through their own first word: nothing else is needed to
/// remember them. Cost: some 4,000 instructions a frame.
FrameSweep sweep_free_frames(KernelMemory& memory);

}  // namespace kernel
