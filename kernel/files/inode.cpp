// What a node answers to what its kind cannot do: Linux's errnos.
#include "kernel/files/inode.hpp"

#include "kernel/files/open_file.hpp"

namespace kernel {
namespace {

/// A new name in a directory that takes none.
std::unexpected<Errno> refuse_name(Inode& directory, std::string_view name) {
    if (directory.kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    return file_error(directory.look_up(name) ? Errno::kExists : Errno::kReadOnlyFileSystem);
}

/// A name that is to go, in a directory that gives none up.
std::unexpected<Errno> refuse_removal(Inode& directory, std::string_view name) {
    if (directory.kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    const FileResult<Shared<Inode>> found = directory.look_up(name);
    return file_error(found ? Errno::kReadOnlyFileSystem : found.error());
}

}  // namespace

FileResult<Shared<Inode>> Inode::look_up(std::string_view) {
    return file_error(kind_ == FileKind::kDirectory ? Errno::kNoEntry : Errno::kNotDirectory);
}

Shared<Inode> Inode::parent() {
    Inode* const above = directory();
    return Shared<Inode>(above != nullptr ? above : this);
}

FileResult<Shared<Inode>> Inode::create(std::string_view name, FileKind, std::uint16_t, std::uint32_t) {
    return refuse_name(*this, name);
}

FileResult<Shared<Inode>> Inode::create_symlink(std::string_view name, std::string_view) {
    return refuse_name(*this, name);
}

FileResult<void> Inode::link(std::string_view name, Inode&) {
    return refuse_name(*this, name);
}

FileResult<void> Inode::unlink(std::string_view name) {
    return refuse_removal(*this, name);
}

FileResult<void> Inode::remove_directory(std::string_view name) {
    return refuse_removal(*this, name);
}

FileResult<void> Inode::rename(std::string_view name, Inode&, std::string_view) {
    return refuse_removal(*this, name);
}

FileResult<void> Inode::read_directory(std::uint64_t, DirectoryReader&) {
    return file_error(Errno::kNotDirectory);
}

FileResult<std::string_view> Inode::target() {
    return file_error(Errno::kInvalid);
}

FileResult<Shared<Inode>> Inode::destination() {
    return Shared<Inode>();
}

FileResult<void> Inode::resize(std::uint64_t) {
    return file_error(kind_ == FileKind::kDirectory ? Errno::kIsDirectory : Errno::kInvalid);
}

mm::PageObject* Inode::pages() {
    return nullptr;
}

FileResult<std::string_view> Inode::path(std::span<char> buffer) const {
    // From the end of the buffer to the front, node by node: a deep tree costs time, no stack.
    std::size_t begin = buffer.size();
    for (const Inode* node = this;;) {
        const FileResult<std::string_view> last = node->name();
        if (!last) {
            return last;
        }
        if (!last->empty()) {
            if (last->size() + 1 > begin) {
                return file_error(Errno::kOutOfRange);
            }
            begin -= last->size();
            last->copy(buffer.data() + begin, last->size());
            buffer[--begin] = '/';
        }
        const Inode* const above = last->empty() ? node->mounted_on : node->directory();
        if (above == nullptr) {
            break;
        }
        node = above;
    }
    if (begin == buffer.size()) {
        if (buffer.empty()) {
            return file_error(Errno::kOutOfRange);
        }
        buffer[--begin] = '/';
    }
    return std::string_view(buffer.data() + begin, buffer.size() - begin);
}

FileResult<void> Inode::change_status(const StatusChange&) {
    return file_error(Errno::kNotPermitted);
}

void Inode::file_system_status(FileSystemStatus& status) const {
    constexpr std::uint32_t kRamfsMagic = 0x8584'58f6;
    status.type = kRamfsMagic;
}

}  // namespace kernel
