// Threads that wait for a page, or for a frame to put one in.
#pragma once

#include "kernel/programs/wait.hpp"

namespace kernel {

/// Woken whenever a page has come from a disk, and whenever there are frames again.
WaitQueue& page_arrivals();

}  // namespace kernel
