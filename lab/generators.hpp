// Traces made up, each of one kind of behaviour that programs show, so that it is known what a good policy does with it. The
// same on every host: the random numbers are the library's own.
#pragma once

#include <vector>

#include "lab/trace.hpp"

namespace lab {

/// In the order in which they are listed and documented.
std::vector<Trace> generated_traces();

}  // namespace lab
