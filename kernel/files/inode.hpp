// A file itself, whatever its names: the node that paths lead to.
//
//   path --look_up--> Inode --open--> OpenFile (open_file.hpp) <-- descriptors
//
// File systems derive from it: memory files (/tmp, /dev/shm), the initial root's archive, generated files (/proc),
// devices, pipes. What a kind of file cannot do answers with the errno that Linux gives for it. Owned by whoever
// holds a Shared<Inode>: directories, open files, working directories, mappings of executables.
// Main line only; may sleep where it says so.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/files/errno.hpp"
#include "kernel/shared.hpp"

namespace mm {
class PageObject;
}  // namespace mm

namespace kernel {

class FileLocks;
class Inode;
class OpenFile;

/// What kind of file: the values of Linux's S_IFMT bits.
enum class FileKind : std::uint16_t {
    kFifo = 0010000,
    kCharacterDevice = 0020000,
    kDirectory = 0040000,
    kBlockDevice = 0060000,
    kRegular = 0100000,
    kSymlink = 0120000,
};

/// Seconds and nanoseconds since 1970.
struct FileTime {
    std::int64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
};

/// What stat tells.
struct FileStatus {
    std::uint32_t device = 0;  ///< Number of the file system.
    std::uint64_t inode = 0;   ///< Unique in it.
    FileKind kind = FileKind::kRegular;
    std::uint16_t permissions = 0;  ///< The lower twelve bits of st_mode.
    std::uint32_t links = 1;
    std::uint32_t user = 0, group = 0;
    std::uint32_t represented_device = 0;  ///< st_rdev: major << 8 | minor, for device files.
    std::uint64_t size_bytes = 0;
    std::uint64_t blocks = 0;  ///< Of 512 bytes: memory that it takes.
    FileTime accessed, modified, changed;
};

/// How a file is opened: access mode and flags, in Linux's i386 numbers (fcntl.h).
struct OpenFlags {
    std::uint32_t bits = 0;
    static constexpr std::uint32_t kAccessMask = 3, kReadOnly = 0, kWriteOnly = 1, kReadWrite = 2;
    static constexpr std::uint32_t kCreate = 0100, kExclusive = 0200, kNoControllingTerminal = 0400,
                                   kTruncate = 01000, kAppend = 02000, kNonBlocking = 04000, kDirect = 040000,
                                   kLargeFile = 0100000, kDirectory = 0200000, kNoFollow = 0400000,
                                   kCloseOnExec = 02000000, kPath = 010000000, kTemporary = 020000000;
    [[nodiscard]] bool has(std::uint32_t flags) const { return (bits & flags) == flags; }
    [[nodiscard]] bool readable() const { return (bits & kAccessMask) != kWriteOnly; }
    [[nodiscard]] bool writable() const { return (bits & kAccessMask) != kReadOnly; }
};

/// What chmod, chown and utimensat change; absent values stay.
struct StatusChange {
    std::int32_t permissions = -1;
    std::int32_t user = -1, group = -1;
    const FileTime* accessed = nullptr;
    const FileTime* modified = nullptr;
};

/// What statfs tells of a file system.
struct FileSystemStatus {
    std::uint32_t type = 0;  ///< Linux's magic number of the kind.
    std::uint32_t block_bytes = 4096;
    std::uint64_t blocks = 0, free_blocks = 0;
    std::uint64_t files = 0, free_files = 0;
    std::uint32_t flags = 0;  ///< ST_RDONLY and the like.
};

/// Takes the entries of a directory, one by one.
class DirectoryReader {
  public:
    /// `position` is where a later read goes on, behind this entry. False: no room for it; stop.
    virtual bool take(std::string_view name, std::uint64_t inode, FileKind kind, std::uint64_t position) = 0;

  protected:
    ~DirectoryReader() = default;
};

class Inode : public SharedObject {
  public:
    /// What stat tells of it. Never fails.
    virtual void status(FileStatus& status) const = 0;
    [[nodiscard]] FileKind kind() const { return kind_; }

