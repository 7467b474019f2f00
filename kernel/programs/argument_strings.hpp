// The strings that a program is started with, argv or envp, on their way from one address space to the next.
//
// Owns: copies of them in blocks of the kernel heap, each string with its NUL, one behind the other. Main line only;
// never sleeps. Cost: linear in the bytes; taking the first string away and putting others before it is O(1).
//
// I1 count() is the number of NULs in the blocks; size_bytes() the bytes of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/errno.hpp"

namespace kernel {

class ArgumentStrings {
  public:
    /// The longest string, its NUL included. [linux] MAX_ARG_STRLEN
    static constexpr std::size_t kLongest = 128 * 1024;

    /// Bytes that the strings and the pointers to them take together, at most.
    explicit ArgumentStrings(std::size_t most_bytes) : most_bytes_(most_bytes) {}
    ArgumentStrings(const ArgumentStrings&) = delete;
    ArgumentStrings& operator=(const ArgumentStrings&) = delete;
    ~ArgumentStrings();

    /// Adds the strings of a program's array, which a null pointer ends; a null array is empty. Errors: kFault,
    /// kArgumentsTooLong, kNoMemory.
    FileResult<void> add_from_user(UserAddress array);
    /// Adds one string, which has no NUL in it. Errors: kArgumentsTooLong, kNoMemory.
    FileResult<void> add(std::string_view text);
    /// Takes the first string away, if there is one, and puts `text` in front of the others. Errors as add.
    FileResult<void> replace_first(std::string_view text);
    FileResult<void> add_first(std::string_view text);

    [[nodiscard]] std::uint32_t count() const { return count_; }
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

    /// Writes the strings to `strings` and their addresses, then a null, to `pointers`. Error: kFault.
    FileResult<void> copy_to_program(UserAddress strings, UserAddress pointers) const;

  private:
    struct Block;

    FileResult<void> add_string_from_user(UserAddress text);
    FileResult<Block*> room_at_end();
    FileResult<void> charge(std::size_t bytes);
    void drop_first();

    std::size_t most_bytes_;
    Block* first_ = nullptr;
    Block* last_ = nullptr;
    std::uint32_t count_ = 0;
    std::size_t size_bytes_ = 0;
};

}  // namespace kernel
