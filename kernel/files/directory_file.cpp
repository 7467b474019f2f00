#include "kernel/files/directory_file.hpp"

#include <new>
#include <utility>

namespace kernel {
namespace {

/// Its position is that of DirectoryReader.
class DirectoryFile final : public OpenFile {
  public:
    DirectoryFile(Shared<Inode> directory, OpenFlags open_flags)
        : OpenFile(std::move(directory), open_flags, Seekable::kYes) {}
};

}  // namespace

FileResult<Shared<OpenFile>> open_directory(Shared<Inode> directory, OpenFlags flags) {
    Shared<OpenFile> file(new (std::nothrow) DirectoryFile(std::move(directory), flags));
    if (!file) {
        return file_error(Errno::kNoMemory);
    }
    return file;
}

}  // namespace kernel
