// Constructors of global objects. Most globals here are constinit and have none to run.
#pragma once

namespace kernel {

/// Runs every constructor in .init_array, in the linker's order. Once, at the very beginning of kernel_main.
void run_constructors();

}  // namespace kernel
