// The one door to program memory: every byte that the kernel reads from or writes to a program passes here.
//
// An address is a number from a program and may be anything. Each call checks that the range lies below
// layout::kKernelBase, then copies through the running address space; a fault in the copy is handled like the
// program's own (the page is brought in, copied on write), and where that fails the copy ends: no panic, no
// kernel byte read or written, whatever the address. Cost: the copy, about 20 instructions, and the faults.
//
// A page may have to come from a disk. THE RULE: **a copy sleeps**, unless it must not.
// - Whoever copies while nothing stands on what others can change just copies. Others have run meanwhile: threads of
//   the same process may have closed the file, unmapped the memory, be on their way to another program; other processes
//   may have changed, emptied or removed whatever is not the caller's own. So: what is copied from or to is the
//   caller's own (its stack, its part of the heap), and what was looked up before is held (Shared) or looked up again.
// - Whoever stands on more (a ring, a list, a window handle, a state half changed) copies under NoPageWaits: with a
//   handle open that is so by itself. Then a copy ends at the first byte of a page that is not there, as at a bad one.
//   The caller lets go of everything, has bring_in_user() decide which it is, and begins from the look.
// - The last word of an access is at once: what a read_user of an aligned word gave is still so behind it, until the
//   next copy or sleep. compare_exchange_user changes a word that others may change.
// A signal that ends the process ends its waits, too: then the access fails, like a bad one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/files/errno.hpp"

namespace kernel {

/// An address that a program gave.
using UserAddress = std::uint32_t;

/// While one of these lives, no copy of anybody's waits for a page, and threads are not switched: see the rule above.
/// They nest. Cost: two instructions.
class NoPageWaits {
  public:
    NoPageWaits() { ++living; }
    NoPageWaits(const NoPageWaits&) = delete;
    NoPageWaits& operator=(const NoPageWaits&) = delete;
    ~NoPageWaits() { --living; }

    /// Whether there is one.
    static bool any() { return living != 0; }

  private:
    static inline constinit std::uint32_t living = 0;
};

/// What is going to be done to program memory.
enum class UserAccess : std::uint8_t { kRead, kWrite };

/// How many pages bring_in_user brings in at most: what every process is sure to have at the same time.
inline constexpr std::size_t kPagesBroughtIn = 4;

/// Waits until the pages of the `size_bytes` bytes from `address` on, the first kPagesBroughtIn of them at most, are
/// there for `access`; returns how many of the bytes, from the first on, lie in such pages: fewer where one cannot be
/// had. Until the next sleep a copy of these does not wait. They stay as they are. Not under NoPageWaits.
[[nodiscard]] std::size_t bring_in_user(UserAddress address, std::size_t size_bytes, UserAccess access);

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
/// It is the caller's own copy that is written: nothing that others could change meanwhile.
template <typename T>
FileResult<void> write_user(UserAddress to, T object) {
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
