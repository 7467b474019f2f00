#include "kernel/files/mounts.hpp"

#include <new>
#include <utility>

#include "kernel/files/path.hpp"

namespace kernel {
namespace {

Mount* mounts = nullptr;
std::uint32_t file_systems = 16;  // below: numbers that are fixed (devices.hpp)

FileResult<void> add_mount(Shared<Inode> root, Shared<Inode> below, std::string_view type,
                           std::string_view options) {
    auto* const mount = new (std::nothrow)
        Mount{.type = type, .options = options, .root = std::move(root), .below = std::move(below)};
    if (mount == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    Mount** link = &mounts;
    while (*link != nullptr) {
        link = &(*link)->next;
    }
    *link = mount;
    if (mount->below) {
        mount->below->mounted_here = mount->root.get();
        mount->root->mounted_on = mount->below.get();
    }
    return {};
}

}  // namespace

std::uint32_t new_file_system_number() {
    return ++file_systems;
}

FileResult<void> mount_root(const Shared<Inode>& root, std::string_view type, std::string_view options) {
    return add_mount(root, {}, type, options);
}

FileResult<void> mount_at(std::string_view path, const Shared<Inode>& root, std::string_view type,
                          std::string_view options) {
    const Shared<FileSystemView> view = make_root_view();
    if (!view) {
        return file_error(Errno::kNoMemory);
    }
    FileResult<Shared<Inode>> below = walk(*view, view->root, path, LastLink::kFollow);
    if (!below) {
        return file_error(below.error());
    }
    if ((*below)->kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    return add_mount(root, std::move(*below), type, options);
}

const Mount* first_mount() {
    return mounts;
}

Shared<Inode> root_directory() {
    return mounts == nullptr ? Shared<Inode>() : mounts->root;
}

Shared<FileSystemView> make_root_view() {
    Shared<FileSystemView> view(mounts == nullptr ? nullptr : new (std::nothrow) FileSystemView);
    if (view) {
        view->root = mounts->root;
        view->working_directory = mounts->root;
    }
    return view;
}

}  // namespace kernel
