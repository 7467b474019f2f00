// The rows of the calls on descriptors, and those of them that are short.
#include <utility>

#include "kernel/files/open_file.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"

namespace kernel {
namespace {

FileTable& caller_files() {
    return *current_process().files;
}

CallResult close(const CallArguments& arguments) {
    return call_result(caller_files().close(static_cast<std::int32_t>(arguments.first())));
}

CallResult close_range(const CallArguments& arguments) {
    constexpr std::uint32_t kUnshare = 2, kCloseOnExec = 4;
    const std::uint32_t first = arguments.first();
    const std::uint32_t last = arguments.second();
    const std::uint32_t flags = arguments.third();
    if ((flags & ~(kUnshare | kCloseOnExec)) != 0 || first > last) {
        return call_error(Errno::kInvalid);
    }
    Process& process = current_process();
    if ((flags & kUnshare) != 0 && process.files->owners() > 1) {
        Shared<FileTable> own = process.files->copy();
        if (!own) {
            return call_error(Errno::kNoMemory);
        }
        process.files = std::move(own);
    }
    FileTable& files = *process.files;
    for (std::uint32_t i = files.next_in_use(first); i < FileTable::kMost && i <= last;
         i = files.next_in_use(i + 1)) {
        const auto descriptor = static_cast<std::int32_t>(i);
        static_cast<void>((flags & kCloseOnExec) != 0 ? files.set_on_exec(descriptor, OnExec::kClose)
                                                      : files.close(descriptor));
    }
    return 0;
}

CallResult dup(const CallArguments& arguments) {
    FileResult<Shared<OpenFile>> file = open_file_of(arguments.first(), Places::kAccept);
    return file ? add_descriptor(std::move(*file), OnExec::kKeep) : call_error(file.error());
}

CallResult duplicate_to(std::uint32_t from, std::uint32_t to, OnExec on_exec) {
    FileResult<Shared<OpenFile>> file = open_file_of(from, Places::kAccept);
    if (!file || to >= current_process().limits[kLimitOpenFiles].soft) {
        return call_error(Errno::kBadDescriptor);
    }
    const auto descriptor = static_cast<std::int32_t>(to);
    const FileResult<void> replaced = caller_files().replace(descriptor, std::move(*file), on_exec);
    return replaced ? descriptor : call_error(replaced.error());
}

CallResult dup2(const CallArguments& arguments) {
    if (arguments.first() == arguments.second()) {
        const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first(), Places::kAccept);
        return file ? static_cast<CallResult>(arguments.first()) : call_error(file.error());
    }
    return duplicate_to(arguments.first(), arguments.second(), OnExec::kKeep);
}

CallResult dup3(const CallArguments& arguments) {
    if ((arguments.third() & ~OpenFlags::kCloseOnExec) != 0 || arguments.first() == arguments.second()) {
        return call_error(Errno::kInvalid);
    }
    return duplicate_to(arguments.first(), arguments.second(),
                        arguments.third() != 0 ? OnExec::kClose : OnExec::kKeep);
}

/// The new position. Errors: kIllegalSeek, kInvalid, kNoDevice (no data or hole from there on), kOverflow.
FileResult<std::uint64_t> seek(OpenFile& file, std::int64_t offset, std::uint32_t whence) {
    enum Whence : std::uint32_t { kSet, kCurrent, kEnd, kData, kHole };
    if (whence > kHole) {
        return file_error(Errno::kInvalid);
    }
    if (file.seekable() == Seekable::kNo) {
        return file_error(Errno::kIllegalSeek);
    }
    std::int64_t base = 0;
    if (whence == kCurrent) {
        base = static_cast<std::int64_t>(file.position);
    } else if (whence != kSet) {
        const auto size = static_cast<std::int64_t>(file.end());
        if (whence == kEnd) {
            base = size;
        } else if (offset < 0 || offset >= size) {
            return file_error(Errno::kNoDevice);
        } else if (whence == kHole) {
            offset = size;  // Every byte counts as data.
        }
    }
    std::int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target)) {
        return file_error(Errno::kOverflow);
    }
    if (target < 0) {
        return file_error(Errno::kInvalid);
    }
    file.position = static_cast<std::uint64_t>(target);
    return file.position;
}

CallResult lseek(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    const FileResult<std::uint64_t> position =
        seek(**file, static_cast<std::int32_t>(arguments.second()), arguments.third());
    if (position && *position > INT32_MAX) {
        return call_error(Errno::kOverflow);
    }
    return call_result(position);
}

CallResult llseek(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    const auto offset = static_cast<std::int64_t>(wide(arguments.third(), arguments.second()));
    const FileResult<std::uint64_t> position = seek(**file, offset, arguments.fifth());
    return position ? call_result(write_user(arguments.fourth(), *position)) : call_error(position.error());
}

