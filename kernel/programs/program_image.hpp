// A program laid out in an address space of its own, ready to run, before anybody runs in it.
//
//   kEnd   a free page
//          0 | name | environment | arguments | "i686" | random bytes | auxv | envp | argv | argc <- stack pointer
//          ... room for the stack to grow down ...
//          what mmap gives, downwards
//          ... break, growing up
//   low    the file's segments, each page brought in at its first touch
//
// Owns what it prepares until the caller takes it. Runs in the new address space while it writes there (MemoryInUse):
// never sleeps after the file's headers have been read. Cost: independent of the program's size.
// [abi/i386] 3, [linux] fs/binfmt_elf.c
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/files/file_table.hpp"
#include "kernel/programs/argument_strings.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {

struct PreparedProgram {
    Shared<ProgramMemory> memory;
    Shared<Inode> executable;
    std::array<char, Process::kNameBytes> name{};
    UserAddress entry = 0;
    UserAddress stack_pointer = 0;
};

/// What to run, and with what.
struct ProgramRequest {
    const FileSystemView& view;
    Shared<Inode> file;
    std::string_view path;       ///< As the caller named it: AT_EXECFN, and a script's argument.
    ArgumentStrings& arguments;  ///< Changed when the file is a script.
    const ArgumentStrings& environment;
    std::uint32_t stack_limit = 0;  ///< RLIMIT_STACK, in bytes.
};

/// Prepares the program. Errors: kAccess (not an executable file), kNotExecutable, kNoMemory, kArgumentsTooLong,
/// kTooManySymlinks (scripts of scripts), and a script's or program's interpreter's as walk().
FileResult<PreparedProgram> prepare_program(ProgramRequest request);

/// Bytes of arguments and environment together, with a stack limit of `stack_limit` bytes. [linux] bprm_stack_limits
std::size_t most_argument_bytes(std::uint32_t stack_limit);

}  // namespace kernel
