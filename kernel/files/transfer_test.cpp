#include "kernel/files/transfer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>

#include "tests/doubles/kernel_host.hpp"

namespace kernel {
namespace {

using host::kProgramBegin;
using host::kProgramBytes;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
std::string program_text(std::uint32_t address, std::size_t size) {
    return {reinterpret_cast<const char*>(host::program_memory().data()) + (address - kProgramBegin), size};
}

TEST(Transfer, moves_to_one_buffer_until_it_is_full) {
    Transfer transfer = Transfer::with_user({.address = kProgramBegin, .size_bytes = 5});
    EXPECT_EQ(transfer.put(bytes_of("abc")), 3U);
    EXPECT_EQ(transfer.put(bytes_of("defg")), 2U);
    EXPECT_EQ(transfer.put(bytes_of("h")), 0U);
    EXPECT_EQ(transfer.remaining(), 0U);
    EXPECT_EQ(transfer.moved(), 5U);
    EXPECT_EQ(program_text(kProgramBegin, 5), "abcde");
}

TEST(Transfer, goes_through_several_buffers_in_order) {
    const std::array<UserBuffer, 4> buffers{{{.address = kProgramBegin + 10, .size_bytes = 2},
                                             {.address = 0, .size_bytes = 0},
                                             {.address = kProgramBegin + 20, .size_bytes = 3},
                                             {.address = kProgramBegin + 12, .size_bytes = 1}}};
    Transfer transfer = Transfer::with_user(buffers);
    EXPECT_EQ(transfer.remaining(), 6U);
    EXPECT_EQ(transfer.put(bytes_of("abcd")), 4U);
    EXPECT_EQ(transfer.put_zeros(1), 1U);
    EXPECT_EQ(transfer.put(bytes_of("z!")), 1U);
    EXPECT_EQ(program_text(kProgramBegin + 10, 3), "abz");
    EXPECT_EQ(program_text(kProgramBegin + 20, 3), std::string("cd\0", 3));
    Transfer back = Transfer::with_user(buffers);
    std::array<char, 8> text{};
    EXPECT_EQ(back.take(std::as_writable_bytes(std::span(text))), 6U);
    EXPECT_EQ(std::string(text.data(), 6), std::string("abcd\0z", 6));
}

TEST(Transfer, a_bad_pointer_ends_it_and_what_moved_counts) {
    const std::uint32_t end = kProgramBegin + kProgramBytes;
    Transfer transfer = Transfer::with_user({.address = end - 2, .size_bytes = 10});
    EXPECT_EQ(transfer.put(bytes_of("abcd")), 2U);
    EXPECT_EQ(transfer.put(bytes_of("cd")).error(), Errno::kFault);
    EXPECT_EQ(transfer.moved(), 2U);
    EXPECT_EQ(transfer.remaining(), 8U);
    std::array<std::byte, 4> taken{};
    Transfer nothing = Transfer::with_user({.address = 16, .size_bytes = 4});
    EXPECT_EQ(nothing.take(taken).error(), Errno::kFault);
    EXPECT_EQ(nothing.moved(), 0U);
    EXPECT_EQ(Transfer::with_user({.address = 16, .size_bytes = 0}).put(bytes_of("x")), 0U);
}

TEST(Transfer, moves_to_and_from_the_kernels_own_memory) {
    std::array<std::byte, 4> memory{};
    Transfer to = Transfer::with_kernel(memory);
    EXPECT_EQ(to.put(bytes_of("ab")), 2U);
    EXPECT_EQ(to.put(bytes_of("cdef")), 2U);
    EXPECT_EQ(std::memcmp(memory.data(), "abcd", 4), 0);
    Transfer from = Transfer::with_kernel(memory);
    std::array<std::byte, 3> taken{};
    EXPECT_EQ(from.take(taken), 3U);
    EXPECT_EQ(std::memcmp(taken.data(), "abc", 3), 0);
    EXPECT_EQ(from.take(taken), 1U);
    EXPECT_EQ(from.take(taken), 0U);
}

TEST(Transfer, what_is_held_back_moves_later) {
    std::array<std::byte, 8> memory{};
    Transfer transfer = Transfer::with_kernel(memory);
    const std::array<std::byte, 8> ones = {std::byte{1}, std::byte{1}, std::byte{1}, std::byte{1},
                                           std::byte{1}, std::byte{1}, std::byte{1}, std::byte{1}};
    const std::size_t held = transfer.hold_back_beyond(5);
    EXPECT_EQ(held, 3U);
    EXPECT_EQ(transfer.put(ones), 5U);
    EXPECT_EQ(transfer.remaining(), 0U);
    EXPECT_EQ(memory[5], std::byte{0});
    transfer.give_back(held);
    EXPECT_EQ(transfer.hold_back_beyond(3), 0U);
    EXPECT_EQ(transfer.put(ones), 3U);
    EXPECT_EQ(transfer.moved(), 8U);
    EXPECT_EQ(memory, ones);
}

}  // namespace
}  // namespace kernel
