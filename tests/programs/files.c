// Files as descriptors: how they are opened, read, written, positioned, duplicated, locked and cut.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "check.h"

static char folder[64];

/// A new folder in /tmp, which is where the test is from now on.
static void enter_folder(void) {
    strcpy(folder, "/tmp/files.XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_CALL(chdir(folder));
}

static void leave_folder(const char* const* names) {
    for (; *names != NULL; ++names) {
        unlink(*names);
    }
    chdir("/");
    CHECK_CALL(rmdir(folder));
}

static int make(const char* name, const char* contents) {
    int fd = (int)CHECK_CALL(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));
    CHECK_EQ(write(fd, contents, strlen(contents)), strlen(contents));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static bool reads(int fd, const char* wanted) {
    char buffer[256] = "";
    ssize_t got = read(fd, buffer, sizeof buffer - 1);
    return got == (ssize_t)strlen(wanted) && memcmp(buffer, wanted, strlen(wanted)) == 0;
}

TEST(open_flags) {
    enter_folder();
    CHECK_FAILS(open("a", O_RDONLY), ENOENT);
    int fd = (int)CHECK_CALL(open("a", O_WRONLY | O_CREAT | O_EXCL, 0640));
    CHECK_EQ(write(fd, "hello", 5), 5);
    char byte;
    CHECK_FAILS(read(fd, &byte, 1), EBADF);
    close(fd);
    CHECK_FAILS(open("a", O_WRONLY | O_CREAT | O_EXCL, 0640), EEXIST);
    fd = (int)CHECK_CALL(open("a", O_RDONLY));
    CHECK_FAILS(write(fd, "x", 1), EBADF);
    CHECK(reads(fd, "hello"));
    CHECK_EQ(read(fd, &byte, 1), 0);
    close(fd);
    fd = (int)CHECK_CALL(open("a", O_RDWR | O_CREAT, 0600));  // there already: as it is
    CHECK(reads(fd, "hello"));
    close(fd);
    close((int)CHECK_CALL(open("a", O_WRONLY | O_TRUNC)));
    struct stat status;
    CHECK_CALL(stat("a", &status));
    CHECK_EQ(status.st_size, 0);
    CHECK_FAILS(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_FAILS(open("a/b", O_RDONLY), ENOTDIR);
    CHECK_FAILS(open(".", O_WRONLY), EISDIR);
    CHECK_FAILS(open(".", O_RDWR | O_CREAT, 0600), EISDIR);
    CHECK_FAILS(open("none/b", O_CREAT | O_WRONLY, 0600), ENOENT);
    CHECK_CALL(symlink("a", "link"));
    CHECK_FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_FAILS(open("link", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
    fd = (int)CHECK_CALL(open("link", O_RDONLY));
    close(fd);
    CHECK_FAILS(close(fd), EBADF);
    CHECK_FAILS(close(-1), EBADF);
    CHECK_FAILS(read(-1, &byte, 1), EBADF);
    CHECK_FAILS(read(999999, &byte, 1), EBADF);
    static const char* const kNames[] = {"a", "link", NULL};
    leave_folder(kNames);
}

TEST(much_is_thrown_away_in_one_call) {
    static char bytes[300000];
    struct iovec parts[3] = {{bytes, 100}, {bytes, sizeof(bytes)}, {bytes, 100000}};
    int fd = (int)CHECK_CALL(open("/dev/null", O_WRONLY));
    CHECK_EQ(CHECK_CALL(write(fd, bytes, sizeof(bytes))), (long)sizeof(bytes));
    CHECK_EQ(CHECK_CALL(writev(fd, parts, 3)), (long)sizeof(bytes) + 100100);
    close(fd);
}

TEST(the_lowest_free_descriptor_is_taken) {
    int first = (int)CHECK_CALL(open("/dev/null", O_RDONLY));
    int second = (int)CHECK_CALL(open("/dev/null", O_RDONLY));
    CHECK(second > first);
    close(first);
    CHECK_EQ(open("/dev/null", O_RDONLY), first);
    // Until there are no more.
    struct rlimit limit;
    CHECK_CALL(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 64;
    CHECK_CALL(setrlimit(RLIMIT_NOFILE, &limit));
    int fd;
    int last = second;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
        last = fd;
    }
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 63);
    int ends[2] = {-5, -6};
    CHECK_FAILS(pipe(ends), EMFILE);
    CHECK_EQ(ends[0], -5);
    close(40);
    CHECK_FAILS(pipe(ends), EMFILE);  // room for one is none
    CHECK_EQ(open("/dev/null", O_RDONLY), 40);
    CHECK_FAILS(dup(0), EMFILE);
    CHECK_FAILS(dup2(0, 64), EBADF);
}

TEST(positions) {
    enter_folder();
    int fd = make("a", "0123456789");
    CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
    CHECK_EQ(lseek(fd, 2, SEEK_CUR), 5);
    CHECK(reads(fd, "56789"));
    CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
    CHECK(reads(fd, "9"));
    CHECK_FAILS(lseek(fd, -11, SEEK_END), EINVAL);
    CHECK_FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_FAILS(lseek(fd, 0, 99), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
    CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);  // beyond the end: nothing to read, and a hole when written
    CHECK(reads(fd, ""));
    CHECK_EQ(write(fd, "x", 1), 1);
    char byte = 1;
    CHECK_EQ(pread(fd, &byte, 1, 50), 1);
    CHECK_EQ(byte, 0);
    loff_t result = 0;
    CHECK_EQ(raw(SYS__llseek, fd, 1, 5, &result, SEEK_SET), 0);
    CHECK_EQ(result, (1ll << 32) + 5);
    int ends[2];
    CHECK_CALL(pipe(ends));
    CHECK_FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK_FAILS(pread(ends[0], &byte, 1, 0), ESPIPE);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(reading_and_writing_at_a_place_moves_nothing) {
    enter_folder();
    int fd = make("a", "0123456789");
    char buffer[8] = "";
    CHECK_EQ(pread(fd, buffer, 4, 6), 4);
    CHECK_EQ(memcmp(buffer, "6789", 4), 0);
    CHECK_EQ(pread(fd, buffer, 8, 8), 2);
    CHECK_EQ(pread(fd, buffer, 8, 10), 0);
    CHECK_EQ(pread(fd, buffer, 8, 1000), 0);
    CHECK_EQ(pwrite(fd, "ab", 2, 4), 2);
    CHECK_FAILS(pread(fd, buffer, 1, -1), EINVAL);
    CHECK_FAILS(pwrite(fd, buffer, 1, -1), EINVAL);
    CHECK(reads(fd, "0123ab6789"));
    CHECK_EQ(pwrite(fd, "z", 1, 12), 1);
    CHECK_EQ(pread(fd, buffer, 8, 8), 5);
    CHECK_EQ(memcmp(buffer, "89\0\0z", 5), 0);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(appending_is_always_at_the_end) {
    enter_folder();
    int plain = make("a", "one");
    int fd = (int)CHECK_CALL(open("a", O_WRONLY | O_APPEND));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(write(fd, "two", 3), 3);
    CHECK_EQ(pwrite(plain, "!", 1, 6), 1);
    CHECK_EQ(write(fd, "three", 5), 5);
    CHECK(reads(plain, "onetwo!three"));
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE), O_APPEND | O_WRONLY);
    CHECK_CALL(fcntl(fd, F_SETFL, 0));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(write(fd, "O", 1), 1);
    CHECK_EQ(lseek(plain, 0, SEEK_SET), 0);
    CHECK(reads(plain, "Onetwo!three"));
    // Two processes append without losing anything.
    CHECK_CALL(fcntl(fd, F_SETFL, O_APPEND));
    pid_t child = fork_child();
    for (int i = 0; i < 200; ++i) {
        if (write(fd, child == 0 ? "c" : "p", 1) != 1) {
            _exit(1);
        }
    }
    if (child == 0) {
        end_child();
    }
    CHECK_EXIT(child, 0);
    struct stat status;
    CHECK_CALL(fstat(fd, &status));
    CHECK_EQ(status.st_size, 12 + 400);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(vectors) {
    enter_folder();
    int fd = make("a", "");
    struct iovec parts[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    CHECK_EQ(writev(fd, parts, 3), 5);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    char one[2];
    char two[10];
    struct iovec into[2] = {{one, 2}, {two, 10}};
    CHECK_EQ(readv(fd, into, 2), 5);
    CHECK(memcmp(one, "ab", 2) == 0 && memcmp(two, "cde", 3) == 0);
    CHECK_EQ(writev(fd, parts, 0), 0);
    CHECK_EQ(preadv(fd, into, 2, 1), 4);
    CHECK(memcmp(one, "bc", 2) == 0 && memcmp(two, "de", 2) == 0);
    CHECK_EQ(pwritev(fd, parts, 1, 3), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK(reads(fd, "abcab"));
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(duplicates_share_the_position_and_not_the_flag) {
    enter_folder();
    int fd = make("a", "0123456789");
    int twin = (int)CHECK_CALL(dup(fd));
    CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
    CHECK_EQ(lseek(twin, 0, SEEK_CUR), 5);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_EQ(dup2(fd, 30), 30);
    CHECK_CALL(close(fd));
    CHECK(reads(30, "56789"));
    CHECK_FAILS(dup2(fd, 31), EBADF);
    CHECK_FAILS(dup2(30, -1), EBADF);
    CHECK_FAILS(dup3(30, 30, 0), EINVAL);
    CHECK_FAILS(dup3(30, 31, 5), EINVAL);
    CHECK_EQ(dup3(30, 31, O_CLOEXEC), 31);
    CHECK_EQ(fcntl(31, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(30, F_GETFD), 0);
    CHECK_EQ(fcntl(31, F_DUPFD, 50), 50);
    CHECK_EQ(fcntl(50, F_GETFD), 0);
    CHECK_EQ(fcntl(31, F_DUPFD_CLOEXEC, 50), 51);
    CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
    CHECK_CALL(fcntl(51, F_SETFD, 0));
    CHECK_EQ(fcntl(51, F_GETFD), 0);
    CHECK_FAILS(fcntl(51, F_DUPFD, -1), EINVAL);
    CHECK_FAILS(fcntl(51, 9999), EINVAL);
    CHECK_FAILS(fcntl(99, F_GETFD), EBADF);
    CHECK_EQ(fcntl(51, F_GETFL) & O_ACCMODE, O_RDWR);
    // dup2 closes what was there.
    int ends[2];
    CHECK_CALL(pipe(ends));
    CHECK_EQ(dup2(51, ends[1]), ends[1]);
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    // A child shares the position, too.
    CHECK_EQ(lseek(51, 2, SEEK_SET), 2);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(read(51, &byte, 1), 1);
        CHECK_CALL(close(51));
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(lseek(51, 0, SEEK_CUR), 3);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(cutting_and_stretching) {
    enter_folder();
    int fd = make("a", "0123456789");
    CHECK_CALL(ftruncate(fd, 4));
    CHECK(reads(fd, "0123"));
    CHECK_CALL(ftruncate(fd, 8));
    char buffer[10];
    CHECK_EQ(pread(fd, buffer, 10, 0), 8);
    CHECK_EQ(memcmp(buffer, "0123\0\0\0\0", 8), 0);
    CHECK_CALL(truncate("a", 2));
    CHECK_EQ(pread(fd, buffer, 10, 0), 2);
    CHECK_FAILS(ftruncate(fd, -1), EINVAL);
    int reader = (int)CHECK_CALL(open("a", O_RDONLY));
    CHECK_FAILS(ftruncate(reader, 1), EINVAL);
    CHECK_FAILS(truncate("none", 1), ENOENT);
    CHECK_FAILS(truncate(".", 1), EISDIR);
    int ends[2];
    CHECK_CALL(pipe(ends));
    CHECK_FAILS(ftruncate(ends[1], 1), EINVAL);
    struct stat status;
    CHECK_CALL(ftruncate(fd, 100 << 20));  // a hole costs nothing
    CHECK_CALL(fstat(fd, &status));
    CHECK_EQ(status.st_size, 100 << 20);
    CHECK(status.st_blocks < 1000);
    CHECK_CALL(fsync(fd));
    CHECK_CALL(fdatasync(fd));
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(an_unlinked_file_lives_until_it_is_closed) {
    enter_folder();
    int fd = make("a", "still here");
    CHECK_CALL(unlink("a"));
    CHECK_FAILS(open("a", O_RDONLY), ENOENT);
    CHECK(reads(fd, "still here"));
    struct stat status;
    CHECK_CALL(fstat(fd, &status));
    CHECK_EQ(status.st_nlink, 0);
    static const char* const kNames[] = {NULL};
    leave_folder(kNames);
}

TEST(record_locks_are_between_processes) {
    enter_folder();
    int fd = make("a", "0123456789");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4};
    CHECK_CALL(fcntl(fd, F_SETLK, &lock));
    pid_t child = fork_child();
    if (child == 0) {
        struct flock mine = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 3};
        CHECK(fcntl(fd, F_SETLK, &mine) == -1 && (errno == EAGAIN || errno == EACCES));
        CHECK_CALL(fcntl(fd, F_GETLK, &mine));
        CHECK_EQ(mine.l_type, F_WRLCK);
        CHECK_EQ(mine.l_pid, getppid());
        CHECK_EQ(mine.l_start, 2);
        CHECK_EQ(mine.l_len, 4);
        mine = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 6, .l_len = 0};
        CHECK_CALL(fcntl(fd, F_SETLK, &mine));
        end_child();
    }
    CHECK_EXIT(child, 0);
    lock.l_type = F_UNLCK;
    CHECK_CALL(fcntl(fd, F_SETLK, &lock));
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};  // all: the child's went with it
    CHECK_CALL(fcntl(fd, F_SETLK, &lock));
    // Somebody waits for it.
    int tell[2];
    CHECK_CALL(pipe(tell));
    child = fork_child();
    if (child == 0) {
        struct flock mine = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        CHECK_CALL(fcntl(fd, F_SETLKW, &mine));
        CHECK_EQ(write(tell[1], "x", 1), 1);
        end_child();
    }
    sleep_ms(30);
    fcntl(tell[0], F_SETFL, O_NONBLOCK);
    char byte;
    CHECK_FAILS(read(tell[0], &byte, 1), EAGAIN);
    close((int)CHECK_CALL(open("a", O_RDONLY)));  // closing any descriptor of the file gives its locks up
    CHECK_EXIT(child, 0);
    CHECK_EQ(read(tell[0], &byte, 1), 1);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(sendfile_copies_in_the_kernel) {
    enter_folder();
    int from = make("a", "0123456789");
    int to = make("b", "");
    CHECK_EQ(sendfile(to, from, NULL, 4), 4);
    off_t at = 8;
    CHECK_EQ(sendfile(to, from, &at, 100), 2);
    CHECK_EQ(at, 10);
    CHECK_EQ(lseek(from, 0, SEEK_CUR), 4);
    CHECK_EQ(lseek(to, 0, SEEK_SET), 0);
    CHECK(reads(to, "012389"));
    CHECK_EQ(sendfile(to, from, &at, 10), 0);
    CHECK_FAILS(sendfile(to, 99, NULL, 1), EBADF);
    static const char* const kNames[] = {"a", "b", NULL};
    leave_folder(kNames);
}

TEST(a_long_transfer_can_be_killed) {
    enter_folder();
    const off_t size = 0x7FFFF000;
    int from = make("a", "");
    CHECK_CALL(ftruncate(from, size));
    int to = (int)CHECK_CALL(open("/dev/null", O_WRONLY));
    pid_t child = fork_child();
    if (child == 0) {
        sendfile(to, from, NULL, (size_t)size);
        _exit(0);
    }
    // Two gigabytes take longer than this anywhere.
    sleep_ms(20);
    kill(child, SIGKILL);
    int status = wait_status(child);
    CHECK(status == SIGKILL);
    CHECK(lseek(from, 0, SEEK_CUR) < size);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

static void on_alarm(int number) {
    (void)number;
}

/// SIGALRM comes every millisecond, and is handled.
static void begin_alarms(void) {
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval often = {{0, 1000}, {0, 1000}};
    CHECK_CALL(sigaction(SIGALRM, &action, NULL));
    CHECK_CALL(setitimer(ITIMER_REAL, &often, NULL));
}

TEST(a_handled_signal_shortens_what_a_device_gives) {
    enum { kSize = 24 << 20 };
    char* to = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int from = (int)CHECK_CALL(open("/dev/urandom", O_RDONLY));
    begin_alarms();
    ssize_t got = CHECK_CALL(read(from, to, kSize));
    CHECK(got > 0 && got < kSize);
    got = CHECK_CALL(syscall(SYS_getrandom, to, kSize, 0));
    CHECK(got > 0 && got < kSize);
}

TEST(a_handled_signal_does_not_shorten_what_a_regular_file_gives) {
    enter_folder();
    enum { kSize = 8 << 20 };
    char* bytes = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = make("a", "");
    begin_alarms();
    for (int i = 0; i < 3; ++i) {
        CHECK_EQ(pwrite(fd, bytes, kSize, 0), kSize);
        CHECK_EQ(pread(fd, bytes, kSize, 0), kSize);
    }
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(long_transfers_at_one_position_come_one_after_the_other) {
    enter_folder();
    enum { kSize = 2 << 20, kWriters = 4 };
    int fd = make("a", "");
    char* bytes = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t writers[kWriters];
    for (int i = 0; i < kWriters; ++i) {
        writers[i] = fork_child();
        if (writers[i] == 0) {
            memset(bytes, 'a' + i, kSize);
            CHECK_EQ(write(fd, bytes, kSize), kSize);
            end_child();
        }
    }
    for (int i = 0; i < kWriters; ++i) {
        CHECK_EXIT(writers[i], 0);
    }
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), kWriters * kSize);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    for (int i = 0; i < kWriters; ++i) {
        CHECK_EQ(read(fd, bytes, kSize), kSize);
        CHECK(memcmp(bytes, bytes + 1, kSize - 1) == 0);  // of one writer
    }
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}

TEST(a_large_file_keeps_its_contents) {
    enter_folder();
    int fd = make("a", "");
    enum { kSize = 2 << 20 };
    uint32_t block[1024];
    uint64_t state = 5;
    for (int i = 0; i < kSize / (int)sizeof block; ++i) {
        for (size_t word = 0; word < 1024; ++word) {
            block[word] = random_number(&state);
        }
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block) {
            CHECK_CALL(-1);
            break;
        }
    }
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    state = 5;
    size_t wrong = 0;
    char* bytes = (char*)block;
    for (size_t total = 0; total < kSize;) {  // in odd pieces
        ssize_t got = read(fd, bytes + total % 4, 4000);
        if (got <= 0) {
            CHECK_EQ(total, kSize);
            break;
        }
        total += (size_t)got;
    }
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    for (int i = 0; i < kSize / (int)sizeof block; ++i) {
        CHECK_EQ(read(fd, block, sizeof block), sizeof block);
        for (size_t word = 0; word < 1024; ++word) {
            wrong += block[word] != random_number(&state);
        }
    }
    CHECK_EQ(wrong, 0);
    static const char* const kNames[] = {"a", NULL};
    leave_folder(kNames);
}
