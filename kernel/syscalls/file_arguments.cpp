#include "kernel/syscalls/file_arguments.hpp"

#include <new>
#include <utility>

#include "kernel/programs/process.hpp"

namespace kernel {

PathArgument::PathArgument(UserAddress address) : path_(copy_string_from_user(short_, address)) {
    if (path_ || path_.error() != Errno::kNameTooLong) {
        return;
    }
    long_ = new (std::nothrow) char[kLongestPath];
    path_ = long_ == nullptr ? FileResult<std::string_view>(file_error(Errno::kNoMemory))
                             : copy_string_from_user({long_, kLongestPath}, address);
}

FileResult<Shared<OpenFile>> open_file_of(std::uint32_t descriptor, Places places) {
    const FileResult<OpenFile*> found = current_process().files->find(static_cast<std::int32_t>(descriptor));
    if (!found) [[unlikely]] {
        return file_error(found.error());
    }
    if (places == Places::kRefuse && (*found)->flags.has(OpenFlags::kPath)) [[unlikely]] {
        return file_error(Errno::kBadDescriptor);
    }
    return Shared<OpenFile>(*found);
}

CallResult add_descriptor(Shared<OpenFile> file, OnExec on_exec, std::int32_t lowest) {
    Process& process = current_process();
    return call_result(
        process.files->add(std::move(file), on_exec, lowest, process.limits[kLimitOpenFiles].soft));
}

FileSystemView& caller_view() {
    return *current_process().paths;
}

FileResult<Shared<Inode>> start_of(std::uint32_t directory, std::string_view path) {
    if (static_cast<std::int32_t>(directory) == kAtWorkingDirectory || path.starts_with('/')) {
        return caller_view().working_directory;
    }
    const FileResult<Shared<OpenFile>> file = open_file_of(directory, Places::kAccept);
    if (!file) {
        return file_error(file.error());
    }
    if ((*file)->inode()->kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    return (*file)->inode();
}

FileResult<Shared<Inode>> node_of(std::uint32_t directory, UserAddress path, LastLink last_link,
                                  std::uint32_t flags) {
    const PathArgument argument(path);
    if (!argument.path()) {
        return file_error(argument.path().error());
    }
    if (argument.path()->empty() && (flags & at_flags::kEmptyPath) != 0 &&
        static_cast<std::int32_t>(directory) != kAtWorkingDirectory) {
        const FileResult<Shared<OpenFile>> file = open_file_of(directory, Places::kAccept);
        if (!file) {
            return file_error(file.error());
        }
        return (*file)->inode();
    }
    const FileResult<Shared<Inode>> start = start_of(directory, *argument.path());
    if (!start || (argument.path()->empty() && (flags & at_flags::kEmptyPath) != 0)) {
        return start;
    }
    return walk(caller_view(), *start, *argument.path(), last_link);
}

FileResult<PathEnd> place_of(std::uint32_t directory, const PathArgument& path) {
    if (!path.path()) {
        return file_error(path.path().error());
    }
    const FileResult<Shared<Inode>> start = start_of(directory, *path.path());
    if (!start) {
        return file_error(start.error());
    }
    return walk_to_parent(caller_view(), *start, *path.path());
}

}  // namespace kernel
