// The Panic seam on the host: an assertion of mm/ becomes an exception that a test can expect.
#pragma once

#include <stdexcept>

namespace host {

/// Thrown by `mm::panic` in host tests; what() is the assertion's sentence.
struct Panic : std::logic_error {
    using std::logic_error::logic_error;
};

}  // namespace host
