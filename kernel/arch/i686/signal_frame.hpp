// A signal handler's frame on a program's stack: built when the handler is entered, taken apart when it returns.
//
//   higher addresses   what the program had
//                      x87 and SSE registers (aligned to 64 bytes, behind the 112 bytes of an FSAVE image)
//                      code that calls sigreturn, for handlers without a restorer
//                      registers, mask [and siginfo, ucontext: SA_SIGINFO]
//   stack pointer ->   return address, signal number, ...
//
// The layouts are Linux's. What comes back is the program's to forge: every byte passes through the door, segments and
// flags are made harmless, so that a forged frame hurts only who forged it. [linux] arch/x86/kernel/signal_32.c,
// arch/x86/include/uapi/asm/sigcontext.h
#pragma once

#include <cstdint>

#include "kernel/programs/signals.hpp"
#include "kernel/programs/thread.hpp"

namespace kernel {

/// thread.frame's vector once its registers are no longer those of the call that was made: nothing is begun anew.
inline constexpr std::uint32_t kNoCall = 0xFFFF;

/// Makes `thread` (the current one) enter the handler of `action` when it returns to ring 3. `mask` is what it will
/// block again behind the handler. Error: kFault, when the frame cannot be written; the thread is as it was.
FileResult<void> enter_handler(Thread& thread, const SignalInfo& info, const SignalAction& action,
                               SignalSet mask);

/// Which of the two frames a handler returns from: sigreturn's, or rt_sigreturn's.
enum class FrameKind : std::uint8_t { kPlain, kWithInformation };

/// Sets the registers of the current thread to what the frame on its stack says; the mask it is to block then. Error:
/// kFault.
FileResult<SignalSet> leave_handler(Thread& thread, FrameKind kind);

/// sigaltstack, for the current thread. Errors: kNotPermitted (it is on the one it has), kInvalid, kNoMemory (too
/// small).
FileResult<void> set_alternate_stack(Thread& thread, UserAddress address, std::uint32_t size_bytes,
                                     std::uint32_t flags);
/// What sigaltstack says of it: SS_ONSTACK, SS_DISABLE or 0.
std::uint32_t alternate_stack_state(const Thread& thread);

}  // namespace kernel
