// Bytes to and from open files: read, write and their kin.
#include <algorithm>
#include <new>
#include <utility>

#include "kernel/files/open_file.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"

namespace kernel::calls {
namespace {

/// More than this is not moved by one call. [linux] MAX_RW_COUNT
constexpr std::uint32_t kMostBytes = 0x7fff'f000;
constexpr std::uint32_t kMostBuffers = 1024;
constexpr std::uint32_t kCopyBytes = 4096;

enum class Direction : std::uint8_t { kRead, kWrite };

bool lies_in_program_memory(UserBuffer buffer) {
    return buffer.address <= ProgramMemory::kEnd && buffer.size_bytes <= ProgramMemory::kEnd - buffer.address;
}

FileResult<Shared<OpenFile>> file_for(std::uint32_t descriptor, Direction direction) {
    FileResult<Shared<OpenFile>> file = open_file_of(descriptor);
    if (file && !(direction == Direction::kRead ? (*file)->flags.readable() : (*file)->flags.writable()))
        [[unlikely]] {
        return file_error(Errno::kBadDescriptor);
    }
    return file;
}

FileResult<std::size_t> move_at_once(OpenFile& file, Direction direction, Transfer& transfer,
                                     std::uint64_t offset) {
    return direction == Direction::kRead ? file.read(transfer, offset) : file.write(transfer, offset);
}

/// What ends a long transfer between two of its turns: with a regular file, which programs expect to be read and
/// written whole, only the process's end.
Interruptible interruptible_by(const OpenFile& file) {
    return file.inode()->kind() == FileKind::kRegular ? Interruptible::kNo : Interruptible::kYes;
}

/// A turn after the other: files that never sleep would keep everybody waiting.
FileResult<std::size_t> move_in_turns(OpenFile& file, Direction direction, Transfer& transfer,
                                      std::uint64_t offset) {
    std::size_t total = 0;
    for (;;) {
        const std::size_t held = transfer.hold_back_beyond(kTurnBytes);
        const std::size_t wanted = transfer.remaining();
        const FileResult<std::size_t> moved = move_at_once(file, direction, transfer, offset + total);
        transfer.give_back(held);
        if (!moved) {
            return total != 0 ? FileResult<std::size_t>(total) : moved;
        }
        total += *moved;
        if (*moved != wanted || held == 0 || give_others_a_turn(interruptible_by(file)) == Wake::kSignal) {
            return total;
        }
    }
}

FileResult<std::size_t> move(OpenFile& file, Direction direction, Transfer& transfer, std::uint64_t offset) {
    const bool fits = transfer.remaining() <= kTurnBytes || file.seekable() == Seekable::kNo;
    return fits ? move_at_once(file, direction, transfer, offset)
                : move_in_turns(file, direction, transfer, offset);
}

/// Moves at the file's position, and that with it. Others who do so too come before or behind, never between.
CallResult move_at_position(OpenFile& file, Direction direction, Transfer& transfer) {
    if (file.seekable() == Seekable::kNo) {
        return call_result(move_at_once(file, direction, transfer, 0));
    }
    file.take_position();
    const std::uint64_t offset = file.position;
    const FileResult<std::size_t> moved = move(file, direction, transfer, offset);
    if (moved) {
        file.position = offset + *moved;
        if (direction == Direction::kWrite && file.flags.has(OpenFlags::kAppend)) {
            FileStatus status;
            file.inode()->status(status);
            file.position = status.size_bytes;
        }
    }
    file.release_position();
    return call_result(moved);
}

/// read and write: what programs call most, so it goes the short way.
template <Direction kDirection>
CallResult move_one(const CallArguments& arguments) {
    const Process& process = current_process();
    const FileResult<OpenFile*> found = process.files->find(static_cast<std::int32_t>(arguments.first()));
    if (!found) [[unlikely]] {
        return call_error(Errno::kBadDescriptor);
    }
    OpenFile& file = **found;
    if (!(kDirection == Direction::kRead ? file.flags.readable() : file.flags.writable()) ||
        file.flags.has(OpenFlags::kPath)) [[unlikely]] {
        return call_error(Errno::kBadDescriptor);
    }
    // Only another thread could close it meanwhile.
    const bool shared = process.thread_count != 1 || process.files->owners() != 1;
    const Shared<OpenFile> keeper(shared ? &file : nullptr);
    UserBuffer buffer{.address = arguments.second(), .size_bytes = arguments.third()};
    if (static_cast<std::int32_t>(buffer.size_bytes) < 0) [[unlikely]] {
        return call_error(Errno::kInvalid);
    }
    if (!lies_in_program_memory(buffer)) [[unlikely]] {
        return call_error(Errno::kFault);
    }
    buffer.size_bytes = std::min(buffer.size_bytes, kMostBytes);
    Transfer transfer = Transfer::with_user(buffer);
    if (file.seekable() == Seekable::kNo) {
        return call_result(kDirection == Direction::kRead ? file.read(transfer, 0) : file.write(transfer, 0));
    }
    return move_at_position(file, kDirection, transfer);
}

/// The `struct iovec`s of a call, checked; few on the stack, many on the heap.
class Buffers {
  public:
    Buffers(UserAddress address, std::uint32_t count) : result_(read(address, count)) {}
    Buffers(const Buffers&) = delete;
    Buffers& operator=(const Buffers&) = delete;
    ~Buffers() { delete[] many_; }

