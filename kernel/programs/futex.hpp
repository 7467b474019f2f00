// Futexes: threads that sleep on a word of their program's memory until another thread, which changed it,
// wakes them.
//
//   address --> key: in memory that is shared by its object: (object, offset in it)
//                    anywhere else: (address space, address)
//   key --> one of 64 lists --> those who sleep there, in order of arrival
//
// Owns: the lists; the places in them are on their threads' kernel stacks. Looking at the word and going to
// sleep are one step, for the kernel is never preempted. What it does not have: futexes that lend priority
// (PI). Cost: O(those who sleep in the same list). Main line only. [linux] futex(2), set_robust_list(2)
#pragma once

#include <cstdint>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/programs/wait.hpp"

namespace kernel {

class Thread;

/// Whose sleepers a wake reaches, and which a sleeper is reached by: some bit of both must be the same.
inline constexpr std::uint32_t kAnyFutexBits = UINT32_MAX;

/// Sleeps if the word at `address` is `expected`, until it is woken. Errors: kInvalid (a misaligned address,
/// no bits), kFault, kAgain (the word is another), kTimedOut, kRestart and kRestartNoHandler (a signal; with
/// a deadline, the latter).
FileResult<void> wait_for_futex(UserAddress address, std::uint32_t expected, std::uint32_t bits,
                                Moment deadline);

/// Wakes at most `most` threads that sleep on the word, the first ones first; how many it were. 0 when the
/// address is no futex's. (Does not touch the word.)
std::uint32_t wake_futex(UserAddress address, std::uint32_t most, std::uint32_t bits = kAnyFutexBits);

/// Wakes at most `most`, and lets at most `most_moved` of the others sleep on `to` from now on, in order; how
/// many it were together. Error: kInvalid.
FileResult<std::uint32_t> requeue_futex(UserAddress from, std::uint32_t most, UserAddress to,
                                        std::uint32_t most_moved);

/// Changes the word at `second` as `operation` says (FUTEX_OP), wakes at most `most` on `first`, and if the
/// word was as `operation` asks, at most `most_second` on `second`; how many it were together. Errors:
/// kInvalid, kNoSystemCall (an operation that is not defined), kFault.
FileResult<std::uint32_t> wake_futex_operation(UserAddress first, std::uint32_t most, UserAddress second,
                                               std::uint32_t most_second, std::uint32_t operation);

/// What FUTEX_OP asks for: four bits operation, four bits comparison, twelve bits each operand.
struct FutexOperation {
    enum class Change : std::uint8_t { kSet, kAdd, kOr, kAndNot, kXor };
    enum class Compare : std::uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

    Change change;
    Compare compare;
    std::int32_t operand;
    std::int32_t compared;

    /// Error: kNoSystemCall, where Linux has no such operation.
    static FileResult<FutexOperation> decode(std::uint32_t word);
    /// The word that takes the place of `old`.
    [[nodiscard]] std::uint32_t changed(std::uint32_t old) const;
    /// Whether `old` was as it was asked.
    [[nodiscard]] bool holds(std::uint32_t old) const;
};

/// The current thread ends: each lock on its list of robust ones that it holds is marked so, and one of those
/// who wait for it woken. The list is the program's and may be anything.
void release_robust_list(Thread& thread);

}  // namespace kernel
