// From a path to a node: components, links, "." and "..", mount points.
//
// Cost: one look-up a component. Links are followed 40 deep at most (kTooManySymlinks), paths have at most 4,095
// bytes (kNameTooLong), names 255.
#pragma once

#include <string_view>

#include "kernel/files/file_table.hpp"
#include "kernel/files/inode.hpp"

namespace kernel {

inline constexpr std::size_t kLongestPath = 4096;  ///< Linux's PATH_MAX, the final NUL included.
inline constexpr std::size_t kLongestName = 255;

/// Whether a link in the last place is followed.
enum class LastLink : std::uint8_t { kFollow, kStay };

/// The node that `path` leads to, from `from` (or view.root when it begins with '/').
/// Errors: kNoEntry, kNotDirectory, kTooManySymlinks, kNameTooLong, kNoMemory.
FileResult<Shared<Inode>> walk(const FileSystemView& view, const Shared<Inode>& from, std::string_view path,
                               LastLink last_link);

/// The directory that holds (or would hold) the last component, and that component's name (a part of `path`; what
/// it is when it exists is not looked at). Errors as walk; kExists for "/", kInvalid for "." and kNotEmpty for "..".
struct PathEnd {
    Shared<Inode> directory;
    std::string_view name;
    bool wants_directory = false;  ///< The path ended in '/'.
};
FileResult<PathEnd> walk_to_parent(const FileSystemView& view, const Shared<Inode>& from,
                                   std::string_view path);

/// The absolute path of a directory, into `buffer`; the part of it that was used. Errors: kOutOfRange (too short),
/// kNoEntry (it was removed).
FileResult<std::string_view> path_of(const FileSystemView& view, const Shared<Inode>& directory,
                                     std::span<char> buffer);

/// Opens as open(2) does: walks, creates, truncates, checks kinds. `permissions` without the view's mask applied yet.
FileResult<Shared<OpenFile>> open_path(const FileSystemView& view, const Shared<Inode>& from,
                                       std::string_view path, OpenFlags flags, std::uint16_t permissions);

}  // namespace kernel