    /// An open file on it, position 0. May sleep (a FIFO waits for the other end). Errors: as open(2) for this kind.
    virtual FileResult<Shared<OpenFile>> open(OpenFlags flags) = 0;

    // --- directories; kNotDirectory elsewhere ---
    /// The node called `name`: one component, neither "." nor "..". Error: kNoEntry.
    virtual FileResult<Shared<Inode>> look_up(std::string_view name);
    /// The directory this one is in; itself at a root. Crossing mounts is the path walk's affair.
    virtual Shared<Inode> parent();
    /// The directory that has this node under name(); null at a root, and where there is none.
    [[nodiscard]] virtual Inode* directory() const { return nullptr; }
    /// Its name there (one of them); empty at a root. Error: kNoEntry when the last one was removed.
    [[nodiscard]] virtual FileResult<std::string_view> name() const { return std::string_view(); }
    /// New entries. Errors: kExists, kNoSpace, kNoMemory, kReadOnlyFileSystem, kNameTooLong.
    virtual FileResult<Shared<Inode>> create(std::string_view name, FileKind kind, std::uint16_t permissions,
                                             std::uint32_t represented_device);
    virtual FileResult<Shared<Inode>> create_symlink(std::string_view name, std::string_view target);
    virtual FileResult<void> link(std::string_view name, Inode& file);
    /// Removes a name: of anything but a directory; of an empty directory. Errors: kNoEntry, kIsDirectory,
    /// kNotDirectory, kNotEmpty, kBusy (something is mounted there).
    virtual FileResult<void> unlink(std::string_view name);
    virtual FileResult<void> remove_directory(std::string_view name);
    /// Moves `name` to `new_name` in `new_directory`, of the same file system, replacing what rename(2) lets it.
    virtual FileResult<void> rename(std::string_view name, Inode& new_directory, std::string_view new_name);
    /// Entries from `position` on (0: all, "." and ".." included).
    virtual FileResult<void> read_directory(std::uint64_t position, DirectoryReader& reader);

    // --- symbolic links; kInvalid elsewhere ---
    /// The target, valid until the node changes or goes (at most 4,095 bytes). May depend on who asks (/proc/self).
    virtual FileResult<std::string_view> target();
    /// Where it leads without any path (/proc/PID/exe, /proc/PID/fd/N); null for links that are their target.
    virtual FileResult<Shared<Inode>> destination();

    // --- regular files ---
    /// Sets the size; pages beyond it vanish from every mapping. Errors: kInvalid, kIsDirectory, kNoSpace, ...
    virtual FileResult<void> resize(std::uint64_t size_bytes);
    /// The pages of its contents, for mappings and executables; null where it cannot be mapped. The object stays
    /// valid while the inode lives; a mapping keeps it by its own count.
    virtual mm::PageObject* pages();

    /// A path that leads here now, for people (/proc/PID/exe, /proc/PID/maps); the part of `buffer` that was used.
    /// Put together from the names and directories up to the root. Errors: kOutOfRange (too short), kNoEntry (its
    /// last name was removed).
    virtual FileResult<std::string_view> path(std::span<char> buffer) const;

    /// Errors: kReadOnlyFileSystem, kNotPermitted.
    virtual FileResult<void> change_status(const StatusChange& change);

    /// What statfs tells of the file system it is in.
    virtual void file_system_status(FileSystemStatus& status) const;

    /// Two names of one file system: link and rename do not cross.
    [[nodiscard]] std::uint32_t device() const { return device_; }

    /// Path walking only: what is mounted on this directory, and (for a mounted root) what it is mounted on.
    Inode* mounted_here = nullptr;
    Inode* mounted_on = nullptr;
    /// Locks on parts of the file; null while there are none (locks.hpp's alone).
    FileLocks* locks = nullptr;

  protected:
    Inode(FileKind kind, std::uint32_t device) : kind_(kind), device_(device) {}
    ~Inode() override = default;

  private:
    FileKind kind_;
    std::uint32_t device_;
};

}  // namespace kernel