CallResult ioctl(const CallArguments& arguments) {
    constexpr std::uint32_t kNonBlocking = 0x5421, kBytesLeft = 0x541b, kKeepOnExec = 0x5450,
                            kCloseOnExec = 0x5451;
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    const auto descriptor = static_cast<std::int32_t>(arguments.first());
    switch (arguments.second()) {
        case kCloseOnExec:
            return call_result(caller_files().set_on_exec(descriptor, OnExec::kClose));
        case kKeepOnExec:
            return call_result(caller_files().set_on_exec(descriptor, OnExec::kKeep));
        case kNonBlocking: {
            std::uint32_t on = 0;
            if (!read_user(on, arguments.third())) {
                return call_error(Errno::kFault);
            }
            std::uint32_t& bits = (*file)->flags.bits;
            bits = on != 0 ? bits | OpenFlags::kNonBlocking : bits & ~OpenFlags::kNonBlocking;
            return 0;
        }
        case kBytesLeft:
            if ((*file)->inode()->kind() == FileKind::kRegular) {
                FileStatus status;
                (*file)->inode()->status(status);
                const std::uint64_t left =
                    status.size_bytes > (*file)->position ? status.size_bytes - (*file)->position : 0;
                return call_result(write_user(arguments.third(), static_cast<std::uint32_t>(left)));
            }
            break;
        default:
            break;
    }
    return call_result((*file)->control(arguments.second(), arguments.third()));
}

CallResult fsync(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    return file ? call_result((*file)->sync()) : call_error(file.error());
}

/// Calls that concern what is written out later, or read ahead: nothing is, in memory.
CallResult nothing_to_do(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    return file ? 0 : call_error(file.error());
}

CallResult readahead(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file || !(*file)->flags.readable()) {
        return call_error(Errno::kBadDescriptor);
    }
    return (*file)->inode()->kind() == FileKind::kRegular ? 0 : call_error(Errno::kInvalid);
}

CallResult advise(const CallArguments& arguments, std::uint32_t advice) {
    constexpr std::uint32_t kLastAdvice = 5;
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    if ((*file)->inode()->kind() == FileKind::kFifo) {
        return call_error(Errno::kIllegalSeek);
    }
    return advice > kLastAdvice ? call_error(Errno::kInvalid) : 0;
}

CallResult no_attributes(const CallArguments&) {
    return call_error(Errno::kNotSupported);
}

constexpr CallRow kRows[] = {
    {3, "read", "fd, buffer, size", calls::read},
    {4, "write", "fd, buffer, size", calls::write},
    {6, "close", "fd", close},
    {19, "lseek", "fd, offset, whence", lseek},
    {41, "dup", "fd", dup},
    {54, "ioctl", "fd, request, argument", ioctl},
    {55, "fcntl", "fd, command, argument", calls::fcntl},
    {63, "dup2", "old fd, new fd", dup2},
    {93, "ftruncate", "fd, size", calls::ftruncate},
    {94, "fchmod", "fd, mode", calls::fchmod},
    {95, "fchown", "fd, user, group", calls::fchown},
    {100, "fstatfs", "fd, status", calls::fstatfs},
    {108, "fstat", "fd, status", calls::fstat},
    {118, "fsync", "fd", fsync},
    {133, "fchdir", "fd", calls::fchdir},
    {140, "_llseek", "fd, offset high, offset low, result, whence", llseek},
    {141, "getdents", "fd, buffer, size", calls::getdents},
    {143, "flock", "fd, operation", calls::flock},
    {145, "readv", "fd, buffers, count", calls::readv},
    {146, "writev", "fd, buffers, count", calls::writev},
    {148, "fdatasync", "fd", fsync},
    {180, "pread64", "fd, buffer, size, offset low, offset high", calls::pread64},
    {181, "pwrite64", "fd, buffer, size, offset low, offset high", calls::pwrite64},
    {187, "sendfile", "to fd, from fd, offset, size", calls::sendfile},
    {194, "ftruncate64", "fd, size low, size high", calls::ftruncate64},
    {197, "fstat64", "fd, status", calls::fstat64},
    {207, "fchown32", "fd, user, group", calls::fchown32},
    {220, "getdents64", "fd, buffer, size", calls::getdents64},
    {221, "fcntl64", "fd, command, argument", calls::fcntl},
    {225, "readahead", "fd, offset low, offset high, size", readahead},
    {228, "fsetxattr", "fd, name, value, size, flags", no_attributes},
    {231, "fgetxattr", "fd, name, value, size", no_attributes},
    {234, "flistxattr", "fd, list, size", no_attributes},
    {237, "fremovexattr", "fd, name", no_attributes},
    {239, "sendfile64", "to fd, from fd, offset, size", calls::sendfile64},
    {250, "fadvise64", "fd, offset low, offset high, size, advice",
     [](const CallArguments& arguments) { return advise(arguments, arguments.fifth()); }},
    {269, "fstatfs64", "fd, structure size, status", calls::fstatfs64},
    {272, "fadvise64_64", "fd, offset low, offset high, size low, size high, advice",
     [](const CallArguments& arguments) { return advise(arguments, arguments.sixth()); }},
    {314, "sync_file_range", "fd, offset low, offset high, size low, size high, flags", nothing_to_do},
    {324, "fallocate", "fd, mode, offset low, offset high, size low, size high", calls::fallocate},
    {330, "dup3", "old fd, new fd, flags", dup3},
    {333, "preadv", "fd, buffers, count, offset low, offset high", calls::preadv},
    {334, "pwritev", "fd, buffers, count, offset low, offset high", calls::pwritev},
    {344, "syncfs", "fd", nothing_to_do},
    {377, "copy_file_range", "from fd, from offset, to fd, to offset, size, flags", calls::copy_file_range},
    {378, "preadv2", "fd, buffers, count, offset low, offset high, flags", calls::preadv2},
    {379, "pwritev2", "fd, buffers, count, offset low, offset high, flags", calls::pwritev2},
    {436, "close_range", "first fd, last fd, flags", close_range},
};

}  // namespace

std::span<const CallRow> descriptor_calls() {
    return kRows;
}

}  // namespace kernel
