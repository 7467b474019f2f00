#include "kernel/files/block_file.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/static_storage.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

/// The pages through which a disk's files move bytes.
class DiskPages {
  public:
    static constexpr std::uint32_t kMost = 16;

    DiskPages() = default;
    DiskPages(const DiskPages&) = delete;
    DiskPages& operator=(const DiskPages&) = delete;
    ~DiskPages() { ::operator delete(bytes_, std::align_val_t(mm::kPageSize)); }

    /// As many as there are, of kMost. Error: kNoMemory: not even one.
    FileResult<void> allocate() {
        for (count_ = kMost; count_ != 0; count_ /= 2) {
            bytes_ = static_cast<std::byte*>(::operator new(std::size_t{count_} * mm::kPageSize,
                                                            std::align_val_t(mm::kPageSize), std::nothrow));
            if (bytes_ != nullptr) {
                find_frames();
                return {};
            }
        }
        return file_error(Errno::kNoMemory);
    }

    [[nodiscard]] std::uint32_t count() const { return count_; }
    [[nodiscard]] std::span<std::byte> bytes() const { return {bytes_, std::size_t{count_} * mm::kPageSize}; }
    [[nodiscard]] mm::FrameNumber frame(std::uint32_t index) const { return frames_[index]; }

  private:
    void find_frames() {
        for (std::uint32_t i = 0; i < count_; ++i) {
            const auto mapping =
                kernel_memory()->tables().lookup(mm::VirtAddr::of(bytes_ + std::size_t{i} * mm::kPageSize));
            mm::expect(mapping.has_value(), "block file: a page of the heap is not mapped");
            frames_[i] = mapping->frame;
        }
    }

    std::byte* bytes_ = nullptr;
    std::uint32_t count_ = 0;
    std::array<mm::FrameNumber, kMost> frames_{};
};

/// What the open files on one disk share.
class DiskDoor {
  public:
    /// One more file is open. Error: kNoMemory.
    FileResult<void> enter() {
        if (files_ == 0) {
            auto* const pages = new (std::nothrow) DiskPages;
            if (pages == nullptr) {
                return file_error(Errno::kNoMemory);
            }
            if (const auto allocated = pages->allocate(); !allocated) {
                delete pages;
                return allocated;
            }
            pages_ = pages;
        }
        ++files_;
        return {};
    }
    void leave() {
        if (--files_ == 0) {
            delete std::exchange(pages_, nullptr);
        }
    }

    [[nodiscard]] DiskPages& pages() { return *pages_; }

    void take_turn() {
        if (taken_) {
            Waiter place(turns_);
            while (taken_) {
                sleep(Interruptible::kNo);
            }
        }
        taken_ = true;
    }
    void end_turn() {
        taken_ = false;
        turns_.wake_one();
    }

  private:
    DiskPages* pages_ = nullptr;
    std::uint32_t files_ = 0;
    bool taken_ = false;
    WaitQueue turns_;
};

using DiskDoors = std::array<DiskDoor, kMostBlockDevices>;
/// Built when the first disk is opened, never destroyed.
StaticStorage<DiskDoors> doors;

DiskDoor& door_of(const BlockDevice& disk) {
    if (doors.get() == nullptr) {
        doors.construct();
    }
    std::size_t index = 0;
    while (block_device(index) != &disk) {
        ++index;
    }
    return (*doors.get())[index];
}

