// What file calls exchange with programs, laid out as Linux's i386 has it.
//
// 64-bit members stand on four-byte boundaries there: hence `packed`.
// [linux] arch/x86/include/uapi/asm/stat.h, statfs.h; include/uapi/linux/{stat,fcntl}.h, include/linux/dirent.h
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::layouts {

/// struct stat: stat, lstat, fstat.
struct Stat {
    std::uint32_t device;
    std::uint32_t inode;
    std::uint16_t mode;
    std::uint16_t links;
    std::uint16_t user;
    std::uint16_t group;
    std::uint32_t represented_device;
    std::uint32_t size;
    std::uint32_t block_size;
    std::uint32_t blocks;
    std::uint32_t accessed, accessed_nanoseconds;
    std::uint32_t modified, modified_nanoseconds;
    std::uint32_t changed, changed_nanoseconds;
    std::uint32_t unused[2];
};
static_assert(sizeof(Stat) == 64);

/// struct stat64.
struct [[gnu::packed]] Stat64 {
    std::uint64_t device;
    std::uint32_t padding0;
    std::uint32_t short_inode;
    std::uint32_t mode;
    std::uint32_t links;
    std::uint32_t user;
    std::uint32_t group;
    std::uint64_t represented_device;
    std::uint32_t padding1;
    std::int64_t size;
    std::uint32_t block_size;
    std::uint64_t blocks;
    std::uint32_t accessed, accessed_nanoseconds;
    std::uint32_t modified, modified_nanoseconds;
    std::uint32_t changed, changed_nanoseconds;
    std::uint64_t inode;
};
static_assert(sizeof(Stat64) == 96);
static_assert(offsetof(Stat64, size) == 44 && offsetof(Stat64, accessed) == 64);

struct StatxTime {
    std::int64_t seconds;
    std::uint32_t nanoseconds;
    std::int32_t padding;
};
/// struct statx.
struct Statx {
    std::uint32_t mask;
    std::uint32_t block_size;
    std::uint64_t attributes;
    std::uint32_t links;
    std::uint32_t user;
    std::uint32_t group;
    std::uint16_t mode;
    std::uint16_t padding;
    std::uint64_t inode;
    std::uint64_t size;
    std::uint64_t blocks;
    std::uint64_t attributes_mask;
    StatxTime accessed, born, changed, modified;
    std::uint32_t represented_major, represented_minor;
    std::uint32_t device_major, device_minor;
    std::uint64_t mount;
    std::uint32_t direct_alignment[2];
    std::uint64_t spare[12];
};
static_assert(sizeof(Statx) == 256);
static_assert(offsetof(Statx, accessed) == 64 && offsetof(Statx, mount) == 144);

/// struct statfs and struct statfs64.
struct StatFs {
    std::uint32_t type, block_size, blocks, free_blocks, available_blocks, files, free_files;
    std::uint32_t identity[2];
    std::uint32_t name_length, fragment_size, flags;
    std::uint32_t spare[4];
};
static_assert(sizeof(StatFs) == 64);
struct [[gnu::packed]] StatFs64 {
    std::uint32_t type, block_size;
    std::uint64_t blocks, free_blocks, available_blocks, files, free_files;
    std::uint32_t identity[2];
    std::uint32_t name_length, fragment_size, flags;
    std::uint32_t spare[4];
};
static_assert(sizeof(StatFs64) == 84);

/// What stands before a name in getdents64's and getdents' records.
struct [[gnu::packed]] DirectoryEntry64 {
    std::uint64_t inode;
    std::uint64_t position;
    std::uint16_t record_bytes;
    std::uint8_t kind;
};
static_assert(sizeof(DirectoryEntry64) == 19);
struct [[gnu::packed]] DirectoryEntry {
    std::uint32_t inode;
    std::uint32_t position;
    std::uint16_t record_bytes;
};
static_assert(sizeof(DirectoryEntry) == 10);

/// struct flock and struct flock64.
struct Lock {
    std::int16_t type;
    std::int16_t whence;
    std::int32_t start;
    std::int32_t length;
    std::int32_t process;
};
static_assert(sizeof(Lock) == 16);
struct [[gnu::packed]] Lock64 {
    std::int16_t type;
    std::int16_t whence;
    std::int64_t start;
    std::int64_t length;
    std::int32_t process;
};
static_assert(sizeof(Lock64) == 24);

/// struct timespec with 32 and with 64 bits; struct timeval, which counts microseconds.
struct Timespec32 {
    std::int32_t seconds;
    std::int32_t nanoseconds;
};
static_assert(sizeof(Timespec32) == 8);
struct Timespec64 {
    std::int64_t seconds;
    std::int64_t nanoseconds;
};
static_assert(sizeof(Timespec64) == 16);
struct Timeval32 {
    std::int32_t seconds;
    std::int32_t microseconds;
};
static_assert(sizeof(Timeval32) == 8);

}  // namespace kernel::layouts
