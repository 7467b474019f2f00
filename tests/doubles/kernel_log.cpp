#include "tests/doubles/kernel_log.hpp"

namespace host {
std::vector<LogLine> log_lines;
}  // namespace host

namespace kernel {

Log& log() {
    static Log lines;
    return lines;
}

void Log::add_line(LogLevel level, std::string_view text) {
    host::log_lines.push_back({.level = level, .text = std::string(text)});
}

}  // namespace kernel
