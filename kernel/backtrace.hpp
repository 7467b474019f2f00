// How the program got where it is: return addresses along the chain of frame pointers, with names.
//
//   frame pointer -> | caller's frame pointer | return address |
//                      lower address            higher address
//
// Every function that calls another one pushes the first (-fno-omit-frame-pointer); a fault in one that does
// not loses the name of its caller.
//
// Reads nothing but the kernel's own stacks, each frame above the one before: a smashed stack ends the walk,
// it cannot make it fault or loop. Callable anywhere; one symbol look-up (about 200 instructions) a frame.
#pragma once

#include <cstdint>

#include "kernel/files/printer.hpp"

namespace kernel {

/// Prints a line for `instruction` (0: none) and one for each return address from `frame_pointer` on: 24 at
/// most.
void print_backtrace(Printer& out, std::uintptr_t instruction, std::uintptr_t frame_pointer);

}  // namespace kernel
