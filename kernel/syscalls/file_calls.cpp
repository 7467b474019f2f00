// The rows of the calls on paths.
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"

namespace kernel {
namespace {

/// Everything is in memory: what was written is there.
CallResult sync(const CallArguments&) {
    return 0;
}

/// The tree is put together at boot.
CallResult not_permitted(const CallArguments&) {
    return call_error(Errno::kNotPermitted);
}

CallResult no_attributes(const CallArguments&) {
    return call_error(Errno::kNotSupported);
}

constexpr CallRow kRows[] = {
    {5, "open", "path, flags, mode", calls::open},
    {8, "creat", "path, mode", calls::creat},
    {9, "link", "old path, new path", calls::link},
    {10, "unlink", "path", calls::unlink},
    {12, "chdir", "path", calls::chdir},
    {14, "mknod", "path, mode, device", calls::mknod},
    {15, "chmod", "path, mode", calls::chmod},
    {16, "lchown", "path, user, group", calls::lchown},
    {21, "mount", "source, target, type, flags, data", not_permitted},
    {22, "umount", "target", not_permitted},
    {30, "utime", "path, times", calls::utime},
    {33, "access", "path, mode", calls::access},
    {36, "sync", "", sync},
    {38, "rename", "old path, new path", calls::rename},
    {39, "mkdir", "path, mode", calls::mkdir},
    {40, "rmdir", "path", calls::rmdir},
    {52, "umount2", "target, flags", not_permitted},
    {61, "chroot", "path", calls::chroot},
    {83, "symlink", "target, path", calls::symlink},
    {85, "readlink", "path, buffer, size", calls::readlink},
    {92, "truncate", "path, size", calls::truncate},
    {99, "statfs", "path, status", calls::statfs},
    {106, "stat", "path, status", calls::stat},
    {107, "lstat", "path, status", calls::lstat},
    {182, "chown", "path, user, group", calls::chown},
    {183, "getcwd", "buffer, size", calls::getcwd},
    {193, "truncate64", "path, size low, size high", calls::truncate64},
    {195, "stat64", "path, status", calls::stat64},
    {196, "lstat64", "path, status", calls::lstat64},
    {198, "lchown32", "path, user, group", calls::lchown32},
    {212, "chown32", "path, user, group", calls::chown32},
    {217, "pivot_root", "new root, old root", not_permitted},
    {226, "setxattr", "path, name, value, size, flags", no_attributes},
    {227, "lsetxattr", "path, name, value, size, flags", no_attributes},
    {229, "getxattr", "path, name, value, size", no_attributes},
    {230, "lgetxattr", "path, name, value, size", no_attributes},
    {232, "listxattr", "path, list, size", no_attributes},
    {233, "llistxattr", "path, list, size", no_attributes},
    {235, "removexattr", "path, name", no_attributes},
    {236, "lremovexattr", "path, name", no_attributes},
    {268, "statfs64", "path, structure size, status", calls::statfs64},
    {271, "utimes", "path, times", calls::utimes},
    {295, "openat", "directory, path, flags, mode", calls::openat},
    {296, "mkdirat", "directory, path, mode", calls::mkdirat},
    {297, "mknodat", "directory, path, mode, device", calls::mknodat},
    {298, "fchownat", "directory, path, user, group, flags", calls::fchownat},
    {299, "futimesat", "directory, path, times", calls::futimesat},
    {300, "fstatat64", "directory, path, status, flags", calls::fstatat64},
    {301, "unlinkat", "directory, path, flags", calls::unlinkat},
    {302, "renameat", "old directory, old path, new directory, new path", calls::renameat},
    {303, "linkat", "old directory, old path, new directory, new path, flags", calls::linkat},
    {304, "symlinkat", "target, directory, path", calls::symlinkat},
    {305, "readlinkat", "directory, path, buffer, size", calls::readlinkat},
    {306, "fchmodat", "directory, path, mode", calls::fchmodat},
    {307, "faccessat", "directory, path, mode", calls::faccessat},
    {320, "utimensat", "directory, path, times, flags", calls::utimensat},
    {353, "renameat2", "old directory, old path, new directory, new path, flags", calls::renameat2},
    {383, "statx", "directory, path, flags, mask, status", calls::statx},
    {412, "utimensat_time64", "directory, path, times, flags", calls::utimensat_time64},
    {439, "faccessat2", "directory, path, mode, flags", calls::faccessat2},
};

}  // namespace

std::span<const CallRow> file_calls() {
    return kRows;
}

}  // namespace kernel
