// What the system shows and lets itself be told: files. Every figure and every switch of the kernel is one.
//
// A file here is generated: `read` prints its whole content anew, from the live objects, each time. Reading
// at an offset prints again and skips; nothing is buffered, so nothing can be stale.
#pragma once

#include <string_view>

#include "kernel/files/errno.hpp"
#include "kernel/files/printer.hpp"

namespace kernel {

/// A generated file. Implemented by whoever owns the facts; placed in a Directory by kernel/files/proc.
class File {
  public:
    /// Prints the whole content to `out`. Errors: kAccess when the file is write-only.
    virtual FileResult<void> read(Printer& out) = 0;
    /// Takes `text` (one write, its final newline removed) as a command or a value.
    /// Errors: kAccess when the file is read-only, kInvalid when it does not understand `text`.
    virtual FileResult<void> write([[maybe_unused]] std::string_view text) {
        return file_error(Errno::kAccess);
    }

  protected:
    ~File() = default;
};

}  // namespace kernel
