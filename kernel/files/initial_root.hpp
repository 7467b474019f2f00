// The initial root: the tree that programs find when the first one starts.
//
//   /            the archives among the loader's modules, read-only     (archive_files.hpp)
//   /dev         devices                /dev/shm, /tmp   memory         (memory_files.hpp)
//   /proc        what the kernel shows                                   (generated.hpp)
//
// The root is the first module whose string's first word is `root`, or that is an archive (cpio newc, ustar); later
// archives are laid over it. Modules that it is made of stay in memory: they cannot be released any more.
#pragma once

#include "kernel/files/inode.hpp"
#include "kernel/files/tree.hpp"
#include "kernel/memory/kernel_memory.hpp"

namespace kernel {

/// Mounts all of the above; `proc` are the kernel's own files. False, with a line in the log that says why, when
/// there is no root, it cannot be used, or memory is short: the system has its built-in console then.
bool mount_initial_root(KernelMemory& memory, const Directory& proc);

}  // namespace kernel
