// /proc/syscalls: how often each system call was made since boot: NUMBER NAME CALLS, by number. Those that do not exist
// here are listed once somebody has asked for them, with `unknown` for a name; all beyond the table together as the
// first number behind it.
#include "kernel/files/proc/system_files.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {
namespace {

class SyscallsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        for (std::uint32_t number = 0; number <= kCallNumbers; ++number) {
            const CallRow* const row = find_call(number);
            const std::uint32_t calls = calls_made(number);
            if (row != nullptr || calls != 0) {
                out.print("{} {} {}\n", number, row != nullptr ? row->name : "unknown", calls);
            }
        }
        return {};
    }
};

constinit SyscallsFile file;
constinit Node node("syscalls", file);

}  // namespace

Node& syscalls_node() {
    return node;
}

}  // namespace kernel
