// What of a thread is the CPU's: its place on its kernel stack, its vector registers, its thread-local
// segments.
//
//   kernel stack   | guard | ........ switch_context's words <- esp | ... | TrapFrame |  top
//
// A new thread's stack is laid out as if it had just been switched away from inside a system call; it first
// runs at `enter_user`, which pops the TrapFrame. [intel/vol1] 10.5 (FXSAVE), [intel/vol3] 3.4.5
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/interrupts.hpp"
#include "kernel/arch/i686/segments.hpp"
#include "mm/core/address.hpp"

namespace kernel {

/// Switches x87, MMX and SSE on for programs. Once while booting.
void start_vector_registers();
/// Whether programs can run here: their vector registers are saved by FXSAVE, which CPUs older than the
/// Pentium II do not have.
bool can_run_programs();

/// x87, MMX and SSE registers as FXSAVE stores them; zeroed and set as the ABI has it at a program's start.
struct alignas(16) VectorState {
    std::array<std::byte, 512> bytes;

    /// As a fresh program finds it (FCW 0x37F, MXCSR 0x1F80).
    void reset();
    /// The registers of the CPU, which run on / from here.
    void save() { asm volatile("fxsave %0" : "=m"(bytes)); }
    /// Loads the registers. Bits of MXCSR that the CPU does not know are cleared first: a program may have
    /// forged the bytes.
    void load();
    /// Loads what save() or reset() wrote and nobody else has touched since: faster.
    void load_trusted() const { asm volatile("fxrstor %0" : : "m"(bytes)); }
};

/// The thread-local segments that set_thread_area gives out, as the GDT has them; 0 where there is none.
struct TlsSegments {
    std::array<std::uint64_t, kTlsSlots> descriptors{};
};

/// Linux's struct user_desc.
struct UserDescriptor {
    std::uint32_t entry_number;
    std::uint32_t base;
    std::uint32_t limit;
    std::uint32_t flags;
};
/// Whether `wanted` asks for no segment: Linux knows two ways to say so.
bool is_empty(const UserDescriptor& wanted);
/// Whether a program may have it: a 32-bit data segment that is present, as on Linux; or an empty one.
bool is_allowed(const UserDescriptor& wanted);
/// The GDT's form of what a program asks for, which is allowed: always ring 3, never a system descriptor. 0
/// for an empty one.
std::uint64_t tls_descriptor(const UserDescriptor& wanted);
/// And back, as get_thread_area tells it.
UserDescriptor user_descriptor(std::uint64_t descriptor, std::uint32_t slot);

/// Where a thread stopped: its stack pointer, everything else is on the stack.
struct Context {
    std::uint32_t esp = 0;
};

/// Lays out a new thread's kernel stack, whose end is `stack_end`, so that the first switch to it enters ring
/// 3 with `frame`. Returns its context and, through `placed`, the frame's place on the stack.
Context prepare_context(mm::VirtAddr stack_end, const TrapFrame& frame, TrapFrame*& placed);

/// Saves where this thread is in `from` and goes on where `to` left off. Interrupts are off or on as `to` had
/// them.
extern "C" void switch_context(Context& from, const Context& to);

/// Only the TLS segments of the running thread, after set_thread_area.
inline void load_tls(const TlsSegments& tls) {
    // FS and GS still hold what the program before had. An interrupt saves and loads them: they must not name
    // a segment that has gone.
    asm volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(0));
    set_tls_descriptors(tls.descriptors);
}
/// Only the page directory, when it is not loaded already.
inline void load_page_directory(mm::PhysAddr page_directory) {
    const auto wanted = static_cast<std::uint32_t>(page_directory.value());
    if (cpu::read_cr3() != wanted) {
        cpu::write_cr3(wanted);
    }
}
/// What the CPU must know of the thread that runs next: the kernel stack for the next entry, its TLS
/// segments, its page directory (skipped when it is loaded already).
inline void load_thread_state(mm::VirtAddr kernel_stack_end, const TlsSegments& tls,
                              mm::PhysAddr page_directory) {
    set_kernel_stack(kernel_stack_end);
    load_tls(tls);
    load_page_directory(page_directory);
}

/// Makes user segment registers and flags of a frame that a program had its hands on (sigreturn, clone)
/// harmless: data selectors that ring 3 may have, or none; ring 3 in CS and SS, which otherwise may be wrong,
/// to the program's own harm; no IOPL, no VM86, no NT, interrupts on.
void sanitize_user_frame(TrapFrame& frame);

}  // namespace kernel
