// Process 1: the first program, made by the kernel from nothing. Every other one is made by fork.
//
// Main line only, once, before run_scheduler().
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "kernel/files/open_file.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {

struct FirstProgram {
    std::string_view path;
    std::span<const std::string_view> arguments;  ///< argv[0] first.
    std::span<const std::string_view> environment;
    std::array<Shared<OpenFile>, 3> streams;  ///< Descriptors 0, 1, 2.
    Terminal* terminal = nullptr;  ///< It becomes the leader of a session with this one, unless null.
    void (*ended)(ExitInfo info) = nullptr;  ///< Called when it has ended; does not return.
};

/// Makes it runnable. Errors, with nothing left behind: as execve's.
FileResult<void> start_first_program(const FirstProgram& program);

}  // namespace kernel
