#include "kernel/files/memory_files.hpp"

#include <new>
#include <utility>

#include "kernel/files/file_time.hpp"
#include "kernel/files/memory_nodes.hpp"
#include "kernel/files/mounts.hpp"
#include "kernel/files/open_file.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "mm/core/address.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t pages_for(std::uint64_t size_bytes) {
    return static_cast<std::uint32_t>((size_bytes + (mm::kPageSize - 1)) / mm::kPageSize);
}

/// After a move failed with `error`: waits for the page that it lacked, the program's or the file's own. Error: what is
/// in its way for good.
FileResult<void> wait_for_what_lacks(Transfer& transfer, std::size_t count, Errno error, UserAccess access) {
    switch (error) {
        case Errno::kFault:
            return transfer.bring_in(count, access);
        case Errno::kPageAwaited:
            return wait_for_page() == PageWait::kLookAgain ? FileResult<void>()
                                                           : file_error(Errno::kInterrupted);
        default:
            return file_error(error);
    }
}

bool is_later(FileTime a, FileTime b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.nanoseconds > b.nanoseconds;
}

class MemoryOpenFile final : public OpenFile {
  public:
    MemoryOpenFile(Shared<Inode> node, OpenFlags open_flags)
        : OpenFile(std::move(node), open_flags, Seekable::kYes) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t offset) override {
        return file().read(to, offset);
    }
    FileResult<std::size_t> write(Transfer& from, std::uint64_t offset) override {
        return flags.has(OpenFlags::kAppend) ? file().append(from) : file().write(from, offset);
    }

  private:
    MemoryFile& file() { return static_cast<MemoryFile&>(*inode()); }
};

}  // namespace

// --- every node ---

MemoryNode::MemoryNode(FileKind kind, MemoryFileSystem& files, std::uint16_t permissions)
    : Inode(kind, files.device),
      accessed_(file_time_now()),
      modified_(accessed_),
      changed_(accessed_),
      files_(&files),
      number_(++files.last_number),
      permissions_(permissions) {}

void MemoryNode::status(FileStatus& status) const {
    status.device = device();
    status.inode = number_;
    status.kind = kind();
    status.permissions = permissions_;
    status.links = links;
    status.user = user_;
    status.group = group_;
    status.accessed = accessed_;
    status.modified = modified_;
    status.changed = changed_;
}

FileResult<void> MemoryNode::change_status(const StatusChange& change) {
    if (change.permissions >= 0) {
        permissions_ = static_cast<std::uint16_t>(change.permissions);
    }
    if (change.user >= 0) {
        user_ = static_cast<std::uint32_t>(change.user);
    }
    if (change.group >= 0) {
        group_ = static_cast<std::uint32_t>(change.group);
    }
    if (change.accessed != nullptr) {
        accessed_ = *change.accessed;
    }
    if (change.modified != nullptr) {
        modified_ = *change.modified;
    }
    touch_changed();
    return {};
}

void MemoryNode::file_system_status(FileSystemStatus& status) const {
    constexpr std::uint32_t kTmpfsMagic = 0x0102'1994;
    const MemoryPages::Room room = MemoryPages::room();
    status.type = kTmpfsMagic;
    status.blocks = room.most;
    status.free_blocks = room.left;
}

Inode* MemoryNode::directory() const {
    return own_entry == nullptr ? nullptr : own_entry->directory;
}

FileResult<std::string_view> MemoryNode::name() const {
    if (own_entry == nullptr) {
        return file_error(Errno::kNoEntry);
    }
    return own_entry->name();
}

void MemoryNode::touch_changed() {
    changed_ = file_time_now();
}

void MemoryNode::touch_modified() {
    modified_ = changed_ = file_time_now();
}

// --- files ---

void MemoryFile::status(FileStatus& status) const {
    MemoryNode::status(status);
    status.size_bytes = size_bytes_;
    status.blocks = std::uint64_t{pages_.resident_pages()} * (mm::kPageSize / 512);
}

FileResult<Shared<OpenFile>> MemoryFile::open(OpenFlags flags) {
    Shared<OpenFile> file(new (std::nothrow) MemoryOpenFile(Shared<Inode>(this), flags));
    if (!file) {
        return file_error(Errno::kNoMemory);
    }
    return file;
}

FileResult<void> MemoryFile::resize(std::uint64_t size_bytes) {
    if (size_bytes > MemoryPages::kMostBytes) {
        return file_error(Errno::kFileTooLarge);
    }
    // I2: the old last page before the file grows, the new last page when it shrinks.
    for (;;) {
        const std::uint64_t smaller = size_bytes < size_bytes_ ? size_bytes : size_bytes_;
        const FileResult<void> cleared = pages_.clear_behind(static_cast<std::uint32_t>(smaller));
        if (cleared) {
            break;
        }
        if (cleared.error() != Errno::kPageAwaited) {
            return cleared;
        }
        if (wait_for_page() == PageWait::kKilled) {
            return file_error(Errno::kInterrupted);
        }
    }
    if (const FileResult<void> resized = pages_.resize(pages_for(size_bytes)); !resized) {
        return resized;
    }
    size_bytes_ = size_bytes;
    touch_modified();
    return {};
}

