// /proc/interrupts: interrupts so far, a line for each interrupt line in use.
#include "kernel/arch/i686/interrupts.hpp"
#include "kernel/files/proc/system_files.hpp"

namespace kernel {
namespace {

class InterruptsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        print_interrupts(out);
        return {};
    }
};

constinit InterruptsFile file;
constinit Node node("interrupts", file);

}  // namespace

Node& interrupts_node() {
    return node;
}

}  // namespace kernel
