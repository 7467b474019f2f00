// The Panic seam on the host: an assertion of mm/ becomes an exception that a test can expect.
#pragma once

#include <stdexcept>

#include "mm/core/panic.hpp"

namespace host {

/// Thrown by `mm::panic` in host tests; what() is the assertion's sentence.
struct Panic : std::logic_error {
    explicit Panic(const mm::PanicReport& its_report)
        : std::logic_error(its_report.what), report(its_report) {}

    mm::PanicReport report;
};

}  // namespace host