FileResult<std::size_t> MemoryFile::read(Transfer& to, std::uint64_t offset) {
    // As Linux's relatime: the first read after a change is written down.
    if (!is_later(accessed_, modified_)) {
        accessed_ = file_time_now();
    }
    const std::size_t before = to.moved();
    while (offset < size_bytes_ && to.remaining() != 0) {
        const std::uint64_t left = size_bytes_ - offset;
        const std::size_t room = mm::kPageSize - static_cast<std::size_t>(offset % mm::kPageSize);
        std::size_t count = left < room ? static_cast<std::size_t>(left) : room;
        count = count < to.remaining() ? count : to.remaining();
        const FileResult<std::size_t> moved = pages_.read(to, static_cast<std::uint32_t>(offset), count);
        if (moved) {
            offset += *moved;
            continue;
        }
        const auto there = wait_for_what_lacks(to, count, moved.error(), UserAccess::kWrite);
        if (!there) {
            return to.moved() != before ? FileResult<std::size_t>(to.moved() - before)
                                        : file_error(there.error());
        }
    }
    return to.moved() - before;
}

FileResult<std::size_t> MemoryFile::write(Transfer& from, std::uint64_t offset) {
    const WritersTurn turn(*this);
    return write_in_turn(from, offset);
}

FileResult<std::size_t> MemoryFile::append(Transfer& from) {
    const WritersTurn turn(*this);
    return write_in_turn(from, size_bytes_);
}

MemoryFile::WritersTurn::WritersTurn(MemoryFile& file) : file_(file) {
    if (file.is_being_written_) [[unlikely]] {
        const Waiter place(file.next_writers_);
        while (file.is_being_written_) {
            sleep(Interruptible::kNo);
        }
    }
    file.is_being_written_ = true;
}

MemoryFile::WritersTurn::~WritersTurn() {
    file_.is_being_written_ = false;
    if (!file_.next_writers_.empty()) [[unlikely]] {
        file_.next_writers_.wake_all();
    }
}

/// A part after the other, and what each lacks is waited for between them.
FileResult<std::size_t> MemoryFile::write_in_turn(Transfer& from, std::uint64_t offset) {
    const std::size_t before = from.moved();
    while (from.remaining() != 0) {
        if (offset >= MemoryPages::kMostBytes) {
            return from.moved() != before ? FileResult<std::size_t>(from.moved() - before)
                                          : file_error(Errno::kFileTooLarge);
        }
        const FileResult<std::size_t> moved = write_what_is_there(from, offset);
        if (moved) {
            offset += *moved;
            continue;
        }
        const auto there = wait_for_what_lacks(from, from.remaining(), moved.error(), UserAccess::kRead);
        if (!there) {
            return from.moved() != before ? FileResult<std::size_t>(from.moved() - before)
                                          : file_error(there.error());
        }
    }
    return from.moved() - before;
}

/// Without a sleep, as far as all pages are there. `offset` is one that a file can have, and something remains.
FileResult<std::size_t> MemoryFile::write_what_is_there(Transfer& from, std::uint64_t offset) {
    const std::uint64_t room_in_file = MemoryPages::kMostBytes - offset;
    const std::uint64_t end = offset + (from.remaining() < room_in_file ? from.remaining() : room_in_file);
    if (end > size_bytes_) {
        if (const auto cleared = pages_.clear_behind(static_cast<std::uint32_t>(size_bytes_)); !cleared) {
            return file_error(cleared.error());
        }
    }
    if (pages_for(end) > pages_for(size_bytes_)) {
        if (const FileResult<void> resized = pages_.resize(pages_for(end)); !resized) {
            return file_error(resized.error());
        }
    }
    const std::size_t before = from.moved();
    FileResult<std::size_t> moved = 0;
    while (offset < end) {
        const std::size_t room = mm::kPageSize - static_cast<std::size_t>(offset % mm::kPageSize);
        const std::size_t count = end - offset < room ? static_cast<std::size_t>(end - offset) : room;
        moved = pages_.write(from, static_cast<std::uint32_t>(offset), count);
        offset += moved.value_or(0);
        if (!moved || *moved != count) {
            break;
        }
    }
    const std::size_t total = from.moved() - before;
    if (total != 0) {
        size_bytes_ = offset > size_bytes_ ? offset : size_bytes_;
        touch_modified();
    }
    if (offset != end) {
        static_cast<void>(pages_.resize(pages_for(size_bytes_)));  // shorter, or nothing to do
    }
    return total != 0 ? FileResult<std::size_t>(total) : moved;
}

// --- links ---

MemorySymlink* MemorySymlink::make(MemoryFileSystem& files, std::string_view target) {
    auto* const text = new (std::nothrow) char[target.size()];
    auto* const link =
        text == nullptr ? nullptr : new (std::nothrow) MemorySymlink(files, text, target.size());
    if (link == nullptr) {
        delete[] text;
        return nullptr;
    }
    target.copy(text, target.size());
    return link;
}

void MemorySymlink::status(FileStatus& status) const {
    MemoryNode::status(status);
    status.size_bytes = size_bytes_;
}

FileResult<Shared<Inode>> make_memory_file_system() {
    constexpr std::uint16_t kPermissions = 01777;
    const Shared<MemoryFileSystem> files(new (std::nothrow) MemoryFileSystem(new_file_system_number()));
    Shared<Inode> root(files ? new (std::nothrow) MemoryDirectory(*files, kPermissions, {}) : nullptr);
    if (!root) {
        return file_error(Errno::kNoMemory);
    }
    static_cast<MemoryDirectory&>(*root).links = 2;
    return root;
}

}  // namespace kernel
