#include "kernel/machine_names.hpp"

#include <algorithm>
#include <string_view>

namespace kernel {
namespace {

constexpr MachineNames::Name name(std::string_view text) {
    MachineNames::Name filled{};
    std::copy(text.begin(), text.end(), filled.begin());
    return filled;
}

constinit MachineNames names{.system = name("Linux"),
                             .host = name("primitive"),
                             .release = name("6.1.0-primitive"),
                             .build = name("PrimitiveOS 0.1"),
                             .machine = name("i686"),
                             .domain = name("(none)")};

}  // namespace

MachineNames& machine_names() {
    return names;
}

}  // namespace kernel
