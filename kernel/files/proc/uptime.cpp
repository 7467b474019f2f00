// /proc/uptime: seconds since the kernel's first instruction, and how many of them the CPU slept.
#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/clock.hpp"
#include "kernel/files/proc/system_files.hpp"

namespace kernel {
namespace {

/// value * part / whole without overflow, as exact as 32 bits of `part` and `whole` allow.
std::uint64_t share_of(std::uint64_t value, std::uint64_t part, std::uint64_t whole) {
    while (whole > UINT32_MAX) {
        whole >>= 1;
        part >>= 1;
    }
    if (whole == 0 || part >= whole) {
        return part == 0 ? 0 : value;
    }
    return (value / whole) * part + (value % whole) * part / whole;
}

void print_seconds(Printer& out, std::uint64_t microseconds) {
    const std::uint64_t hundredths = microseconds / 10'000;
    out.print("{}.{02}", hundredths / 100, hundredths % 100);
}

class UptimeFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        const std::uint64_t up = clock().microseconds_since_entry();
        print_seconds(out, up);
        out.write(" ");
        print_seconds(out, share_of(up, cpu::hlt_ticks(), cpu::read_tsc() - image::entry_tsc()));
        out.write("\n");
        return {};
    }
};

constinit UptimeFile file;
constinit Node node("uptime", file);

}  // namespace

Node& uptime_node() {
    return node;
}

}  // namespace kernel
