// The time that files carry.
#pragma once

#include "kernel/files/inode.hpp"

namespace kernel {

/// Now, by the system's clock.
FileTime file_time_now();

}  // namespace kernel
