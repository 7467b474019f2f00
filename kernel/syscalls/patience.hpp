// How long a call may wait, in the forms in which programs say so.
#pragma once

#include <cstdint>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/programs/wait.hpp"

namespace kernel {

/// How a call gives its time: struct timespec or timeval with 32-bit seconds, or a timespec with 64-bit ones.
enum class TimeForm : std::uint8_t { kSpec32, kSpec64, kValue32 };

/// How long a call may wait, as its program gave it, and where it is to be told what remains.
struct Patience {
    UserAddress address = 0;
    TimeForm form = TimeForm::kSpec32;
    Moment deadline = kNever;  ///< 0: do not wait.

    /// Tells the program how much was left. A pointer that fails now is nobody's business any more.
    void store_remaining() const;
};

/// The moment `microseconds` from now; 0, which has passed, for none.
Moment moment_in(std::uint64_t microseconds);

/// What the program wrote at `address`; for ever where that is 0. Errors: kFault, kInvalid.
FileResult<Patience> read_patience(UserAddress address, TimeForm form);

}  // namespace kernel
