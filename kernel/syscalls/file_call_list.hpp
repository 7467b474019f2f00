// The file calls by name: what the rows in file_calls.cpp and descriptor_calls.cpp refer to.
#pragma once

#include "kernel/syscalls/call.hpp"

namespace kernel::calls {

// transfer_calls.cpp
CallResult read(const CallArguments& arguments);
CallResult write(const CallArguments& arguments);
CallResult readv(const CallArguments& arguments);
CallResult writev(const CallArguments& arguments);
CallResult pread64(const CallArguments& arguments);
CallResult pwrite64(const CallArguments& arguments);
CallResult preadv(const CallArguments& arguments);
CallResult pwritev(const CallArguments& arguments);
CallResult preadv2(const CallArguments& arguments);
CallResult pwritev2(const CallArguments& arguments);
CallResult sendfile(const CallArguments& arguments);
CallResult sendfile64(const CallArguments& arguments);
CallResult copy_file_range(const CallArguments& arguments);

// lock_calls.cpp
CallResult fcntl(const CallArguments& arguments);
CallResult flock(const CallArguments& arguments);

// name_calls.cpp
CallResult open(const CallArguments& arguments);
CallResult openat(const CallArguments& arguments);
CallResult creat(const CallArguments& arguments);
CallResult mkdir(const CallArguments& arguments);
CallResult mkdirat(const CallArguments& arguments);
CallResult mknod(const CallArguments& arguments);
CallResult mknodat(const CallArguments& arguments);
CallResult link(const CallArguments& arguments);
CallResult linkat(const CallArguments& arguments);
CallResult symlink(const CallArguments& arguments);
CallResult symlinkat(const CallArguments& arguments);
CallResult unlink(const CallArguments& arguments);
CallResult unlinkat(const CallArguments& arguments);
CallResult rmdir(const CallArguments& arguments);
CallResult rename(const CallArguments& arguments);
CallResult renameat(const CallArguments& arguments);
CallResult renameat2(const CallArguments& arguments);
CallResult readlink(const CallArguments& arguments);
CallResult readlinkat(const CallArguments& arguments);
CallResult chdir(const CallArguments& arguments);
CallResult fchdir(const CallArguments& arguments);
CallResult chroot(const CallArguments& arguments);
CallResult getcwd(const CallArguments& arguments);

// status_calls.cpp
CallResult stat(const CallArguments& arguments);
CallResult lstat(const CallArguments& arguments);
CallResult fstat(const CallArguments& arguments);
CallResult stat64(const CallArguments& arguments);
CallResult lstat64(const CallArguments& arguments);
CallResult fstat64(const CallArguments& arguments);
CallResult fstatat64(const CallArguments& arguments);
CallResult statx(const CallArguments& arguments);
CallResult statfs(const CallArguments& arguments);
CallResult fstatfs(const CallArguments& arguments);
CallResult statfs64(const CallArguments& arguments);
CallResult fstatfs64(const CallArguments& arguments);
CallResult access(const CallArguments& arguments);
CallResult faccessat(const CallArguments& arguments);
CallResult faccessat2(const CallArguments& arguments);

// attribute_calls.cpp
CallResult chmod(const CallArguments& arguments);
CallResult fchmod(const CallArguments& arguments);
CallResult fchmodat(const CallArguments& arguments);
CallResult chown(const CallArguments& arguments);
CallResult lchown(const CallArguments& arguments);
CallResult fchown(const CallArguments& arguments);
CallResult chown32(const CallArguments& arguments);
CallResult lchown32(const CallArguments& arguments);
CallResult fchown32(const CallArguments& arguments);
CallResult fchownat(const CallArguments& arguments);
CallResult utime(const CallArguments& arguments);
CallResult utimes(const CallArguments& arguments);
CallResult futimesat(const CallArguments& arguments);
CallResult utimensat(const CallArguments& arguments);
CallResult utimensat_time64(const CallArguments& arguments);
CallResult truncate(const CallArguments& arguments);
CallResult ftruncate(const CallArguments& arguments);
CallResult truncate64(const CallArguments& arguments);
CallResult ftruncate64(const CallArguments& arguments);
CallResult fallocate(const CallArguments& arguments);

// directory_calls.cpp
CallResult getdents(const CallArguments& arguments);
CallResult getdents64(const CallArguments& arguments);

}  // namespace kernel::calls
