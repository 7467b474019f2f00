// Changing what is known of files: permissions, owners, times, sizes.
#include <utility>

#include "kernel/files/file_time.hpp"
#include "kernel/files/open_file.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"
#include "kernel/syscalls/structures.hpp"

namespace kernel::calls {
namespace {

constexpr auto kHere = static_cast<std::uint32_t>(kAtWorkingDirectory);
constexpr std::uint32_t kNanoseconds = 1'000'000'000;

CallResult change(const FileResult<Shared<Inode>>& node, const StatusChange& change) {
    return node ? call_result((*node)->change_status(change)) : call_error(node.error());
}

FileResult<Shared<Inode>> node_of_descriptor(std::uint32_t descriptor) {
    const FileResult<Shared<OpenFile>> file = open_file_of(descriptor);
    if (!file) {
        return file_error(file.error());
    }
    return (*file)->inode();
}

StatusChange permissions(std::uint32_t mode) {
    return {.permissions = static_cast<std::int32_t>(mode & 07777)};
}

/// -1 leaves an owner as it is; in the 16-bit calls, too.
StatusChange owners(std::uint32_t user, std::uint32_t group) {
    return {.user = static_cast<std::int32_t>(user), .group = static_cast<std::int32_t>(group)};
}
StatusChange short_owners(std::uint32_t user, std::uint32_t group) {
    const auto extend = [](std::uint32_t id) { return (id & 0xffff) == 0xffff ? UINT32_MAX : id & 0xffff; };
    return owners(extend(user), extend(group));
}

// --- times ---

/// The two times of a call; one that is null stays as it is.
struct Times {
    FileTime accessed, modified;
    bool keep_accessed = false, keep_modified = false;

    static Times now() {
        const FileTime time = file_time_now();
        return {.accessed = time, .modified = time};
    }
    [[nodiscard]] StatusChange change() const {
        return {.accessed = keep_accessed ? nullptr : &accessed,
                .modified = keep_modified ? nullptr : &modified};
    }
};

/// One time of utimensat's; `keep` is set when it says so.
template <typename Layout>
FileResult<void> take_time(const Layout& from, FileTime& to, bool& keep) {
    constexpr std::uint32_t kNow = 0x3fff'ffff, kOmit = 0x3fff'fffe;
    const auto nanoseconds = static_cast<std::uint32_t>(from.nanoseconds);
    keep = nanoseconds == kOmit;
    if (nanoseconds == kNow) {
        to = file_time_now();
    } else if (!keep) {
        if (nanoseconds >= kNanoseconds) {
            return file_error(Errno::kInvalid);
        }
        to = {.seconds = from.seconds, .nanoseconds = nanoseconds};
    }
    return {};
}

template <typename Layout>
FileResult<Times> read_times(UserAddress address) {
    if (address == 0) {
        return Times::now();
    }
    Layout layouts[2];
    if (!read_user(layouts, address)) {
        return file_error(Errno::kFault);
    }
    Times times;
    if (!take_time(layouts[0], times.accessed, times.keep_accessed) ||
        !take_time(layouts[1], times.modified, times.keep_modified)) {
        return file_error(Errno::kInvalid);
    }
    return times;
}

FileResult<Times> read_microseconds(UserAddress address) {
    if (address == 0) {
        return Times::now();
    }
    layouts::Timeval32 values[2];
    if (!read_user(values, address)) {
        return file_error(Errno::kFault);
    }
    for (const layouts::Timeval32& value : values) {
        if (value.microseconds < 0 || value.microseconds >= 1'000'000) {
            return file_error(Errno::kInvalid);
        }
    }
    const auto time = [](const layouts::Timeval32& value) {
        return FileTime{.seconds = value.seconds,
                        .nanoseconds = static_cast<std::uint32_t>(value.microseconds) * 1000};
    };
    return Times{.accessed = time(values[0]), .modified = time(values[1])};
}

CallResult set_times(const FileResult<Shared<Inode>>& node, const FileResult<Times>& times) {
    if (!times) {
        return call_error(times.error());
    }
    if (node && times->keep_accessed && times->keep_modified) {
        return 0;
    }
    return change(node, times->change());
}

template <typename Layout>
CallResult set_times_at(const CallArguments& arguments) {
    const std::uint32_t flags = arguments.fourth();
    if ((flags & ~(at_flags::kNoFollow | at_flags::kEmptyPath)) != 0) {
        return call_error(Errno::kInvalid);
    }
    const FileResult<Times> times = read_times<Layout>(arguments.third());
    if (!times) {
        return call_error(times.error());
    }
    if (arguments.second() == 0) {  // The descriptor itself.
        return set_times(node_of_descriptor(arguments.first()), times);
    }
    const LastLink last_link = (flags & at_flags::kNoFollow) != 0 ? LastLink::kStay : LastLink::kFollow;
    return set_times(node_of(arguments.first(), arguments.second(), last_link, flags), times);
}

// --- sizes ---

CallResult resize_path(UserAddress path, std::uint64_t size) {
    if (static_cast<std::int64_t>(size) < 0) {
        return call_error(Errno::kInvalid);
    }
    const FileResult<Shared<Inode>> node = node_of(kHere, path, LastLink::kFollow);
    return node ? call_result((*node)->resize(size)) : call_error(node.error());
}

CallResult resize_descriptor(std::uint32_t descriptor, std::uint64_t size) {
    const FileResult<Shared<OpenFile>> file = open_file_of(descriptor);
    if (!file) {
        return call_error(file.error());
    }
    if (static_cast<std::int64_t>(size) < 0 || !(*file)->flags.writable()) {
        return call_error(Errno::kInvalid);
    }
    return call_result((*file)->inode()->resize(size));
}

/// A size in 32 bits, with its sign.
std::uint64_t narrow_size(std::uint32_t size) {
    return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(size)});
}

}  // namespace

