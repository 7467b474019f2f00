// What a program finds on its stack: argc, argv, envp, the auxiliary vector, and what those point to.
//
// Owns nothing. Knows every address before it writes the first byte. [abi/i386] 3, [linux] fs/binfmt_elf.c
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/argument_strings.hpp"

namespace kernel {

/// What the auxiliary vector tells of the program.
struct ProgramFacts {
    UserAddress program_headers_address = 0;
    std::uint32_t program_header_count = 0;
    UserAddress entry = 0;             ///< The program's own, not its interpreter's.
    UserAddress interpreter_base = 0;  ///< 0: it has none.
};

class InitialStack {
  public:
    /// All three outlive this.
    InitialStack(std::string_view path, const ArgumentStrings& arguments, const ArgumentStrings& environment);

    /// Maps the region that grows down, large enough for all of it. Errors: kNoMemory, kNotExecutable.
    FileResult<void> map(ProgramSpace& space) const;
    /// Writes it, in the running address space, and notes where. Error: kNoMemory.
    FileResult<void> write(const ProgramFacts& facts, ProgramLayout& layout) const;
    /// Where the program's stack pointer begins: at argc.
    [[nodiscard]] UserAddress stack_pointer() const { return stack_pointer_; }

  private:
    std::string_view path_;
    const ArgumentStrings& arguments_;
    const ArgumentStrings& environment_;
    UserAddress path_at_;
    UserAddress environment_at_;
    UserAddress arguments_at_;
    UserAddress platform_at_;
    UserAddress random_at_;
    UserAddress stack_pointer_;
};

}  // namespace kernel
