// printf, into a string: GCC 12 has no std::format.
#pragma once

#include <string>

namespace lab {

[[gnu::format(printf, 1, 2)]] std::string printed(const char* format, ...);

}  // namespace lab
