// What an audit has found so far: a count, and the first few in words.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/log.hpp"

namespace kernel {

class AuditFindings {
  public:
    /// One contradiction more; `format` and `arguments` as Printer::print.
    template <typename... Arguments>
    void find(std::string_view format, const Arguments&... arguments) {
        if (++count_ <= kMostLines) {
            log().error(format, arguments...);
        }
    }
    /// Says how many were found but not told; returns how many there are.
    std::uint32_t finish() {
        if (count_ > kMostLines) {
            log().error("audit: and {} more", count_ - kMostLines);
        }
        return count_;
    }

  private:
    static constexpr std::uint32_t kMostLines = 10;

    std::uint32_t count_ = 0;
};

}  // namespace kernel
