// File systems in memory: /tmp, /dev/shm. Everything that files can do, nothing that outlives the machine.
//
//   MemoryDirectory -- tree of entries by (hash of name, tie) --> MemoryDirectory, MemoryFile, ...
//
// Owns: the nodes; each directory a handle on what it lists, each node one on its directory. A file's contents are a
// page object (memory_pages.hpp) that mappings share, so that read, write and mmap see the same bytes. An open file
// keeps a removed file; its pages go with the last handle.
//
// I1 an entry's key is its name's hash with a tie-breaker; positions in listings are keys, so that they hold while
//    other entries come and go.
// I2 bytes of a file's last page beyond its end are zero when a program can get to see them: they are cleared whenever
//    the end moves (programs may have written there through a mapping).
// Cost: names O(log n); read and write a page at a time. Frames are refused (kNoSpace) when memory files have half of
// memory or less than a sixty-fourth is free. Main line only.
#pragma once

#include <cstdint>

#include "kernel/files/inode.hpp"

namespace kernel {

/// A new, empty file system's root, with permissions 01777. It stays for ever. Error: kNoMemory.
FileResult<Shared<Inode>> make_memory_file_system();

}  // namespace kernel