    /// Errors: kInvalid (too many, or too long in all), kFault, kNoMemory.
    [[nodiscard]] const FileResult<std::span<const UserBuffer>>& list() const { return result_; }

  private:
    FileResult<std::span<const UserBuffer>> read(UserAddress address, std::uint32_t count) {
        if (count > kMostBuffers) {
            return file_error(Errno::kInvalid);
        }
        std::span<UserBuffer> buffers(few_, count);
        if (count > std::size(few_)) {
            many_ = new (std::nothrow) UserBuffer[count];
            if (many_ == nullptr) {
                return file_error(Errno::kNoMemory);
            }
            buffers = {many_, count};
        }
        if (copy_from_user(std::as_writable_bytes(buffers), address) != buffers.size_bytes()) {
            return file_error(Errno::kFault);
        }
        std::uint32_t room = kMostBytes;
        for (UserBuffer& buffer : buffers) {
            if (static_cast<std::int32_t>(buffer.size_bytes) < 0) {
                return file_error(Errno::kInvalid);
            }
            if (!lies_in_program_memory(buffer)) {
                return file_error(Errno::kFault);
            }
            buffer.size_bytes = std::min(buffer.size_bytes, room);
            room -= buffer.size_bytes;
        }
        return buffers;
    }

    UserBuffer few_[8];
    UserBuffer* many_ = nullptr;
    FileResult<std::span<const UserBuffer>> result_;
};

CallResult move_many(const CallArguments& arguments, Direction direction) {
    const FileResult<Shared<OpenFile>> file = file_for(arguments.first(), direction);
    if (!file) {
        return call_error(file.error());
    }
    const Buffers buffers(arguments.second(), arguments.third());
    if (!buffers.list()) {
        return call_error(buffers.list().error());
    }
    Transfer transfer = Transfer::with_user(*buffers.list());
    return move_at_position(**file, direction, transfer);
}

CallResult move_at(OpenFile& file, Direction direction, Transfer& transfer, std::uint64_t offset) {
    if (file.seekable() == Seekable::kNo) {
        return call_error(Errno::kIllegalSeek);
    }
    if (static_cast<std::int64_t>(offset) < 0) {
        return call_error(Errno::kInvalid);
    }
    return call_result(move(file, direction, transfer, offset));
}

CallResult move_one_at(const CallArguments& arguments, Direction direction) {
    const FileResult<Shared<OpenFile>> file = file_for(arguments.first(), direction);
    if (!file) {
        return call_error(file.error());
    }
    UserBuffer buffer{.address = arguments.second(), .size_bytes = arguments.third()};
    if (!lies_in_program_memory(buffer)) {
        return call_error(Errno::kFault);
    }
    buffer.size_bytes = std::min(buffer.size_bytes, kMostBytes);
    Transfer transfer = Transfer::with_user(buffer);
    return move_at(**file, direction, transfer, wide(arguments.fourth(), arguments.fifth()));
}

CallResult move_many_at(const CallArguments& arguments, Direction direction) {
    const FileResult<Shared<OpenFile>> file = file_for(arguments.first(), direction);
    if (!file) {
        return call_error(file.error());
    }
    const Buffers buffers(arguments.second(), arguments.third());
    if (!buffers.list()) {
        return call_error(buffers.list().error());
    }
    Transfer transfer = Transfer::with_user(*buffers.list());
    return move_at(**file, direction, transfer, wide(arguments.fourth(), arguments.fifth()));
}

/// preadv2 and pwritev2: an offset of -1 is the file's position. No flag is known.
CallResult move_many_anywhere(const CallArguments& arguments, Direction direction) {
    if (arguments.sixth() != 0) {
        return call_error(Errno::kNotSupported);
    }
    const bool at_position = (arguments.fourth() & arguments.fifth()) == UINT32_MAX;
    return at_position ? move_many(arguments, direction) : move_many_at(arguments, direction);
}

/// An offset that a program keeps, or the file's own position.
struct Place {
    UserAddress address = 0;
    bool is_wide = true;
    std::uint64_t offset = 0;

