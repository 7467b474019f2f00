// What paths ask of the initial root's nodes.
#include "kernel/files/archive_files.hpp"
#include "kernel/files/directory_file.hpp"
#include "mm/core/address.hpp"

namespace kernel {

Inode* ArchiveNode::directory() const {
    return directory_;
}

void ArchiveNode::status(FileStatus& status) const {
    status.device = device();
    status.inode = number_;
    status.kind = kind();
    status.permissions = permissions_;
    status.links = links_;
    status.user = user_;
    status.group = group_;
    switch (kind()) {
        case FileKind::kDirectory:
            status.links = 2 + static_cast<const ArchiveDirectory*>(this)->directories_;
            status.size_bytes = mm::kPageSize;
            break;
        case FileKind::kSymlink:
            status.size_bytes = static_cast<const ArchiveSymlink*>(this)->target_.size();
            break;
        default:
            status.size_bytes = static_cast<const ArchiveFile*>(this)->size_bytes_;
            status.blocks = (status.size_bytes + 511) / 512;
    }
    status.accessed = status.modified = status.changed = {.seconds = modified_};
}

FileResult<void> ArchiveNode::change_status(const StatusChange&) {
    return file_error(Errno::kReadOnlyFileSystem);
}

void ArchiveNode::file_system_status(FileSystemStatus& status) const {
    constexpr std::uint32_t kRamfsMagic = 0x8584'58f6;
    constexpr std::uint32_t kReadOnly = 1;
    status.type = kRamfsMagic;
    status.flags = kReadOnly;
}

FileResult<Shared<OpenFile>> ArchiveDirectory::open(OpenFlags flags) {
    return open_directory(Shared<Inode>(this), flags);
}

FileResult<Shared<Inode>> ArchiveDirectory::look_up(std::string_view name) {
    ArchiveNode* const node = tree_.find(*this, name);
    if (node == nullptr) {
        return file_error(Errno::kNoEntry);
    }
    return Shared<Inode>(node);
}

FileResult<void> ArchiveDirectory::read_directory(std::uint64_t position, DirectoryReader& reader) {
    const Inode* const above = directory() == nullptr ? this : directory();
    FileStatus parent_status;
    above->status(parent_status);
    if ((position <= 0 && !reader.take(".", number_, FileKind::kDirectory, 1)) ||
        (position <= 1 && !reader.take("..", parent_status.inode, FileKind::kDirectory, 2))) {
        return {};
    }
    std::uint64_t at = 2;
    for (const ArchiveNode* node = first_; node != nullptr; node = node->next_in_directory_, ++at) {
        if (at >= position && !reader.take(node->name_, node->number_, node->kind(), at + 1)) {
            break;
        }
    }
    return {};
}

}  // namespace kernel
