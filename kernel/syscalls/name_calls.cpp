// Calls that make, find and remove names.
#include <algorithm>
#include <new>
#include <utility>

#include "kernel/files/open_file.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"

namespace kernel::calls {
namespace {

constexpr auto kHere = static_cast<std::uint32_t>(kAtWorkingDirectory);

std::uint16_t masked(std::uint32_t permissions) {
    return static_cast<std::uint16_t>(permissions & 07777 & ~std::uint32_t{caller_view().permission_mask});
}

/// "/", "." and ".." in the last place, which walk_to_parent refuses each with an errno of its own, all mean
/// `error` to this caller.
Errno for_special_names(Errno walked, Errno error) {
    const bool is_special =
        walked == Errno::kExists || walked == Errno::kInvalid || walked == Errno::kNotEmpty;
    return is_special ? error : walked;
}

CallResult open_at(std::uint32_t directory, UserAddress path, std::uint32_t bits, std::uint32_t permissions) {
    const PathArgument argument(path);
    if (!argument.path()) {
        return call_error(argument.path().error());
    }
    const FileResult<Shared<Inode>> start = start_of(directory, *argument.path());
    if (!start) {
        return call_error(start.error());
    }
    const OpenFlags flags{bits};
    FileResult<Shared<OpenFile>> file = open_path(caller_view(), *start, *argument.path(), flags,
                                                  static_cast<std::uint16_t>(permissions & 07777));
    if (!file) {
        return call_error(file.error());
    }
    return add_descriptor(std::move(*file),
                          flags.has(OpenFlags::kCloseOnExec) ? OnExec::kClose : OnExec::kKeep);
}

CallResult make_node(std::uint32_t directory, UserAddress path, FileKind kind, std::uint32_t permissions,
                     std::uint32_t device) {
    const PathArgument argument(path);
    const FileResult<PathEnd> place = place_of(directory, argument);
    if (!place) {
        return call_error(for_special_names(place.error(), Errno::kExists));
    }
    if (place->wants_directory && kind != FileKind::kDirectory) {
        const bool exists = place->directory->look_up(place->name).has_value();
        return call_error(exists ? Errno::kExists : Errno::kNoEntry);
    }
    const FileResult<Shared<Inode>> made =
        place->directory->create(place->name, kind, masked(permissions), device);
    return made ? 0 : call_error(made.error());
}

CallResult make_special(std::uint32_t directory, UserAddress path, std::uint32_t mode, std::uint32_t device) {
    constexpr std::uint32_t kKindMask = 0170000;
    switch (mode & kKindMask) {
        case 0:
        case static_cast<std::uint32_t>(FileKind::kRegular):
            return make_node(directory, path, FileKind::kRegular, mode, 0);
        case static_cast<std::uint32_t>(FileKind::kFifo):
        case static_cast<std::uint32_t>(FileKind::kCharacterDevice):
            return make_node(directory, path, static_cast<FileKind>(mode & kKindMask), mode, device);
        case static_cast<std::uint32_t>(FileKind::kDirectory):
        case 0060000:  // a block device
        case 0140000:  // a socket
            return call_error(Errno::kNotPermitted);
        default:
            return call_error(Errno::kInvalid);
    }
}

CallResult link_at(std::uint32_t old_directory, UserAddress old_path, std::uint32_t new_directory,
                   UserAddress new_path, std::uint32_t flags) {
    if ((flags & ~(at_flags::kFollow | at_flags::kEmptyPath)) != 0) {
        return call_error(Errno::kInvalid);
    }
    const LastLink last_link = (flags & at_flags::kFollow) != 0 ? LastLink::kFollow : LastLink::kStay;
    const FileResult<Shared<Inode>> file = node_of(old_directory, old_path, last_link, flags);
    if (!file) {
        return call_error(file.error());
    }
    const PathArgument argument(new_path);
    const FileResult<PathEnd> place = place_of(new_directory, argument);
    if (!place) {
        return call_error(for_special_names(place.error(), Errno::kExists));
    }
    if (place->directory->look_up(place->name)) {
        return call_error(Errno::kExists);
    }
    if (place->wants_directory) {
        return call_error(Errno::kNoEntry);
    }
    if ((*file)->device() != place->directory->device()) {
        return call_error(Errno::kCrossDevice);
    }
    return call_result(place->directory->link(place->name, **file));
}

CallResult symlink_at(UserAddress target, std::uint32_t directory, UserAddress path) {
    const PathArgument text(target);
    if (!text.path() || text.path()->empty()) {
        return call_error(text.path() ? Errno::kNoEntry : text.path().error());
    }
    const PathArgument argument(path);
    const FileResult<PathEnd> place = place_of(directory, argument);
    if (!place) {
        return call_error(for_special_names(place.error(), Errno::kExists));
    }
    if (place->wants_directory) {
        return call_error(place->directory->look_up(place->name) ? Errno::kExists : Errno::kNoEntry);
    }
    const FileResult<Shared<Inode>> made = place->directory->create_symlink(place->name, *text.path());
    return made ? 0 : call_error(made.error());
}

CallResult remove_file(std::uint32_t directory, UserAddress path) {
    const PathArgument argument(path);
    const FileResult<PathEnd> place = place_of(directory, argument);
    if (!place) {
        return call_error(for_special_names(place.error(), Errno::kIsDirectory));
    }
    if (place->wants_directory) {
        const FileResult<Shared<Inode>> found = place->directory->look_up(place->name);
        if (!found) {
            return call_error(found.error());
        }
        return call_error((*found)->kind() == FileKind::kDirectory ? Errno::kIsDirectory
                                                                   : Errno::kNotDirectory);
    }
    return call_result(place->directory->unlink(place->name));
}

CallResult remove_directory(std::uint32_t directory, UserAddress path) {
    const PathArgument argument(path);
    const FileResult<PathEnd> place = place_of(directory, argument);
    if (!place) {
        return call_error(place.error() == Errno::kExists ? Errno::kBusy : place.error());
    }
    return call_result(place->directory->remove_directory(place->name));
}

CallResult rename_at(std::uint32_t old_directory, UserAddress old_path, std::uint32_t new_directory,
                     UserAddress new_path, std::uint32_t flags) {
    constexpr std::uint32_t kNoReplace = 1;
    if ((flags & ~kNoReplace) != 0) {
        return call_error(Errno::kInvalid);  // Exchanging and whiteouts are not known here.
    }
    const PathArgument from(old_path);
    const PathArgument to(new_path);
    const FileResult<PathEnd> old_place = place_of(old_directory, from);
    if (!old_place) {
        return call_error(for_special_names(old_place.error(), Errno::kBusy));
    }
    const FileResult<PathEnd> new_place = place_of(new_directory, to);
    if (!new_place) {
        return call_error(for_special_names(new_place.error(), Errno::kBusy));
    }
    const FileResult<Shared<Inode>> moved = old_place->directory->look_up(old_place->name);
    if (!moved) {
        return call_error(moved.error());
    }
    const bool is_directory = (*moved)->kind() == FileKind::kDirectory;
    if (!is_directory && (old_place->wants_directory || new_place->wants_directory)) {
        return call_error(Errno::kNotDirectory);
    }
    if (old_place->directory->device() != new_place->directory->device()) {
        return call_error(Errno::kCrossDevice);
    }
    if ((flags & kNoReplace) != 0 && new_place->directory->look_up(new_place->name)) {
        return call_error(Errno::kExists);
    }
    return call_result(old_place->directory->rename(old_place->name, *new_place->directory, new_place->name));
}

CallResult read_link(std::uint32_t directory, UserAddress path, UserAddress buffer, std::uint32_t size) {
    if (static_cast<std::int32_t>(size) <= 0) {
        return call_error(Errno::kInvalid);
    }
    const FileResult<Shared<Inode>> link = node_of(directory, path, LastLink::kStay, at_flags::kEmptyPath);
    if (!link) {
        return call_error(link.error());
    }
    const FileResult<std::string_view> target = (*link)->target();
    if (!target) {
        return call_error(target.error());
    }
    const std::string_view part = target->substr(0, size);
    if (copy_to_user(buffer, std::as_bytes(std::span(part))) != part.size()) {
        return call_error(Errno::kFault);
    }
    return static_cast<CallResult>(part.size());
}

CallResult stand_in(const FileResult<Shared<Inode>>& directory, Shared<Inode> FileSystemView::* member) {
    if (!directory) {
        return call_error(directory.error());
    }
    if ((*directory)->kind() != FileKind::kDirectory) {
        return call_error(Errno::kNotDirectory);
    }
    caller_view().*member = *directory;
    return 0;
}

}  // namespace

CallResult open(const CallArguments& arguments) {
    return open_at(kHere, arguments.first(), arguments.second(), arguments.third());
}
CallResult openat(const CallArguments& arguments) {
    return open_at(arguments.first(), arguments.second(), arguments.third(), arguments.fourth());
}
CallResult creat(const CallArguments& arguments) {
    constexpr std::uint32_t kFlags = OpenFlags::kCreate | OpenFlags::kTruncate | OpenFlags::kWriteOnly;
    return open_at(kHere, arguments.first(), kFlags, arguments.second());
}
CallResult mkdir(const CallArguments& arguments) {
    return make_node(kHere, arguments.first(), FileKind::kDirectory, arguments.second(), 0);
}
CallResult mkdirat(const CallArguments& arguments) {
    return make_node(arguments.first(), arguments.second(), FileKind::kDirectory, arguments.third(), 0);
}
CallResult mknod(const CallArguments& arguments) {
    return make_special(kHere, arguments.first(), arguments.second(), arguments.third());
}
CallResult mknodat(const CallArguments& arguments) {
    return make_special(arguments.first(), arguments.second(), arguments.third(), arguments.fourth());
}
CallResult link(const CallArguments& arguments) {
    return link_at(kHere, arguments.first(), kHere, arguments.second(), 0);
}
CallResult linkat(const CallArguments& arguments) {
    return link_at(arguments.first(), arguments.second(), arguments.third(), arguments.fourth(),
                   arguments.fifth());
}
CallResult symlink(const CallArguments& arguments) {
    return symlink_at(arguments.first(), kHere, arguments.second());
}
CallResult symlinkat(const CallArguments& arguments) {
    return symlink_at(arguments.first(), arguments.second(), arguments.third());
}
CallResult unlink(const CallArguments& arguments) {
    return remove_file(kHere, arguments.first());
}
CallResult unlinkat(const CallArguments& arguments) {
    if ((arguments.third() & ~at_flags::kRemoveDirectory) != 0) {
        return call_error(Errno::kInvalid);
    }
    return arguments.third() == 0 ? remove_file(arguments.first(), arguments.second())
                                  : remove_directory(arguments.first(), arguments.second());
}
CallResult rmdir(const CallArguments& arguments) {
    return remove_directory(kHere, arguments.first());
}
CallResult rename(const CallArguments& arguments) {
    return rename_at(kHere, arguments.first(), kHere, arguments.second(), 0);
}
CallResult renameat(const CallArguments& arguments) {
    return rename_at(arguments.first(), arguments.second(), arguments.third(), arguments.fourth(), 0);
}
CallResult renameat2(const CallArguments& arguments) {
    return rename_at(arguments.first(), arguments.second(), arguments.third(), arguments.fourth(),
                     arguments.fifth());
}
CallResult readlink(const CallArguments& arguments) {
    return read_link(kHere, arguments.first(), arguments.second(), arguments.third());
}
CallResult readlinkat(const CallArguments& arguments) {
    return read_link(arguments.first(), arguments.second(), arguments.third(), arguments.fourth());
}
CallResult chdir(const CallArguments& arguments) {
    return stand_in(node_of(kHere, arguments.first(), LastLink::kFollow), &FileSystemView::working_directory);
}
CallResult fchdir(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first(), Places::kAccept);
    if (!file) {
        return call_error(file.error());
    }
    return stand_in((*file)->inode(), &FileSystemView::working_directory);
}
CallResult chroot(const CallArguments& arguments) {
    return stand_in(node_of(kHere, arguments.first(), LastLink::kFollow), &FileSystemView::root);
}

CallResult getcwd(const CallArguments& arguments) {
    auto* const buffer = new (std::nothrow) char[kLongestPath];
    if (buffer == nullptr) {
        return call_error(Errno::kNoMemory);
    }
    CallResult result = 0;
    const FileResult<std::string_view> path =
        path_of(caller_view(), caller_view().working_directory, {buffer, kLongestPath - 1});
    if (!path) {
        result = call_error(path.error());
    } else {
        // The text and a NUL behind it, at the buffer's beginning.
        const std::size_t size = path->size() + 1;
        std::copy(path->begin(), path->end(), buffer);
        buffer[size - 1] = '\0';
        if (size > arguments.second()) {
            result = call_error(Errno::kOutOfRange);
        } else if (copy_to_user(arguments.first(), std::as_bytes(std::span(buffer, size))) != size) {
            result = call_error(Errno::kFault);
        } else {
            result = static_cast<CallResult>(size);
        }
    }
    delete[] buffer;
    return result;
}

}  // namespace kernel::calls
