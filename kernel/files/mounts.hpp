// What is mounted where: the tree that all paths begin in.
//
// Owns: a handle on every mounted root and on the directory below it, for ever (nothing is unmounted).
// Main line only, at boot.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/file_table.hpp"
#include "kernel/files/inode.hpp"

namespace kernel {

/// A file system in its place, for /proc/mounts.
struct Mount {
    std::string_view type;     ///< "tmpfs"
    std::string_view options;  ///< "rw"
    Shared<Inode> root;
    Shared<Inode> below;  ///< The directory it hides; null for the first.
    Mount* next = nullptr;
};

/// A number for a new file system: st_dev of its files.
std::uint32_t new_file_system_number();

/// `root` is / from now on. Called once, first. Error: kNoMemory.
FileResult<void> mount_root(const Shared<Inode>& root, std::string_view type, std::string_view options);
/// `root` hides the directory at `path`. The texts live for ever. Errors: as walk, kNotDirectory, kNoMemory.
FileResult<void> mount_at(std::string_view path, const Shared<Inode>& root, std::string_view type,
                          std::string_view options);

/// In order of mounting; follow next. Null before there is a root.
const Mount* first_mount();
/// The root of all, or null.
Shared<Inode> root_directory();

/// A view of paths that begins and stands in the root: the first program's. Null when memory is short.
Shared<FileSystemView> make_root_view();

}  // namespace kernel
