// What the system calls itself and its machine: uname, /proc/version, /proc/sys/kernel.
//
// Programs compare `system` with "Linux" and read the version out of `release`: they are told what they are
// to rely on, the interface of that Linux; the build says who really answers. Owns the names that programs
// may change.
#pragma once

#include <array>

namespace kernel {

/// struct new_utsname: each text ends in a NUL.
struct MachineNames {
    using Name = std::array<char, 65>;
    Name system;
    Name host;
    Name release;
    Name build;
    Name machine;
    Name domain;
};

/// This machine's; `host` and `domain` are changed in place.
MachineNames& machine_names();

}  // namespace kernel
