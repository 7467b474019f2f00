// /proc/cmdline: the kernel's command line as the user wrote it, and a newline. (Linux: the same.)
#include "kernel/boot/boot_information.hpp"
#include "kernel/files/proc/system_files.hpp"
#include "kernel/memory/kernel_memory.hpp"

namespace kernel {
namespace {

class CmdlineFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        const BootInformation* boot = boot_information();
        out.print("{}\n", boot == nullptr ? std::string_view{} : boot->command_line());
        return {};
    }
};

constinit CmdlineFile file;
constinit Node node("cmdline", file);

}  // namespace

Node& cmdline_node() {
    return node;
}

}  // namespace kernel
