// Locks on parts of files: fcntl's record locks, those of open files (OFD), and flock's.
//
// Advisory: reads and writes take no notice. A record lock belongs to a descriptor table or to an open file; the two
// see each other. flock's belong to an open file and see only their own kind. Whoever must wait stands in the file's
// queue and looks again each time a lock there goes; a wait among tables that would never end is refused.
//
// Owns: the locks. A file without any, and nobody waiting, has no FileLocks.
// I1 locks of one family on overlapping bytes have the same owner or are all shared.
// I2 one owner's locks of one family on one file do not overlap, and those of one mode do not touch.
// Cost: linear in the locks on the file. Main line only.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/files/errno.hpp"

namespace kernel {

class FileTable;
class Inode;
class OpenFile;

/// Who has a lock.
struct LockOwner {
    enum class Kind : std::uint8_t { kTable, kOpenFile };
    Kind kind = Kind::kTable;
    const void* identity = nullptr;

    static LockOwner table(const FileTable& table) { return {Kind::kTable, &table}; }
    static LockOwner open_file(const OpenFile& file) { return {Kind::kOpenFile, &file}; }
    friend bool operator==(const LockOwner&, const LockOwner&) = default;
};

/// Which locks see each other.
enum class LockFamily : std::uint8_t { kRecord, kWholeFile };

enum class LockMode : std::uint8_t { kNone, kShared, kExclusive };

/// What to do when somebody else's lock is in the way.
enum class LockWait : std::uint8_t { kNo, kYes };

/// Bytes [begin, last] of a file; `last` counts.
struct LockRange {
    static constexpr std::uint64_t kEnd = INT64_MAX;  ///< As far as files can reach.
    std::uint64_t begin = 0;
    std::uint64_t last = kEnd;
};

/// A lock, as asked for or as found.
struct LockRequest {
    LockOwner owner;
    LockFamily family = LockFamily::kRecord;
    LockMode mode = LockMode::kNone;
    LockRange range;
    std::int32_t process = 0;  ///< For whoever asks who has it; -1: an open file's.
};

/// The range is locked in `request.mode` by `request.owner` afterwards, whatever that owner had there before; kNone
/// unlocks. Errors: kAgain (somebody else's is in the way), kDeadlock, kRestart (a signal came), kNoLocks (no memory).
FileResult<void> set_lock(Inode& file, const LockRequest& request, LockWait wait);

/// The first lock that stands in the way of `request`; nothing when it could be had.
std::optional<LockRequest> find_conflict(const Inode& file, const LockRequest& request);

/// Everything that `owner` has on `file` goes. Only worth a call where file.locks is not null.
void release_locks_of(Inode& file, LockOwner owner);

}  // namespace kernel
