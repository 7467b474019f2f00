// fcntl and flock.
#include <utility>

#include "kernel/files/locks.hpp"
#include "kernel/files/open_file.hpp"
#include "kernel/files/pipe.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"
#include "kernel/syscalls/structures.hpp"

namespace kernel::calls {
namespace {

/// fcntl's commands. [linux] include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h
enum Command : std::uint32_t {
    kDuplicate = 0,
    kGetDescriptorFlags = 1,
    kSetDescriptorFlags = 2,
    kGetFlags = 3,
    kSetFlags = 4,
    kGetLock = 5,
    kSetLock = 6,
    kSetLockWait = 7,
    kSetOwner = 8,
    kGetOwner = 9,
    kGetLock64 = 12,
    kSetLock64 = 13,
    kSetLockWait64 = 14,
    kOpenFileGetLock = 36,
    kOpenFileSetLock = 37,
    kOpenFileSetLockWait = 38,
    kDuplicateCloseOnExec = 1030,
    kSetPipeSize = 1031,
    kGetPipeSize = 1032,
};

enum LockType : std::int16_t { kReadLock = 0, kWriteLock = 1, kUnlock = 2 };

constexpr std::uint32_t kDescriptorCloseOnExec = 1;
constexpr std::uint32_t kSettableFlags = OpenFlags::kAppend | OpenFlags::kNonBlocking | OpenFlags::kDirect;

/// The bytes that a struct flock means. Errors: kInvalid, kOverflow.
FileResult<LockRange> range_of(const OpenFile& file, std::int16_t whence, std::int64_t start,
                               std::int64_t length) {
    std::int64_t base = 0;
    if (whence == 1) {
        base = static_cast<std::int64_t>(file.position);
    } else if (whence == 2) {
        FileStatus status;
        file.inode()->status(status);
        base = static_cast<std::int64_t>(status.size_bytes);
    } else if (whence != 0) {
        return file_error(Errno::kInvalid);
    }
    std::int64_t begin = 0;
    if (__builtin_add_overflow(base, start, &begin)) {
        return file_error(Errno::kOverflow);
    }
    if (begin < 0) {
        return file_error(Errno::kInvalid);
    }
    std::int64_t last = INT64_MAX;
    if (length > 0) {
        if (__builtin_add_overflow(begin, length - 1, &last)) {
            return file_error(Errno::kOverflow);
        }
    } else if (length < 0) {
        last = begin - 1;
        begin += length;
    }
    if (begin < 0) {
        return file_error(Errno::kInvalid);
    }
    return LockRange{.begin = static_cast<std::uint64_t>(begin), .last = static_cast<std::uint64_t>(last)};
}

enum class Belongs : std::uint8_t { kToTable, kToOpenFile };

template <typename Layout>
FileResult<LockRequest> request_of(const OpenFile& file, const Layout& lock, Belongs belongs) {
    const FileResult<LockRange> range = range_of(file, lock.whence, lock.start, lock.length);
    if (!range) {
        return file_error(range.error());
    }
    if (lock.type < kReadLock || lock.type > kUnlock ||
        (belongs == Belongs::kToOpenFile && lock.process != 0)) {
        return file_error(Errno::kInvalid);
    }
    constexpr LockMode kModes[] = {LockMode::kShared, LockMode::kExclusive, LockMode::kNone};
    return LockRequest{.owner = belongs == Belongs::kToTable ? LockOwner::table(*current_process().files)
                                                             : LockOwner::open_file(file),
                       .family = LockFamily::kRecord,
                       .mode = kModes[lock.type],
                       .range = *range,
                       .process = belongs == Belongs::kToTable ? current_process().id() : -1};
}

template <typename Layout>
CallResult get_lock(OpenFile& file, UserAddress address, Belongs belongs) {
    Layout lock;
    if (!read_user(lock, address)) {
        return call_error(Errno::kFault);
    }
    const FileResult<LockRequest> request = request_of(file, lock, belongs);
    if (!request || request->mode == LockMode::kNone) {
        return call_error(request ? Errno::kInvalid : request.error());
    }
    const std::optional<LockRequest> found = find_conflict(*file.inode(), *request);
    if (!found) {
        lock.type = kUnlock;
        return call_result(write_user(address, lock));
    }
    const std::uint64_t length =
        found->range.last == LockRange::kEnd ? 0 : found->range.last - found->range.begin + 1;
    using Offset = decltype(Layout{}.start);
    lock.type = found->mode == LockMode::kShared ? kReadLock : kWriteLock;
    lock.whence = 0;
    lock.start = static_cast<Offset>(found->range.begin);
    lock.length = static_cast<Offset>(length);
    lock.process = found->process;
    if (static_cast<std::uint64_t>(lock.start) != found->range.begin ||
        static_cast<std::uint64_t>(lock.length) != length) {
        return call_error(Errno::kOverflow);
    }
    return call_result(write_user(address, lock));
}

template <typename Layout>
CallResult change_lock(OpenFile& file, UserAddress address, Belongs belongs, LockWait wait) {
    Layout lock;
    if (!read_user(lock, address)) {
        return call_error(Errno::kFault);
    }
    const FileResult<LockRequest> request = request_of(file, lock, belongs);
    if (!request) {
        return call_error(request.error());
    }
    if ((request->mode == LockMode::kShared && !file.flags.readable()) ||
        (request->mode == LockMode::kExclusive && !file.flags.writable())) {
        return call_error(Errno::kBadDescriptor);
    }
    return call_result(set_lock(*file.inode(), *request, wait));
}

CallResult duplicate(Shared<OpenFile> file, std::uint32_t lowest, OnExec on_exec) {
    return add_descriptor(std::move(file), on_exec, static_cast<std::int32_t>(lowest));
}

CallResult pipe_size(OpenFile& file, std::optional<std::uint32_t> wanted) {
    Pipe* const pipe = file.pipe();
    if (pipe == nullptr) {
        return call_error(Errno::kBadDescriptor);
    }
    return wanted ? call_result(pipe->set_capacity(*wanted)) : static_cast<CallResult>(pipe->capacity());
}

CallResult control(const Shared<OpenFile>& file, std::uint32_t descriptor, std::uint32_t command,
                   std::uint32_t argument) {
    FileTable& files = *current_process().files;
    const auto number = static_cast<std::int32_t>(descriptor);
    switch (command) {
        case kDuplicate:
            return duplicate(file, argument, OnExec::kKeep);
        case kDuplicateCloseOnExec:
            return duplicate(file, argument, OnExec::kClose);
        case kGetDescriptorFlags: {
            const FileResult<OnExec> on_exec = files.on_exec(number);
            return on_exec && *on_exec == OnExec::kClose ? static_cast<CallResult>(kDescriptorCloseOnExec)
                                                         : 0;
        }
        case kSetDescriptorFlags:
            return call_result(files.set_on_exec(
                number, (argument & kDescriptorCloseOnExec) != 0 ? OnExec::kClose : OnExec::kKeep));
        case kGetFlags:
            return static_cast<CallResult>(file->flags.bits);
        default:
            break;
    }
    if (file->flags.has(OpenFlags::kPath)) {
        return call_error(Errno::kBadDescriptor);
    }
    switch (command) {
        case kSetFlags:
            file->flags.bits = (file->flags.bits & ~kSettableFlags) | (argument & kSettableFlags);
            return 0;
        case kSetOwner:
        case kGetOwner:
            return 0;  // Nobody is ever sent SIGIO.
        case kSetPipeSize:
            return pipe_size(*file, argument);
        case kGetPipeSize:
            return pipe_size(*file, std::nullopt);
        case kGetLock:
            return get_lock<layouts::Lock>(*file, argument, Belongs::kToTable);
        case kSetLock:
            return change_lock<layouts::Lock>(*file, argument, Belongs::kToTable, LockWait::kNo);
        case kSetLockWait:
            return change_lock<layouts::Lock>(*file, argument, Belongs::kToTable, LockWait::kYes);
        case kGetLock64:
            return get_lock<layouts::Lock64>(*file, argument, Belongs::kToTable);
        case kSetLock64:
            return change_lock<layouts::Lock64>(*file, argument, Belongs::kToTable, LockWait::kNo);
        case kSetLockWait64:
            return change_lock<layouts::Lock64>(*file, argument, Belongs::kToTable, LockWait::kYes);
        case kOpenFileGetLock:
            return get_lock<layouts::Lock64>(*file, argument, Belongs::kToOpenFile);
        case kOpenFileSetLock:
            return change_lock<layouts::Lock64>(*file, argument, Belongs::kToOpenFile, LockWait::kNo);
        case kOpenFileSetLockWait:
            return change_lock<layouts::Lock64>(*file, argument, Belongs::kToOpenFile, LockWait::kYes);
        default:
            return call_error(Errno::kInvalid);
    }
}

}  // namespace

CallResult fcntl(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first(), Places::kAccept);
    if (!file) {
        return call_error(file.error());
    }
    return control(*file, arguments.first(), arguments.second(), arguments.third());
}

CallResult flock(const CallArguments& arguments) {
    constexpr std::uint32_t kShared = 1, kExclusive = 2, kNoWait = 4, kUnlockAll = 8;
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    LockRequest request{.owner = LockOwner::open_file(**file),
                        .family = LockFamily::kWholeFile,
                        .mode = LockMode::kNone,
                        .range = {},
                        .process = current_process().id()};
    switch (arguments.second() & ~kNoWait) {
        case kShared:
            request.mode = LockMode::kShared;
            break;
        case kExclusive:
            request.mode = LockMode::kExclusive;
            break;
        case kUnlockAll:
            break;
        default:
            return call_error(Errno::kInvalid);
    }
    const LockWait wait = (arguments.second() & kNoWait) != 0 ? LockWait::kNo : LockWait::kYes;
    return call_result(set_lock(*(*file)->inode(), request, wait));
}

}  // namespace kernel::calls
