// A system call as the kernel sees it: six registers in, one out.
//
//   EAX number   EBX ECX EDX ESI EDI EBP arguments   -> EAX: a result, or a negated errno (-4095..-1)
//
// One row a call, in the file of its subject; the work is done elsewhere (files/, programs/, mm/). A row
// names its arguments, so that the table in docs/ and /proc/syscalls are generated from what is really there.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/arch/i686/interrupts.hpp"
#include "kernel/files/errno.hpp"
#include "kernel/programs/thread.hpp"

namespace kernel {

/// The arguments of the call that is being made; valid during it.
class CallArguments {
  public:
    explicit CallArguments(TrapFrame& frame) : frame_(frame) {}

    [[nodiscard]] std::uint32_t first() const { return frame_.ebx; }
    [[nodiscard]] std::uint32_t second() const { return frame_.ecx; }
    [[nodiscard]] std::uint32_t third() const { return frame_.edx; }
    [[nodiscard]] std::uint32_t fourth() const { return frame_.esi; }
    [[nodiscard]] std::uint32_t fifth() const { return frame_.edi; }
    [[nodiscard]] std::uint32_t sixth() const { return frame_.ebp; }
    /// The caller's registers: fork copies them, sigreturn and execve replace them (see kFrameReplaced).
    [[nodiscard]] TrapFrame& frame() const { return frame_; }

  private:
    TrapFrame& frame_;
};

/// What a call returns: EAX.
using CallResult = std::int32_t;
constexpr CallResult call_error(Errno error) {
    return -static_cast<CallResult>(error);
}
/// `return call_result(files.find(fd))`-style bridge for results that are numbers or nothing.
template <typename T>
constexpr CallResult call_result(const FileResult<T>& result) {
    if (!result) {
        return call_error(result.error());
    }
    if constexpr (std::is_void_v<T>) {
        return 0;
    } else {
        return static_cast<CallResult>(*result);
    }
}

using CallWork = CallResult (*)(const CallArguments& arguments);

struct CallRow {
    std::uint16_t number;
    const char* name;       ///< As in Linux's table.
    const char* arguments;  ///< For people: "fd, buffer, size".
    CallWork run;
};

/// The rows of each subject; sorted by number within. Each in the file of that name.
std::span<const CallRow> file_calls();
std::span<const CallRow> descriptor_calls();
std::span<const CallRow> poll_calls();
std::span<const CallRow> memory_calls();
std::span<const CallRow> process_calls();
std::span<const CallRow> signal_calls();
std::span<const CallRow> thread_calls();
std::span<const CallRow> scheduling_calls();
std::span<const CallRow> time_calls();
std::span<const CallRow> limit_calls();
std::span<const CallRow> system_calls();
std::span<const CallRow> swap_calls();

/// Puts all rows into the table. Once, while booting.
void start_system_calls();

/// The row of `number`; null where there is none.
const CallRow* find_call(std::uint32_t number);
/// Calls made so far by number, known or not; numbers beyond the table are counted together.
inline constexpr std::uint32_t kCallNumbers = 512;
std::uint32_t calls_made(std::uint32_t number);

namespace detail {
extern CallWork call_work[kCallNumbers];
extern std::uint32_t call_counts[kCallNumbers + 1];  // the last: of all numbers beyond the table
CallResult call_beyond_table(const CallArguments& arguments);
}  // namespace detail

/// For the entry: makes the call that `frame` asks for and stores its result there. Unknown ones answer
/// ENOSYS, are counted, and named in the log once.
inline void make_system_call(TrapFrame& frame) {
    const std::uint32_t number = frame.eax;
    current_thread().system_call = number;
    const CallArguments arguments(frame);
    if (number < kCallNumbers) [[likely]] {
        ++detail::call_counts[number];
        frame.eax = static_cast<std::uint32_t>(detail::call_work[number](arguments));
    } else {
        frame.eax = static_cast<std::uint32_t>(detail::call_beyond_table(arguments));
    }
}

}  // namespace kernel