    FileResult<void> load(const OpenFile& file) {
        if (address == 0) {
            offset = file.position;
            return {};
        }
        if (is_wide) {
            return read_user(offset, address);
        }
        std::uint32_t narrow = 0;
        const FileResult<void> read = read_user(narrow, address);
        offset = narrow;
        return read;
    }
    FileResult<void> store(OpenFile& file) const {
        if (address == 0) {
            file.position = offset;
            return {};
        }
        return is_wide ? write_user(address, offset)
                       : write_user(address, static_cast<std::uint32_t>(offset));
    }
};

/// Copies up to `count` bytes between two open files through a page of the kernel's.
FileResult<std::size_t> copy(OpenFile& from, Place& source, OpenFile& to, Place& target, std::size_t count) {
    auto* const page = new (std::nothrow) std::byte[kCopyBytes];
    if (page == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    std::size_t total = 0;
    FileResult<std::size_t> moved = 0;
    while (total < count) {
        const std::size_t wanted = std::min<std::size_t>(count - total, kCopyBytes);
        Transfer in = Transfer::with_kernel({page, wanted});
        moved = from.read(in, source.offset);
        if (!moved || *moved == 0) {
            break;
        }
        const std::size_t got = *moved;
        Transfer out = Transfer::with_kernel({page, got});
        moved = to.write(out, target.offset);
        if (!moved) {
            break;
        }
        total += *moved;
        source.offset += *moved;
        target.offset += *moved;
        if (*moved != got) {
            break;
        }
        if (total % kTurnBytes == 0 && give_others_a_turn(Interruptible::kYes) == Wake::kSignal) {
            break;
        }
    }
    delete[] page;
    return total != 0 ? FileResult<std::size_t>(total) : moved;
}

CallResult send_file(const CallArguments& arguments, bool is_wide) {
    const FileResult<Shared<OpenFile>> to = file_for(arguments.first(), Direction::kWrite);
    const FileResult<Shared<OpenFile>> from = file_for(arguments.second(), Direction::kRead);
    if (!to || !from) {
        return call_error(Errno::kBadDescriptor);
    }
    if ((*from)->seekable() == Seekable::kNo || (*to)->flags.has(OpenFlags::kAppend)) {
        return call_error(Errno::kInvalid);
    }
    Place source{.address = arguments.third(), .is_wide = is_wide};
    if (const FileResult<void> loaded = source.load(**from); !loaded) {
        return call_error(loaded.error());
    }
    Place target{.offset = (*to)->position};
    if (static_cast<std::int64_t>(source.offset) < 0) {
        return call_error(Errno::kInvalid);
    }
    const FileResult<std::size_t> moved =
        copy(**from, source, **to, target, std::min(arguments.fourth(), kMostBytes));
    if (moved) {
        if ((*to)->seekable() == Seekable::kYes) {
            (*to)->position = target.offset;
        }
        if (const FileResult<void> stored = source.store(**from); !stored) {
            return call_error(stored.error());
        }
    }
    return call_result(moved);
}

}  // namespace

CallResult read(const CallArguments& arguments) {
    return move_one<Direction::kRead>(arguments);
}
CallResult write(const CallArguments& arguments) {
    return move_one<Direction::kWrite>(arguments);
}
CallResult readv(const CallArguments& arguments) {
    return move_many(arguments, Direction::kRead);
}
CallResult writev(const CallArguments& arguments) {
    return move_many(arguments, Direction::kWrite);
}
CallResult pread64(const CallArguments& arguments) {
    return move_one_at(arguments, Direction::kRead);
}
CallResult pwrite64(const CallArguments& arguments) {
    return move_one_at(arguments, Direction::kWrite);
}
CallResult preadv(const CallArguments& arguments) {
    return move_many_at(arguments, Direction::kRead);
}
CallResult pwritev(const CallArguments& arguments) {
    return move_many_at(arguments, Direction::kWrite);
}
CallResult preadv2(const CallArguments& arguments) {
    return move_many_anywhere(arguments, Direction::kRead);
}
CallResult pwritev2(const CallArguments& arguments) {
    return move_many_anywhere(arguments, Direction::kWrite);
}
CallResult sendfile(const CallArguments& arguments) {
    return send_file(arguments, false);
}
CallResult sendfile64(const CallArguments& arguments) {
    return send_file(arguments, true);
}

CallResult copy_file_range(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> from = file_for(arguments.first(), Direction::kRead);
    const FileResult<Shared<OpenFile>> to = file_for(arguments.third(), Direction::kWrite);
    if (!from || !to || (*to)->flags.has(OpenFlags::kAppend)) {
        return call_error(Errno::kBadDescriptor);
    }
    for (const Shared<OpenFile>& file : {*from, *to}) {
        if (file->inode()->kind() != FileKind::kRegular) {
            return call_error(file->inode()->kind() == FileKind::kDirectory ? Errno::kIsDirectory
                                                                            : Errno::kInvalid);
        }
    }
    Place source{.address = arguments.second()};
    Place target{.address = arguments.fourth()};
    if (!source.load(**from) || !target.load(**to)) {
        return call_error(Errno::kFault);
    }
    const std::uint64_t count = std::min(arguments.fifth(), kMostBytes);
    const bool overlaps = (*from)->inode() == (*to)->inode() && source.offset < target.offset + count &&
                          target.offset < source.offset + count;
    if (arguments.sixth() != 0 || overlaps || static_cast<std::int64_t>(source.offset) < 0 ||
        static_cast<std::int64_t>(target.offset) < 0) {
        return call_error(Errno::kInvalid);
    }
    const FileResult<std::size_t> moved = copy(**from, source, **to, target, static_cast<std::size_t>(count));
    if (moved && (!source.store(**from) || !target.store(**to))) {
        return call_error(Errno::kFault);
    }
    return call_result(moved);
}

}  // namespace kernel::calls
