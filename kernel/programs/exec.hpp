// execve: the current process goes on as another program.
//
// Everything that can fail happens before anything is changed: the new program is ready in an address space of its own
// while the old one is still whole. Then the other threads end, which takes until each has come out of the kernel; and
// then there is no way back, and no failure. Main line only; may sleep.
#pragma once

#include <string_view>

#include "kernel/programs/program_image.hpp"

namespace kernel {

/// Runs `file`, called `path` by the caller, in the current process: `frame` is what the thread goes on with, in the
/// new program. Errors as prepare_program; the caller goes on unharmed.
FileResult<void> execute(TrapFrame& frame, Shared<Inode> file, std::string_view path,
                         ArgumentStrings& arguments, const ArgumentStrings& environment);

/// The registers that a program begins with.
TrapFrame first_frame(const PreparedProgram& program);
/// `program` is what `process` runs from now on; what is about the old one is forgotten. The memory is not changed.
void note_program(Process& process, const PreparedProgram& program);

}  // namespace kernel
