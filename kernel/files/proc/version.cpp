// /proc/version: the system's name, version and compiler, in one line.

#include "kernel/files/proc/system_files.hpp"

namespace kernel {
namespace {

#ifdef __clang__
constexpr std::string_view kCompiler = __VERSION__;
#else
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif

class VersionFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        out.print("PrimitiveOS version 0.1 (i686) ({})\n", kCompiler);
        return {};
    }
};

constinit VersionFile file;
constinit Node node("version", file);

}  // namespace

Node& version_node() {
    return node;
}

}  // namespace kernel
