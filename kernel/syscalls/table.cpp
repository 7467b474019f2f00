// The table that system calls go through: rows by number, and how often each was called.
#include <algorithm>
#include <array>
#include <iterator>

#include "kernel/boot/init.hpp"
#include "kernel/log.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/call.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

CallResult unknown_call(const CallArguments& arguments) {
    const std::uint32_t number = arguments.frame().eax;
    if (calls_made(number) == 1) {
        log().info("{} asks for system call {}, which does not exist here", current_process().name.data(),
                   number);
    }
    return call_error(Errno::kNoSystemCall);
}

constinit std::array<const CallRow*, kCallNumbers> rows{};

INIT_CODE void add_row(const CallRow& row) {
    if (row.number >= kCallNumbers || rows[row.number] != nullptr) {
        mm::panic({.what = "system calls: two rows with one number, or one beyond the table",
                   .file = __FILE__,
                   .line = __LINE__,
                   .address = row.number});
    }
    rows[row.number] = &row;
    detail::call_work[row.number] = row.run;
}

}  // namespace

namespace detail {

constinit CallWork call_work[kCallNumbers]{};
constinit std::uint32_t call_counts[kCallNumbers + 1]{};

CallResult call_beyond_table(const CallArguments& arguments) {
    ++call_counts[kCallNumbers];
    return unknown_call(arguments);
}

}  // namespace detail

INIT_CODE void start_system_calls() {
    std::fill(std::begin(detail::call_work), std::end(detail::call_work), unknown_call);
    for (auto* const subject :
         {file_calls, descriptor_calls, poll_calls, memory_calls, process_calls, signal_calls, thread_calls,
          scheduling_calls, time_calls, limit_calls, system_calls, swap_calls}) {
        for (const CallRow& row : subject()) {
            add_row(row);
        }
    }
}

const CallRow* find_call(std::uint32_t number) {
    return number < kCallNumbers ? rows[number] : nullptr;
}

std::uint32_t calls_made(std::uint32_t number) {
    return detail::call_counts[number < kCallNumbers ? number : kCallNumbers];
}

}  // namespace kernel
