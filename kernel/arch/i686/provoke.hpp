// /proc/provoke: makes the kernel fail on purpose, so that everybody can see (and a test can check) what it
// then says.
//
// Reading lists the names; writing one of them does it. All but a mistyped name end the machine.
#pragma once

#include "kernel/files/file.hpp"

namespace kernel {

class Provoke final : public File {
  public:
    FileResult<void> read(Printer& out) override;
    /// Errors: kInvalid when there is no such name, kIo when the machine survived what it must not.
    FileResult<void> write(std::string_view text) override;
};

}  // namespace kernel
