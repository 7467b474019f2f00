// The table that system calls go through: rows by number, and how often each was called.
#include <array>

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
        log().warning("{} asks for system call {}, which does not exist here", current_process().name.data(),
                      number);
    }
    return call_error(Errno::kNoSystemCall);
}

class Table {
  public:
    constexpr Table() { work_.fill(unknown_call); }

    void add(const CallRow& row) {
        if (row.number >= kCallNumbers || rows_[row.number] != nullptr) {
            mm::panic({.what = "system calls: two rows with one number, or one beyond the table",
                       .file = __FILE__,
                       .line = __LINE__,
                       .address = row.number});
        }
        rows_[row.number] = &row;
        work_[row.number] = row.run;
    }

    [[nodiscard]] const CallRow* row(std::uint32_t number) const {
        return number < kCallNumbers ? rows_[number] : nullptr;
    }
    [[nodiscard]] std::uint32_t count(std::uint32_t number) const {
        return counts_[number < kCallNumbers ? number : kCallNumbers];
    }

    CallResult run(std::uint32_t number, const CallArguments& arguments) {
        if (number >= kCallNumbers) [[unlikely]] {
            ++counts_[kCallNumbers];
            return unknown_call(arguments);
        }
        ++counts_[number];
        return work_[number](arguments);
    }

  private:
    std::array<CallResult (*)(const CallArguments&), kCallNumbers> work_{};
    std::array<std::uint32_t, kCallNumbers + 1> counts_{};
    std::array<const CallRow*, kCallNumbers> rows_{};
};

constinit Table table;

}  // namespace

INIT_CODE void start_system_calls() {
    for (auto* const subject :
         {file_calls, descriptor_calls, poll_calls, memory_calls, process_calls, signal_calls, thread_calls,
          scheduling_calls, time_calls, limit_calls, system_calls}) {
        for (const CallRow& row : subject()) {
            table.add(row);
        }
    }
}

const CallRow* find_call(std::uint32_t number) {
    return table.row(number);
}

std::uint32_t calls_made(std::uint32_t number) {
    return table.count(number);
}

void make_system_call(TrapFrame& frame) {
    const std::uint32_t number = frame.eax;
    current_thread().system_call = number;
    frame.eax = static_cast<std::uint32_t>(table.run(number, CallArguments(frame)));
}

}  // namespace kernel