class Turn {
  public:
    explicit Turn(DiskDoor& door) : door_(door) { door_.take_turn(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { door_.end_turn(); }

  private:
    DiskDoor& door_;
};

/// A request for whose end a thread sleeps.
struct AwaitedRequest : BlockRequest {
    bool is_done = false;
    WaitQueue sleeper;

    /// Error: kIo.
    FileResult<void> serve(BlockDevice& disk) {
        done = [](BlockRequest& request) {
            auto& self = static_cast<AwaitedRequest&>(request);
            self.is_done = true;
            self.sleeper.wake_all();
        };
        Waiter place(sleeper);
        disk.start(*this);
        while (!is_done) {
            sleep(Interruptible::kNo);
        }
        return failed ? file_error(Errno::kIo) : FileResult<void>();
    }
};

/// The sectors that hold some bytes of a disk, as far as the pages reach.
struct Sectors {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    std::size_t offset = 0;      ///< Of the first byte in the first sector.
    std::size_t size_bytes = 0;  ///< How many bytes of those asked for are in them.

    [[nodiscard]] bool is_whole() const {
        return offset == 0 && size_bytes == std::size_t{count} * kSectorBytes;
    }
};

Sectors sectors_of(std::uint64_t begin, std::uint64_t end, std::uint32_t most_pages) {
    Sectors sectors{.first = begin / kSectorBytes, .offset = static_cast<std::size_t>(begin % kSectorBytes)};
    const std::uint64_t reach = (sectors.first + std::uint64_t{most_pages} * kSectorsPerFrame) * kSectorBytes;
    end = std::min(end, reach);
    sectors.count = static_cast<std::uint32_t>((end + kSectorBytes - 1) / kSectorBytes - sectors.first);
    sectors.size_bytes = static_cast<std::size_t>(end - begin);
    return sectors;
}

class BlockFile final : public OpenFile {
  public:
    /// Has entered `door`.
    BlockFile(Shared<Inode> node, OpenFlags open_flags, BlockDevice& disk, DiskDoor& door)
        : OpenFile(std::move(node), open_flags, Seekable::kYes), disk_(disk), door_(door) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t offset) override {
        return move_all(to, offset, &BlockFile::read_part);
    }
    FileResult<std::size_t> write(Transfer& from, std::uint64_t offset) override {
        if (from.remaining() != 0 && offset >= end()) {
            return file_error(Errno::kNoSpace);
        }
        return move_all(from, offset, &BlockFile::write_part);
    }
    FileResult<void> sync() override {
        AwaitedRequest request;
        request.operation = BlockOperation::kFlush;
        return request.serve(disk_);
    }
    FileResult<std::int32_t> control(std::uint32_t request, std::uint32_t argument) override;
    [[nodiscard]] std::uint64_t end() const override { return disk_.sector_count() * kSectorBytes; }

  protected:
    ~BlockFile() override { door_.leave(); }

  private:
    /// Moves what is in some sectors; how many of the bytes. Fewer than asked for: the next one cannot be moved.
    using MovePart = FileResult<std::size_t> (BlockFile::*)(Transfer& transfer, const Sectors& sectors);

    FileResult<std::size_t> move_all(Transfer& transfer, std::uint64_t offset, MovePart move_part);
    FileResult<std::size_t> read_part(Transfer& to, const Sectors& sectors);
    FileResult<std::size_t> write_part(Transfer& from, const Sectors& wanted);
    std::uint32_t serve(BlockOperation operation, const Sectors& sectors);
    bool serve_pages(BlockOperation operation, const Sectors& sectors, std::uint32_t first_page,
                     std::uint32_t page_count);

    [[nodiscard]] std::span<std::byte> bytes_of(const Sectors& sectors) {
        return door_.pages().bytes().subspan(sectors.offset, sectors.size_bytes);
    }

    BlockDevice& disk_;
    DiskDoor& door_;
};

FileResult<std::size_t> BlockFile::move_all(Transfer& transfer, std::uint64_t offset, MovePart move_part) {
    const Turn turn(door_);
    std::size_t moved = 0;
    while (transfer.remaining() != 0 && offset < end()) {
        const std::uint64_t wanted_end = std::min<std::uint64_t>(end(), offset + transfer.remaining());
        const Sectors sectors = sectors_of(offset, wanted_end, door_.pages().count());
        const auto part = (this->*move_part)(transfer, sectors);
        if (!part) {
            return moved != 0 ? FileResult<std::size_t>(moved) : part;
        }
        moved += *part;
        offset += *part;
        if (*part != sectors.size_bytes || give_others_a_turn(Interruptible::kYes) == Wake::kSignal) {
            break;
        }
    }
    return moved;
}

FileResult<std::size_t> BlockFile::read_part(Transfer& to, const Sectors& sectors) {
    const std::uint32_t count = serve(BlockOperation::kRead, sectors);
    if (count == 0) {
        return file_error(Errno::kIo);
    }
    const std::size_t read = std::min(sectors.size_bytes, std::size_t{count} * kSectorBytes - sectors.offset);
    return to.put(bytes_of(sectors).first(read));
}

FileResult<std::size_t> BlockFile::write_part(Transfer& from, const Sectors& wanted) {
    // What is not overwritten stays.
    const bool is_partial = !wanted.is_whole();
    if (is_partial && serve(BlockOperation::kRead, wanted) != wanted.count) {
        return file_error(Errno::kIo);
    }
    const auto taken = from.take(bytes_of(wanted));
    if (!taken) {
        return taken;
    }
    Sectors sectors = wanted;
    if (*taken != wanted.size_bytes) {
        // The writer's memory ends early. Without what the last sector holds, only those before it can be written.
        sectors.size_bytes = is_partial ? *taken : *taken / kSectorBytes * kSectorBytes;
        sectors.count = static_cast<std::uint32_t>((sectors.offset + sectors.size_bytes + kSectorBytes - 1) /
                                                   kSectorBytes);
        if (sectors.count == 0) {
            return file_error(Errno::kFault);
        }
    }
    const std::uint32_t count = serve(BlockOperation::kWrite, sectors);
    if (count == 0) {
        return file_error(Errno::kIo);
    }
    return std::min(sectors.size_bytes, std::size_t{count} * kSectorBytes - sectors.offset);
}

/// How many of the sectors, from the first on, were moved between the disk and the pages.
std::uint32_t BlockFile::serve(BlockOperation operation, const Sectors& sectors) {
    const std::uint32_t pages = (sectors.count + kSectorsPerFrame - 1) / kSectorsPerFrame;
    if (serve_pages(operation, sectors, 0, pages)) {
        return sectors.count;
    }
    // One bad sector is not to spoil its neighbours.
    std::uint32_t page = 0;
    while (pages != 1 && page < pages && serve_pages(operation, sectors, page, 1)) {
        ++page;
    }
    return std::min(page * kSectorsPerFrame, sectors.count);
}

bool BlockFile::serve_pages(BlockOperation operation, const Sectors& sectors, std::uint32_t first_page,
                            std::uint32_t page_count) {
    AwaitedRequest request;
    request.operation = operation;
    request.first_sector = sectors.first + std::uint64_t{first_page} * kSectorsPerFrame;
    request.frame_count = page_count;
    for (std::uint32_t i = 0; i < page_count; ++i) {
        request.frames[i] = door_.pages().frame(first_page + i);
    }
    const std::uint32_t before_last = (first_page + page_count - 1) * kSectorsPerFrame;
    request.last_frame_sectors = std::min(sectors.count - before_last, kSectorsPerFrame);
    return request.serve(disk_).has_value();
}

FileResult<std::int32_t> BlockFile::control(std::uint32_t request, std::uint32_t argument) {
    // [linux] include/uapi/linux/fs.h
    enum Request : std::uint32_t {
        kIsReadOnly = 0x125E,     // BLKROGET
        kSectorCount = 0x1260,    // BLKGETSIZE, a long
        kFlushBuffers = 0x1261,   // BLKFLSBUF
        kSectorSize = 0x1268,     // BLKSSZGET
        kPhysicalSize = 0x127B,   // BLKPBSZGET
        kBlockSize = 0x80041270,  // BLKBSZGET
        kSizeBytes = 0x80041272,  // BLKGETSIZE64, a long long all the same
    };
    FileResult<void> stored;
    switch (request) {
        case kIsReadOnly:
            stored = write_user(argument, std::int32_t{disk_.access() == BlockAccess::kReadOnly ? 1 : 0});
            break;
        case kSectorCount:
            if (disk_.sector_count() > INT32_MAX) {
                return file_error(Errno::kFileTooLarge);
            }
            stored = write_user(argument, static_cast<std::uint32_t>(disk_.sector_count()));
            break;
        case kFlushBuffers:
            stored = sync();
            break;
        case kSectorSize:
        case kPhysicalSize:
            stored = write_user(argument, kSectorBytes);
            break;
        case kBlockSize:
            stored = write_user(argument, static_cast<std::uint32_t>(mm::kPageSize));
            break;
        case kSizeBytes:
            stored = write_user(argument, end());
            break;
        default:
            return file_error(Errno::kNotTerminal);
    }
    return stored ? FileResult<std::int32_t>(0) : file_error(stored.error());
}

}  // namespace

FileResult<Shared<OpenFile>> open_block_device(Shared<Inode> node, BlockDevice& disk, OpenFlags flags) {
    if (flags.writable() && disk.access() == BlockAccess::kReadOnly) {
        return file_error(Errno::kReadOnlyFileSystem);
    }
    DiskDoor& door = door_of(disk);
    if (const auto entered = door.enter(); !entered) {
        return file_error(entered.error());
    }
    auto* const file = new (std::nothrow) BlockFile(std::move(node), flags, disk, door);
    if (file == nullptr) {
        door.leave();
        return file_error(Errno::kNoMemory);
    }
    return Shared<OpenFile>(file);
}

}  // namespace kernel
