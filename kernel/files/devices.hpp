// The files of /dev: null, zero, full, random, urandom, console, tty, ttyS0, the disks, links to the caller's own
// descriptors, and an empty directory, shm, to mount something on.
//
// All nodes are made at boot and live for ever. Which file system number they carry: kDeviceFileSystem.
#pragma once

#include <cstdint>

#include "kernel/files/inode.hpp"

namespace kernel {

inline constexpr std::uint32_t kDeviceFileSystem = 5;

/// The root of the device files, to be mounted at /dev. Always the same one. Error: kNoMemory, when it could not be
/// made at the first call.
FileResult<Shared<Inode>> device_directory();

/// The console as a process's descriptors 0, 1, 2, without making it anybody's controlling terminal. Error:
/// kNoMemory.
FileResult<Shared<OpenFile>> open_console(OpenFlags flags);

}  // namespace kernel