CallResult chmod(const CallArguments& arguments) {
    return change(node_of(kHere, arguments.first(), LastLink::kFollow), permissions(arguments.second()));
}
CallResult fchmod(const CallArguments& arguments) {
    return change(node_of_descriptor(arguments.first()), permissions(arguments.second()));
}
CallResult fchmodat(const CallArguments& arguments) {
    return change(node_of(arguments.first(), arguments.second(), LastLink::kFollow),
                  permissions(arguments.third()));
}
CallResult chown(const CallArguments& arguments) {
    return change(node_of(kHere, arguments.first(), LastLink::kFollow),
                  short_owners(arguments.second(), arguments.third()));
}
CallResult lchown(const CallArguments& arguments) {
    return change(node_of(kHere, arguments.first(), LastLink::kStay),
                  short_owners(arguments.second(), arguments.third()));
}
CallResult fchown(const CallArguments& arguments) {
    return change(node_of_descriptor(arguments.first()), short_owners(arguments.second(), arguments.third()));
}
CallResult chown32(const CallArguments& arguments) {
    return change(node_of(kHere, arguments.first(), LastLink::kFollow),
                  owners(arguments.second(), arguments.third()));
}
CallResult lchown32(const CallArguments& arguments) {
    return change(node_of(kHere, arguments.first(), LastLink::kStay),
                  owners(arguments.second(), arguments.third()));
}
CallResult fchown32(const CallArguments& arguments) {
    return change(node_of_descriptor(arguments.first()), owners(arguments.second(), arguments.third()));
}
CallResult fchownat(const CallArguments& arguments) {
    const std::uint32_t flags = arguments.fifth();
    if ((flags & ~(at_flags::kNoFollow | at_flags::kEmptyPath)) != 0) {
        return call_error(Errno::kInvalid);
    }
    const LastLink last_link = (flags & at_flags::kNoFollow) != 0 ? LastLink::kStay : LastLink::kFollow;
    return change(node_of(arguments.first(), arguments.second(), last_link, flags),
                  owners(arguments.third(), arguments.fourth()));
}

CallResult utime(const CallArguments& arguments) {
    FileResult<Times> times = Times::now();
    if (arguments.second() != 0) {
        std::int32_t seconds[2];
        if (!read_user(seconds, arguments.second())) {
            return call_error(Errno::kFault);
        }
        times = Times{.accessed = {.seconds = seconds[0]}, .modified = {.seconds = seconds[1]}};
    }
    return set_times(node_of(kHere, arguments.first(), LastLink::kFollow), times);
}
CallResult utimes(const CallArguments& arguments) {
    return set_times(node_of(kHere, arguments.first(), LastLink::kFollow),
                     read_microseconds(arguments.second()));
}
CallResult futimesat(const CallArguments& arguments) {
    const FileResult<Times> times = read_microseconds(arguments.third());
    if (arguments.second() == 0) {
        return set_times(node_of_descriptor(arguments.first()), times);
    }
    return set_times(node_of(arguments.first(), arguments.second(), LastLink::kFollow), times);
}
CallResult utimensat(const CallArguments& arguments) {
    return set_times_at<layouts::Timespec32>(arguments);
}
CallResult utimensat_time64(const CallArguments& arguments) {
    return set_times_at<layouts::Timespec64>(arguments);
}

CallResult truncate(const CallArguments& arguments) {
    return resize_path(arguments.first(), narrow_size(arguments.second()));
}
CallResult ftruncate(const CallArguments& arguments) {
    return resize_descriptor(arguments.first(), narrow_size(arguments.second()));
}
CallResult truncate64(const CallArguments& arguments) {
    return resize_path(arguments.first(), wide(arguments.second(), arguments.third()));
}
CallResult ftruncate64(const CallArguments& arguments) {
    return resize_descriptor(arguments.first(), wide(arguments.second(), arguments.third()));
}

/// Extends the file, or just says that there is room: frames are taken when they are written to. Holes cannot be
/// punched.
CallResult fallocate(const CallArguments& arguments) {
    constexpr std::uint32_t kKeepSize = 1;
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    if (!(*file)->flags.writable()) {
        return call_error(Errno::kBadDescriptor);
    }
    const auto offset = static_cast<std::int64_t>(wide(arguments.third(), arguments.fourth()));
    const auto length = static_cast<std::int64_t>(wide(arguments.fifth(), arguments.sixth()));
    std::int64_t end = 0;
    if (offset < 0 || length <= 0) {
        return call_error(Errno::kInvalid);
    }
    if (__builtin_add_overflow(offset, length, &end)) {
        return call_error(Errno::kFileTooLarge);
    }
    Inode& node = *(*file)->inode();
    if (node.kind() != FileKind::kRegular) {
        return call_error((*file)->seekable() == Seekable::kNo ? Errno::kIllegalSeek : Errno::kNoSuchDevice);
    }
    if ((arguments.second() & ~kKeepSize) != 0) {
        return call_error(Errno::kNotSupported);
    }
    FileStatus status;
    node.status(status);
    if (arguments.second() == kKeepSize || static_cast<std::uint64_t>(end) <= status.size_bytes) {
        return 0;
    }
    return call_result(node.resize(static_cast<std::uint64_t>(end)));
}

}  // namespace kernel::calls
