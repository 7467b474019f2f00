// Names: folders, links, renames, what stat tells, rights and times, and the special files of /dev.
#include <dirent.h>
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "check.h"

static char folder[64];

static void enter_folder(void) {
    strcpy(folder, "/tmp/folders.XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_CALL(chdir(folder));
}

static void touch(const char* name, const char* contents) {
    int fd = (int)CHECK_CALL(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    CHECK_EQ(write(fd, contents, strlen(contents)), strlen(contents));
    close(fd);
}

static bool contains(const char* name, const char* wanted) {
    char text[64];
    return read_file(name, text, sizeof text) == (long)strlen(wanted) && strcmp(text, wanted) == 0;
}

TEST(folders_are_made_and_removed) {
    enter_folder();
    CHECK_CALL(mkdir("a", 0750));
    CHECK_FAILS(mkdir("a", 0750), EEXIST);
    CHECK_FAILS(mkdir("none/b", 0750), ENOENT);
    CHECK_CALL(mkdir("a/b/", 0700));
    CHECK_FAILS(rmdir("a"), ENOTEMPTY);
    CHECK_FAILS(unlink("a"), EISDIR);
    CHECK_FAILS(rmdir("none"), ENOENT);
    CHECK_FAILS(rmdir("a/."), EINVAL);
    CHECK_FAILS(rmdir("a/b/.."), ENOTEMPTY);
    struct stat status;
    CHECK_CALL(stat("a", &status));
    CHECK_EQ(status.st_mode, S_IFDIR | 0750);
    CHECK_EQ(status.st_nlink, 3);
    touch("f", "x");
    CHECK_FAILS(rmdir("f"), ENOTDIR);
    CHECK_FAILS(mkdir("f/x", 0700), ENOTDIR);
    CHECK_CALL(rmdir("a/b"));
    CHECK_CALL(stat("a", &status));
    CHECK_EQ(status.st_nlink, 2);
    CHECK_CALL(rmdir("a"));
    CHECK_CALL(unlink("f"));
    CHECK_FAILS(unlink("f"), ENOENT);
    char name[300];
    memset(name, 'n', sizeof name);
    name[256] = 0;
    CHECK_FAILS(mkdir(name, 0700), ENAMETOOLONG);
    name[255] = 0;
    CHECK_CALL(mkdir(name, 0700));
    CHECK_CALL(rmdir(name));
    CHECK_CALL(chdir("/"));
    CHECK_CALL(rmdir(folder));
}

TEST(links_share_the_file) {
    enter_folder();
    touch("a", "one");
    CHECK_CALL(link("a", "b"));
    CHECK_FAILS(link("a", "b"), EEXIST);
    CHECK_FAILS(link("none", "c"), ENOENT);
    CHECK_FAILS(link(".", "c"), EPERM);
    struct stat a;
    struct stat b;
    CHECK_CALL(stat("a", &a));
    CHECK_CALL(stat("b", &b));
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_nlink == 2);
    touch("b", "changed");
    CHECK(contains("a", "changed"));
    CHECK_CALL(unlink("a"));
    CHECK(contains("b", "changed"));
    CHECK_CALL(stat("b", &b));
    CHECK_EQ(b.st_nlink, 1);
    unlink("b");
    chdir("/");
    CHECK_CALL(rmdir(folder));
}

TEST(symbolic_links_lead_on) {
    enter_folder();
    touch("a", "target");
    CHECK_CALL(mkdir("d", 0700));
    touch("d/inside", "inside");
    CHECK_CALL(symlink("a", "to_a"));
    CHECK_CALL(symlink("d", "to_d"));
    CHECK_CALL(symlink("to_a", "to_to_a"));
    CHECK_CALL(symlink("nowhere", "dangling"));
    CHECK_CALL(symlink("loop", "loop"));
    CHECK_FAILS(symlink("x", "a"), EEXIST);
    CHECK_FAILS(symlink("", "empty"), ENOENT);
    CHECK(contains("to_to_a", "target"));
    CHECK(contains("to_d/inside", "inside"));
    CHECK(contains("to_d/../a", "target"));
    CHECK_FAILS(open("loop", O_RDONLY), ELOOP);
    CHECK_FAILS(open("dangling", O_RDONLY), ENOENT);
    char text[64];
    CHECK_EQ(readlink("to_to_a", text, sizeof text), 4);
    CHECK_EQ(memcmp(text, "to_a", 4), 0);
    CHECK_EQ(readlink("to_to_a", text, 2), 2);
    CHECK_FAILS(readlink("a", text, sizeof text), EINVAL);
    CHECK_FAILS(readlink("none", text, sizeof text), ENOENT);
    struct stat status;
    CHECK_CALL(lstat("to_a", &status));
    CHECK(S_ISLNK(status.st_mode));
    CHECK_EQ(status.st_size, 1);
    CHECK_CALL(stat("to_a", &status));
    CHECK(S_ISREG(status.st_mode));
    CHECK_EQ(status.st_size, 6);
    CHECK_CALL(unlink("to_d"));  // the link and not what it leads to
    CHECK_CALL(access("d/inside", F_OK));
    CHECK_FAILS(rmdir("to_a"), ENOTDIR);
    touch("dangling", "made");  // through the link
    CHECK(contains("nowhere", "made"));
    static const char* const kNames[] = {"a", "to_a", "to_to_a", "dangling", "loop", "nowhere", "d/inside"};
    for (size_t i = 0; i < 7; ++i) {
        CHECK_CALL(unlink(kNames[i]));
    }
    CHECK_CALL(rmdir("d"));
    chdir("/");
    CHECK_CALL(rmdir(folder));
}

TEST(renames) {
    enter_folder();
    touch("a", "one");
    touch("b", "two");
    CHECK_CALL(rename("a", "b"));  // over it
    CHECK(contains("b", "one"));
    CHECK_FAILS(access("a", F_OK), ENOENT);
    CHECK_FAILS(rename("a", "c"), ENOENT);
    CHECK_CALL(rename("b", "b"));
    CHECK_CALL(mkdir("d", 0700));
    CHECK_CALL(mkdir("e", 0700));
    CHECK_CALL(rename("b", "d/b"));
    CHECK(contains("d/b", "one"));
    CHECK_FAILS(rename("d/b", "e"), EISDIR);
    CHECK_FAILS(rename("e", "d/b"), ENOTDIR);
    CHECK_FAILS(rename("e", "d"), ENOTEMPTY);
    CHECK_FAILS(rename("d", "d/inside"), EINVAL);  // into itself
    CHECK_CALL(rename("d", "e"));                  // over an empty one
    CHECK(contains("e/b", "one"));
    CHECK_CALL(mkdir("f", 0700));
    CHECK_CALL(rename("e", "f/e"));
    CHECK_CALL(chdir("f/e"));
    CHECK(contains("../e/b", "one"));
    CHECK_CALL(rename("../../f", "../../g"));  // from below it
    char name[128];
    CHECK(getcwd(name, sizeof name) != NULL);
    CHECK(strstr(name, "/g/e") != NULL);
    CHECK(contains("b", "one"));
    CHECK_CALL(link("b", "c"));
    CHECK_CALL(rename("b", "c"));  // two names of one file: nothing happens
    CHECK_CALL(access("b", F_OK));
    CHECK_CALL(unlink("b"));
    CHECK_CALL(unlink("c"));
    CHECK_CALL(chdir(folder));
    CHECK_CALL(rmdir("g/e"));
    CHECK_CALL(rmdir("g"));
    CHECK_FAILS(rename(".", "x"), EBUSY);
    chdir("/");
    CHECK_CALL(rmdir(folder));
}

TEST(reading_a_folder) {
    enter_folder();
    enum { kFiles = 150 };
    char name[32];
    for (int i = 0; i < kFiles; ++i) {
        snprintf(name, sizeof name, "file-%d", i);
        touch(name, "");
    }
    CHECK_CALL(mkdir("sub", 0700));
    int fd = (int)CHECK_CALL(open(".", O_RDONLY | O_DIRECTORY));
    char buffer[600];  // small, so that it takes many calls
    bool seen[kFiles] = {false};
    int others = 0;
    long got;
    while ((got = raw(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < got;) {
            const struct dirent64* entry = (const struct dirent64*)(buffer + at);
            int number;
            if (sscanf(entry->d_name, "file-%d", &number) == 1 && number >= 0 && number < kFiles) {
                CHECK(!seen[number]);
                CHECK(entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN);
                seen[number] = true;
            } else {
                ++others;
                CHECK(entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN);
            }
            CHECK(entry->d_reclen >= 20 && entry->d_reclen % 8 == 0);
            at += entry->d_reclen;
        }
    }
    CHECK_EQ(got, 0);
    CHECK_EQ(others, 3);  // ., .. and sub
    for (int i = 0; i < kFiles; ++i) {
        CHECK(seen[i]);
    }
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(raw(SYS_getdents64, fd, buffer, 10), -EINVAL);  // not even one fits
    CHECK(raw(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
    char byte;
    CHECK_FAILS(read(fd, &byte, 1), EISDIR);
    int file = (int)CHECK_CALL(open("file-1", O_RDONLY));
    CHECK_EQ(raw(SYS_getdents64, file, buffer, sizeof buffer), -ENOTDIR);
    // Removing while reading misses nobody who stays.
    DIR* reader = opendir(".");
    int left = 0;
    struct dirent* entry;
    while (reader != NULL && (entry = readdir(reader)) != NULL) {
        if (entry->d_name[0] == 'f') {
            ++left;
            CHECK_CALL(unlink(entry->d_name));
        }
    }
    closedir(reader);
    CHECK_EQ(left, kFiles);
    CHECK_CALL(rmdir("sub"));
    CHECK_CALL(chdir("/"));
    CHECK_CALL(rmdir(folder));
}

TEST(where_one_is) {
    enter_folder();
    char name[200];
    CHECK(getcwd(name, sizeof name) != NULL && strcmp(name, folder) == 0);
    CHECK_EQ(raw(SYS_getcwd, name, 5), -ERANGE);
    CHECK_EQ(raw(SYS_getcwd, name, strlen(folder)), -ERANGE);
    CHECK_EQ(raw(SYS_getcwd, name, strlen(folder) + 1), strlen(folder) + 1);
    CHECK_FAILS(chdir("none"), ENOENT);
    CHECK_FAILS(chdir(""), ENOENT);
    touch("f", "");
    CHECK_FAILS(chdir("f"), ENOTDIR);
    CHECK_CALL(mkdir("d", 0700));
    int here = (int)CHECK_CALL(open(".", O_RDONLY));
    int file = (int)CHECK_CALL(open("f", O_RDONLY));
    CHECK_CALL(chdir("d/../d/./"));
    CHECK_CALL(access("../f", F_OK));
    CHECK_CALL(fchdir(here));
    CHECK_FAILS(fchdir(file), ENOTDIR);
    CHECK_FAILS(fchdir(99), EBADF);
    CHECK_CALL(access("f", F_OK));
    // Paths from a descriptor.
    int below = (int)CHECK_CALL(open("d", O_RDONLY | O_DIRECTORY));
    close((int)CHECK_CALL(openat(below, "new", O_CREAT | O_WRONLY, 0600)));
    CHECK_CALL(access("d/new", F_OK));
    CHECK_CALL(faccessat(below, "new", R_OK, 0));
    CHECK_FAILS(openat(file, "x", O_RDONLY), ENOTDIR);
    CHECK_FAILS(openat(99, "x", O_RDONLY), EBADF);
    CHECK_CALL(renameat(below, "new", here, "moved"));
    CHECK_CALL(unlinkat(here, "moved", 0));
    CHECK_CALL(unlinkat(here, "d", AT_REMOVEDIR));
    CHECK_FAILS(openat(below, "x", O_CREAT | O_WRONLY, 0600), ENOENT);  // it is gone
    unlink("f");
    // The folder one is in may go.
    CHECK_CALL(rmdir(folder));
    CHECK_FAILS(open("x", O_CREAT | O_WRONLY, 0600), ENOENT);
    CHECK_EQ(raw(SYS_getcwd, name, sizeof name), -ENOENT);
    CHECK_CALL(chdir("/"));
    CHECK_CALL(chdir("../../.."));
    CHECK(getcwd(name, sizeof name) != NULL && strcmp(name, "/") == 0);
}

TEST(stat_tells_the_same_every_way) {
    enter_folder();
    touch("f", "12345");
    CHECK_CALL(chmod("f", 04751));
    struct stat one;
    struct stat two;
    struct statx three;
    CHECK_CALL(stat("f", &one));
    int fd = (int)CHECK_CALL(open("f", O_RDONLY));
    CHECK_CALL(fstat(fd, &two));
    CHECK_CALL(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &three));
    CHECK_EQ(one.st_mode, S_IFREG | 04751);
    CHECK_EQ(two.st_mode, one.st_mode);
    CHECK_EQ(three.stx_mode, one.st_mode);
    CHECK_EQ(one.st_size, 5);
    CHECK_EQ(three.stx_size, 5);
    CHECK(one.st_ino == two.st_ino && one.st_ino == three.stx_ino);
    CHECK_EQ(one.st_uid, geteuid());
    CHECK_EQ(one.st_nlink, 1);
    CHECK_EQ(three.stx_nlink, 1);
    CHECK_EQ(one.st_blksize, PAGE);
    CHECK_CALL(fchmod(fd, 0600));
    CHECK_CALL(fstatat(AT_FDCWD, "f", &two, AT_SYMLINK_NOFOLLOW));
    CHECK_EQ(two.st_mode, S_IFREG | 0600);
    CHECK_CALL(fstatat(fd, "", &two, AT_EMPTY_PATH));
    CHECK_EQ(two.st_size, 5);
    CHECK_FAILS(stat("none", &one), ENOENT);
    CHECK_FAILS(stat("f/x", &one), ENOTDIR);
    CHECK_FAILS(stat("f/", &one), ENOTDIR);
    CHECK_FAILS(stat("", &one), ENOENT);
    CHECK_FAILS(fstat(99, &one), EBADF);
    umask(022);
    close((int)CHECK_CALL(open("g", O_CREAT | O_WRONLY, 0666)));
    CHECK_CALL(stat("g", &one));
    CHECK_EQ(one.st_mode, S_IFREG | 0644);
    CHECK_CALL(access("g", R_OK | W_OK));
    CHECK_FAILS(access("g", X_OK), EACCES);
    CHECK_FAILS(access("none", F_OK), ENOENT);
    CHECK_FAILS(access("g", 99), EINVAL);
    struct statfs system;
    CHECK_CALL(statfs("/tmp", &system));
    CHECK(system.f_bsize >= 512 && system.f_namelen >= 255);
    unlink("f");
    unlink("g");
    chdir("/");
    CHECK_CALL(rmdir(folder));
}

TEST(times_are_set_and_kept) {
    enter_folder();
    touch("f", "x");
    struct timespec times[2] = {{1000000, 5000}, {2000000, 0}};
    CHECK_CALL(utimensat(AT_FDCWD, "f", times, 0));
    struct stat status;
    CHECK_CALL(stat("f", &status));
    CHECK_EQ(status.st_atim.tv_sec, 1000000);
    CHECK_EQ(status.st_mtim.tv_sec, 2000000);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    CHECK_CALL(utimensat(AT_FDCWD, "f", times, 0));
    CHECK_CALL(stat("f", &status));
    CHECK_EQ(status.st_atim.tv_sec, 1000000);
    CHECK(status.st_mtim.tv_sec != 2000000);
    times[0].tv_nsec = 1000000000;
    CHECK_FAILS(utimensat(AT_FDCWD, "f", times, 0), EINVAL);
    times[0].tv_nsec = times[1].tv_nsec = 0;
    times[1].tv_sec = 5;
    CHECK_CALL(utimensat(AT_FDCWD, "f", times, 0));
    touch("f", "changed");  // a write moves it on
    CHECK_CALL(stat("f", &status));
    CHECK(status.st_mtim.tv_sec != 5);
    unlink("f");
    chdir("/");
    CHECK_CALL(rmdir(folder));
}

TEST(special_files) {
    char buffer[64];
    int fd = (int)CHECK_CALL(open("/dev/null", O_RDWR));
    CHECK_EQ(read(fd, buffer, 10), 0);
    CHECK_EQ(write(fd, buffer, 10), 10);
    struct stat status;
    CHECK_CALL(fstat(fd, &status));
    CHECK(S_ISCHR(status.st_mode));
    CHECK_EQ(status.st_rdev, makedev(1, 3));
    fd = (int)CHECK_CALL(open("/dev/zero", O_RDWR));
    memset(buffer, 1, sizeof buffer);
    CHECK_EQ(read(fd, buffer, 64), 64);
    CHECK(buffer[0] == 0 && buffer[63] == 0);
    CHECK_EQ(write(fd, buffer, 10), 10);
    char* zeros = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(zeros != MAP_FAILED && zeros[5] == 0);
    zeros[5] = 1;
    fd = (int)CHECK_CALL(open("/dev/full", O_RDWR));
    CHECK_FAILS(write(fd, buffer, 1), ENOSPC);
    CHECK_EQ(read(fd, buffer, 64), 64);
    CHECK_EQ(buffer[7], 0);
    static const char* const kRandom[] = {"/dev/random", "/dev/urandom"};
    for (size_t i = 0; i < 2; ++i) {
        char twin[64];
        fd = (int)CHECK_CALL(open(kRandom[i], O_RDONLY));
        CHECK_EQ(read(fd, buffer, 64), 64);
        CHECK_EQ(read(fd, twin, 64), 64);
        CHECK(memcmp(buffer, twin, 64) != 0);
    }
    CHECK_EQ(syscall(SYS_getrandom, buffer, 32, 0), 32);
    CHECK_FAILS(open("/dev/none", O_RDONLY), ENOENT);
    CHECK_CALL(stat("/dev/shm", &status));
    CHECK(S_ISDIR(status.st_mode));
    fd = (int)CHECK_CALL(open("/dev/shm/folders.test", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_CALL(unlink("/dev/shm/folders.test"));
}
