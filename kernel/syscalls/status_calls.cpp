// What files are: the stat family, statfs, access.
#include "kernel/files/open_file.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"
#include "kernel/syscalls/structures.hpp"
#include "mm/core/address.hpp"

namespace kernel::calls {
namespace {

constexpr auto kHere = static_cast<std::uint32_t>(kAtWorkingDirectory);
constexpr std::uint32_t kBlockBytes = mm::kPageSize;

std::uint32_t mode_of(const FileStatus& status) {
    return static_cast<std::uint32_t>(status.kind) | status.permissions;
}

FileResult<void> give(const FileStatus& status, layouts::Stat64& to) {
    to = {.device = status.device,
          .padding0 = 0,
          .short_inode = static_cast<std::uint32_t>(status.inode),
          .mode = mode_of(status),
          .links = status.links,
          .user = status.user,
          .group = status.group,
          .represented_device = status.represented_device,
          .padding1 = 0,
          .size = static_cast<std::int64_t>(status.size_bytes),
          .block_size = kBlockBytes,
          .blocks = status.blocks,
          .accessed = static_cast<std::uint32_t>(status.accessed.seconds),
          .accessed_nanoseconds = status.accessed.nanoseconds,
          .modified = static_cast<std::uint32_t>(status.modified.seconds),
          .modified_nanoseconds = status.modified.nanoseconds,
          .changed = static_cast<std::uint32_t>(status.changed.seconds),
          .changed_nanoseconds = status.changed.nanoseconds,
          .inode = status.inode};
    return {};
}

/// Error: kOverflow for what does not fit into the old structure.
FileResult<void> give(const FileStatus& status, layouts::Stat& to) {
    constexpr std::uint32_t kMostSize = 0x7fff'ffff;
    if (status.size_bytes > kMostSize || status.inode > UINT32_MAX || status.links > UINT16_MAX) {
        return file_error(Errno::kOverflow);
    }
    to = {.device = status.device,
          .inode = static_cast<std::uint32_t>(status.inode),
          .mode = static_cast<std::uint16_t>(mode_of(status)),
          .links = static_cast<std::uint16_t>(status.links),
          .user = static_cast<std::uint16_t>(status.user),
          .group = static_cast<std::uint16_t>(status.group),
          .represented_device = status.represented_device,
          .size = static_cast<std::uint32_t>(status.size_bytes),
          .block_size = kBlockBytes,
          .blocks = static_cast<std::uint32_t>(status.blocks),
          .accessed = static_cast<std::uint32_t>(status.accessed.seconds),
          .accessed_nanoseconds = status.accessed.nanoseconds,
          .modified = static_cast<std::uint32_t>(status.modified.seconds),
          .modified_nanoseconds = status.modified.nanoseconds,
          .changed = static_cast<std::uint32_t>(status.changed.seconds),
          .changed_nanoseconds = status.changed.nanoseconds,
          .unused = {}};
    return {};
}

layouts::StatxTime statx_time(FileTime time) {
    return {.seconds = time.seconds, .nanoseconds = time.nanoseconds, .padding = 0};
}

FileResult<void> give(const FileStatus& status, layouts::Statx& to) {
    constexpr std::uint32_t kBasicStatus = 0x7ff;
    to = {.mask = kBasicStatus,
          .block_size = kBlockBytes,
          .attributes = 0,
          .links = status.links,
          .user = status.user,
          .group = status.group,
          .mode = static_cast<std::uint16_t>(mode_of(status)),
          .padding = 0,
          .inode = status.inode,
          .size = status.size_bytes,
          .blocks = status.blocks,
          .attributes_mask = 0,
          .accessed = statx_time(status.accessed),
          .born = {},
          .changed = statx_time(status.changed),
          .modified = statx_time(status.modified),
          .represented_major = status.represented_device >> 8,
          .represented_minor = status.represented_device & 0xff,
          .device_major = status.device >> 8,
          .device_minor = status.device & 0xff,
          .mount = status.device,
          .direct_alignment = {},
          .spare = {}};
    return {};
}

template <typename Layout>
CallResult status_to_user(const FileResult<Shared<Inode>>& node, UserAddress to) {
    if (!node) {
        return call_error(node.error());
    }
    FileStatus status;
    (*node)->status(status);
    Layout layout;
    if (const FileResult<void> given = give(status, layout); !given) {
        return call_error(given.error());
    }
    return call_result(write_user(to, layout));
}

template <typename Layout>
CallResult status_of_path(const CallArguments& arguments, LastLink last_link) {
    return status_to_user<Layout>(node_of(kHere, arguments.first(), last_link), arguments.second());
}

FileResult<Shared<Inode>> node_of_descriptor(std::uint32_t descriptor) {
    const FileResult<Shared<OpenFile>> file = open_file_of(descriptor, Places::kAccept);
    if (!file) {
        return file_error(file.error());
    }
    return (*file)->inode();
}

LastLink last_link_for(std::uint32_t flags) {
    return (flags & at_flags::kNoFollow) != 0 ? LastLink::kStay : LastLink::kFollow;
}

// --- statfs ---

constexpr std::uint32_t kLongestFileName = 255;

CallResult give_file_system(const FileResult<Shared<Inode>>& node, UserAddress to) {
    if (!node) {
        return call_error(node.error());
    }
    FileSystemStatus status;
    (*node)->file_system_status(status);
    const layouts::StatFs layout{.type = status.type,
                                 .block_size = status.block_bytes,
                                 .blocks = static_cast<std::uint32_t>(status.blocks),
                                 .free_blocks = static_cast<std::uint32_t>(status.free_blocks),
                                 .available_blocks = static_cast<std::uint32_t>(status.free_blocks),
                                 .files = static_cast<std::uint32_t>(status.files),
                                 .free_files = static_cast<std::uint32_t>(status.free_files),
                                 .identity = {(*node)->device(), 0},
                                 .name_length = kLongestFileName,
                                 .fragment_size = status.block_bytes,
                                 .flags = status.flags,
                                 .spare = {}};
    return call_result(write_user(to, layout));
}

CallResult give_file_system64(const FileResult<Shared<Inode>>& node, std::uint32_t size, UserAddress to) {
    if (size != sizeof(layouts::StatFs64)) {
        return call_error(Errno::kInvalid);
    }
    if (!node) {
        return call_error(node.error());
    }
    FileSystemStatus status;
    (*node)->file_system_status(status);
    const layouts::StatFs64 layout{.type = status.type,
                                   .block_size = status.block_bytes,
                                   .blocks = status.blocks,
                                   .free_blocks = status.free_blocks,
                                   .available_blocks = status.free_blocks,
                                   .files = status.files,
                                   .free_files = status.free_files,
                                   .identity = {(*node)->device(), 0},
                                   .name_length = kLongestFileName,
                                   .fragment_size = status.block_bytes,
                                   .flags = status.flags,
                                   .spare = {}};
    return call_result(write_user(to, layout));
}

// --- access ---

/// Everybody is root: all may be read and searched; a file may be executed if anybody may.
CallResult check_access(std::uint32_t directory, UserAddress path, std::uint32_t wanted,
                        std::uint32_t flags) {
    constexpr std::uint32_t kExecute = 1, kWrite = 2, kAll = 7;
    constexpr std::uint32_t kReadOnlyFlag = 1;
    constexpr std::uint32_t kKnown = at_flags::kNoFollow | at_flags::kEffectiveAccess | at_flags::kEmptyPath;
    if ((wanted & ~kAll) != 0 || (flags & ~kKnown) != 0) {
        return call_error(Errno::kInvalid);
    }
    const FileResult<Shared<Inode>> node = node_of(directory, path, last_link_for(flags), flags);
    if (!node) {
        return call_error(node.error());
    }
    FileStatus status;
    (*node)->status(status);
    const bool is_plain = status.kind == FileKind::kRegular || status.kind == FileKind::kDirectory;
    if ((wanted & kWrite) != 0 && is_plain) {
        FileSystemStatus file_system;
        (*node)->file_system_status(file_system);
        if ((file_system.flags & kReadOnlyFlag) != 0) {
            return call_error(Errno::kReadOnlyFileSystem);
        }
    }
    if ((wanted & kExecute) != 0 && status.kind != FileKind::kDirectory && (status.permissions & 0111) == 0) {
        return call_error(Errno::kAccess);
    }
    return 0;
}

}  // namespace

CallResult stat(const CallArguments& arguments) {
    return status_of_path<layouts::Stat>(arguments, LastLink::kFollow);
}
CallResult lstat(const CallArguments& arguments) {
    return status_of_path<layouts::Stat>(arguments, LastLink::kStay);
}
CallResult fstat(const CallArguments& arguments) {
    return status_to_user<layouts::Stat>(node_of_descriptor(arguments.first()), arguments.second());
}
CallResult stat64(const CallArguments& arguments) {
    return status_of_path<layouts::Stat64>(arguments, LastLink::kFollow);
}
CallResult lstat64(const CallArguments& arguments) {
    return status_of_path<layouts::Stat64>(arguments, LastLink::kStay);
}
CallResult fstat64(const CallArguments& arguments) {
    return status_to_user<layouts::Stat64>(node_of_descriptor(arguments.first()), arguments.second());
}
CallResult fstatat64(const CallArguments& arguments) {
    const std::uint32_t flags = arguments.fourth();
    if ((flags & ~(at_flags::kNoFollow | at_flags::kNoAutomount | at_flags::kEmptyPath)) != 0) {
        return call_error(Errno::kInvalid);
    }
    return status_to_user<layouts::Stat64>(
        node_of(arguments.first(), arguments.second(), last_link_for(flags), flags), arguments.third());
}
CallResult statx(const CallArguments& arguments) {
    constexpr std::uint32_t kSyncType = 0x6000;
    constexpr std::uint32_t kReservedMask = 0x8000'0000;
    const std::uint32_t flags = arguments.third();
    const std::uint32_t known =
        at_flags::kNoFollow | at_flags::kNoAutomount | at_flags::kEmptyPath | kSyncType;
    if ((flags & ~known) != 0 || (flags & kSyncType) == kSyncType ||
        (arguments.fourth() & kReservedMask) != 0) {
        return call_error(Errno::kInvalid);
    }
    return status_to_user<layouts::Statx>(
        node_of(arguments.first(), arguments.second(), last_link_for(flags), flags), arguments.fifth());
}

CallResult statfs(const CallArguments& arguments) {
    return give_file_system(node_of(kHere, arguments.first(), LastLink::kFollow), arguments.second());
}
CallResult fstatfs(const CallArguments& arguments) {
    return give_file_system(node_of_descriptor(arguments.first()), arguments.second());
}
CallResult statfs64(const CallArguments& arguments) {
    return give_file_system64(node_of(kHere, arguments.first(), LastLink::kFollow), arguments.second(),
                              arguments.third());
}
CallResult fstatfs64(const CallArguments& arguments) {
    return give_file_system64(node_of_descriptor(arguments.first()), arguments.second(), arguments.third());
}

CallResult access(const CallArguments& arguments) {
    return check_access(kHere, arguments.first(), arguments.second(), 0);
}
CallResult faccessat(const CallArguments& arguments) {
    return check_access(arguments.first(), arguments.second(), arguments.third(), 0);
}
CallResult faccessat2(const CallArguments& arguments) {
    return check_access(arguments.first(), arguments.second(), arguments.third(), arguments.fourth());
}

}  // namespace kernel::calls
