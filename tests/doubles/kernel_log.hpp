// The kernel's log for host tests: keeps the lines.
#pragma once

#include <string>
#include <vector>

#include "kernel/log.hpp"

namespace host {

struct LogLine {
    kernel::LogLevel level;
    std::string text;
};

/// What was logged since a test cleared it.
extern std::vector<LogLine> log_lines;

}  // namespace host
