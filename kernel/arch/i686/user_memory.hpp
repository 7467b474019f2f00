// The one door to program memory: every byte that the kernel reads from or writes to a program passes here.
//
// An address is a number from a program and may be anything. Each call checks that the range lies below
// layout::kKernelBase, then copies through the running address space; a fault in the copy is handled like the
// program's own (the page is brought in, copied on write), and where that fails the copy ends: no panic, no
// kernel byte read or written, whatever the address. Nothing may sleep in here. Window handles may be open
// around a call. Cost: the copy, about 20 instructions, and the faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/files/errno.hpp"

namespace kernel {

/// An address that a program gave.
using UserAddress = std::uint32_t;

/// Copies from a program; returns how many bytes, from the first on, could be copied.
[[nodiscard]] std::size_t copy_from_user(std::span<std::byte> to, UserAddress from);
/// Copies to a program; returns how many bytes could be copied.
[[nodiscard]] std::size_t copy_to_user(UserAddress to, std::span<const std::byte> from);
/// Zeroes program memory; returns how many bytes could be.
[[nodiscard]] std::size_t zero_user(UserAddress to, std::size_t size_bytes);
/// Copies a string without its NUL; the part of `to` that holds it. Errors: kFault, kNameTooLong (no NUL
/// within to.size() bytes).
FileResult<std::string_view> copy_string_from_user(std::span<char> to, UserAddress from);

/// A whole object. Error: kFault; nothing of `object` is meaningful then.
template <typename T>
FileResult<void> read_user(T& object, UserAddress from) {
    if (copy_from_user(std::as_writable_bytes(std::span(&object, 1)), from) != sizeof(T)) [[unlikely]] {
        return file_error(Errno::kFault);
    }
    return {};
}
template <typename T>
FileResult<void> write_user(UserAddress to, const T& object) {
    if (copy_to_user(to, std::as_bytes(std::span(&object, 1))) != sizeof(T)) [[unlikely]] {
        return file_error(Errno::kFault);
    }
    return {};
}

/// If the word there is `expected`, makes it `desired`; the word it was. Atomic towards other threads. Error:
/// kFault.
FileResult<std::uint32_t> compare_exchange_user(UserAddress word, std::uint32_t expected,
                                                std::uint32_t desired);

/// For the page-fault handler: whether the instruction at `instruction` is one of this door's.
bool is_user_copy(std::uintptr_t instruction);
/// And where to go on when its page cannot be had, or when it is the probe's; 0 when the fault is a bug of
/// the kernel's.
std::uintptr_t user_copy_resume_address(std::uintptr_t instruction);

}  // namespace kernel
