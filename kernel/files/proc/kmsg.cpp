// /proc/kmsg: the log's lines, oldest first: `<6>[    0.012345] text`. (Linux empties its own as it is read;
// this stays.)

#include "kernel/files/proc/system_files.hpp"
#include "kernel/log.hpp"

namespace kernel {
namespace {

class KmsgFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        log().print_kmsg(out);
        return {};
    }
};

constinit KmsgFile file;
constinit Node node("kmsg", file);

}  // namespace

Node& kmsg_node() {
    return node;
}

}  // namespace kernel
