// /proc/swaps, and what can be told to the swap area: /proc/sys/vm/replacement. [linux] proc(5)
#include <span>

#include "kernel/files/proc/system_files.hpp"
#include "kernel/memory/swap_area.hpp"

namespace kernel {
namespace {

class SwapsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        out.write("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        if (const SwapArea* const area = SwapArea::active()) {
            constexpr std::uint32_t kKibPerSlot = mm::kPageSize / 1024;
            const mm::SwapSlots& slots = area->residency().slots();
            out.print("/dev/{34} partition\t{}\t\t{}\t\t-2\n", area->disk().name(),
                      slots.total() * kKibPerSlot, slots.used() * kKibPerSlot);
        }
        return {};
    }
};

/// Which page goes: a name of mm::kReplacementNames. Reading lists them all, the one in force in brackets.
class ReplacementFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        for (std::size_t i = 0; i < mm::kReplacementNames.size(); ++i) {
            const char* const separator = i == 0 ? "" : " ";
            const bool is_current = static_cast<mm::ReplacementKind>(i) == replacement_choice();
            out.print(is_current ? "{}[{}]" : "{}{}", separator, mm::kReplacementNames[i]);
        }
        out.write("\n");
        return {};
    }
    FileResult<void> write(std::string_view text) override {
        const auto kind = mm::replacement_named(std::span(text.data(), text.size()));
        if (!kind) {
            return file_error(Errno::kInvalid);
        }
        choose_replacement(*kind);
        return {};
    }
};

constinit SwapsFile swaps_file;
constinit Node swaps("swaps", swaps_file);
constinit ReplacementFile replacement_file;
constinit Node replacement("replacement", replacement_file);

}  // namespace

Node& swaps_node() {
    return swaps;
}
Node& replacement_node() {
    return replacement;
}

}  // namespace kernel
