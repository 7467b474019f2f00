// An open directory of any file system: listing is the node's affair, by positions.
#pragma once

#include "kernel/files/open_file.hpp"

namespace kernel {

/// Opens `directory`. Error: kNoMemory.
FileResult<Shared<OpenFile>> open_directory(Shared<Inode> directory, OpenFlags flags);

}  // namespace kernel
