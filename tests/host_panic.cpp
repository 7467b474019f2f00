// The Panic seam on the host, see host_panic.hpp.
#include "tests/host_panic.hpp"

#include "mm/core/panic.hpp"

namespace mm {

void panic(const PanicReport& report) {
    throw host::Panic(report);
}

}  // namespace mm
