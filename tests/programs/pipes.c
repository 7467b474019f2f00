// Pipes, and waiting for one of several files: poll, ppoll, select.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <time.h>

#include "check.h"

static int ends[2];

static void open_pipe(int flags) {
    CHECK_CALL(pipe2(ends, flags));
}

TEST(bytes_come_out_as_they_went_in) {
    open_pipe(0);
    char buffer[100];
    CHECK_EQ(write(ends[1], "hello", 5), 5);
    CHECK_EQ(write(ends[1], "world", 5), 5);
    int waiting = 0;
    CHECK_CALL(ioctl(ends[0], FIONREAD, &waiting));
    CHECK_EQ(waiting, 10);
    CHECK_EQ(read(ends[0], buffer, 3), 3);
    CHECK_EQ(read(ends[0], buffer, 100), 7);  // what is there, at once
    CHECK_EQ(memcmp(buffer, "loworld", 7), 0);
    CHECK_EQ(write(ends[1], "", 0), 0);
    CHECK_FAILS(read(ends[1], buffer, 1), EBADF);
    CHECK_FAILS(write(ends[0], buffer, 1), EBADF);
    close(ends[1]);
    CHECK_EQ(read(ends[0], buffer, 1), 0);
    CHECK_EQ(read(ends[0], buffer, 1), 0);
    CHECK_FAILS(pipe2(ends, 0x5), EINVAL);
    struct stat status;
    CHECK_CALL(fstat(ends[0], &status));
    CHECK(S_ISFIFO(status.st_mode));
}

TEST(the_rest_can_be_read_after_the_writer_has_gone) {
    open_pipe(0);
    CHECK_EQ(write(ends[1], "last", 4), 4);
    close(ends[1]);
    char buffer[10];
    CHECK_EQ(read(ends[0], buffer, 10), 4);
    CHECK_EQ(read(ends[0], buffer, 10), 0);
}

TEST(without_waiting) {
    open_pipe(O_NONBLOCK | O_CLOEXEC);
    CHECK_EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(ends[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    char buffer[PAGE];
    memset(buffer, 1, sizeof buffer);
    CHECK_FAILS(read(ends[0], buffer, 1), EAGAIN);
    size_t fits = 0;
    ssize_t written;
    while ((written = write(ends[1], buffer, sizeof buffer)) > 0) {
        fits += (size_t)written;
    }
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(fits, 65536);
    CHECK_FAILS(write(ends[1], buffer, 1), EAGAIN);
    // Up to PIPE_BUF it is all or nothing.
    CHECK_EQ(read(ends[0], buffer, PAGE), PAGE);
    CHECK_EQ(write(ends[1], buffer, 100), 100);
    CHECK_FAILS(write(ends[1], buffer, PAGE), EAGAIN);
    char large[3 * PAGE];
    memset(large, 2, sizeof large);
    CHECK_EQ(read(ends[0], buffer, PAGE), PAGE);
    written = write(ends[1], large, sizeof large);  // more than that: what fits
    CHECK(written > 0 && written < (ssize_t)sizeof large);
    CHECK_CALL(fcntl(ends[0], F_SETFL, 0));
    close(ends[1]);
    size_t total = 0;
    ssize_t got;
    while ((got = read(ends[0], large, sizeof large)) > 0) {
        total += (size_t)got;
    }
    CHECK_EQ(total, 65536 - 2 * PAGE + 100 + (size_t)written);
}

TEST(small_writes_are_never_mixed) {
    open_pipe(0);
    enum { kWriters = 4, kRecords = 60, kSize = 700 };
    pid_t children[kWriters];
    for (int i = 0; i < kWriters; ++i) {
        children[i] = fork_child();
        if (children[i] == 0) {
            char record[kSize];
            memset(record, 'a' + i, sizeof record);
            for (int n = 0; n < kRecords; ++n) {
                if (write(ends[1], record, sizeof record) != kSize) {
                    _exit(1);
                }
            }
            end_child();
        }
    }
    close(ends[1]);
    int counts[kWriters] = {0};
    size_t mixed = 0;
    for (;;) {
        char record[kSize];
        size_t have = 0;
        ssize_t got = 1;
        while (have < kSize && (got = read(ends[0], record + have, kSize - have)) > 0) {
            have += (size_t)got;
        }
        if (have == 0) {
            break;
        }
        for (size_t at = 1; at < kSize; ++at) {
            mixed += record[at] != record[0];
        }
        if (CHECK(record[0] >= 'a' && record[0] < 'a' + kWriters)) {
            ++counts[record[0] - 'a'];
        }
    }
    CHECK_EQ(mixed, 0);
    for (int i = 0; i < kWriters; ++i) {
        CHECK_EQ(counts[i], kRecords);
        CHECK_EXIT(children[i], 0);
    }
}

TEST(a_large_write_waits_for_its_reader) {
    open_pipe(0);
    enum { kSize = 300000 };
    pid_t child = fork_child();
    if (child == 0) {
        close(ends[0]);
        char* bytes = malloc(kSize);
        for (int at = 0; at < kSize; ++at) {
            bytes[at] = (char)(at % 251);
        }
        CHECK_EQ(write(ends[1], bytes, kSize), kSize);
        end_child();
    }
    close(ends[1]);
    int at = 0;
    size_t wrong = 0;
    char buffer[1000];
    ssize_t got;
    while ((got = read(ends[0], buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; ++i, ++at) {
            wrong += buffer[i] != (char)(at % 251);
        }
    }
    CHECK_EQ(at, kSize);
    CHECK_EQ(wrong, 0);
    CHECK_EXIT(child, 0);
}

TEST(the_reader_leaving_ends_a_waiting_writer) {
    open_pipe(0);
    signal(SIGPIPE, SIG_IGN);
    int reader = ends[0];
    pid_t child = fork_child();
    if (child == 0) {
        close(reader);
        static char bytes[200000];
        ssize_t written = write(ends[1], bytes, sizeof bytes);
        CHECK(written == 65536 || (written == -1 && errno == EPIPE));
        CHECK_FAILS(write(ends[1], bytes, 1), EPIPE);
        end_child();
    }
    sleep_ms(30);
    close(reader);
    CHECK_EXIT(child, 0);
}

TEST(a_chain_of_pipes) {
    enum { kLength = 6, kBytes = 30000 };
    int first[2];
    CHECK_CALL(pipe(first));
    int from = first[0];
    pid_t children[kLength];
    for (int i = 0; i < kLength; ++i) {
        int next[2];
        CHECK_CALL(pipe(next));
        children[i] = fork_child();
        if (children[i] == 0) {
            close(next[0]);
            close(first[1]);
            char buffer[777];
            ssize_t got;
            while ((got = read(from, buffer, sizeof buffer)) > 0) {
                for (ssize_t at = 0; at < got; ++at) {
                    ++buffer[at];
                }
                if (write(next[1], buffer, (size_t)got) != got) {
                    _exit(1);
                }
            }
            end_child();
        }
        close(from);
        close(next[1]);
        from = next[0];
    }
    pid_t source = fork_child();
    if (source == 0) {
        for (int at = 0; at < kBytes; ++at) {
            char byte = (char)(at % 100);
            if (write(first[1], &byte, 1) != 1) {
                _exit(1);
            }
        }
        end_child();
    }
    close(first[1]);
    size_t wrong = 0;
    int at = 0;
    char buffer[4096];
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; ++i, ++at) {
            wrong += buffer[i] != (char)(at % 100 + kLength);
        }
    }
    CHECK_EQ(at, kBytes);
    CHECK_EQ(wrong, 0);
    CHECK_EXIT(source, 0);
    for (int i = 0; i < kLength; ++i) {
        CHECK_EXIT(children[i], 0);
    }
}

TEST(poll_tells_what_is_ready) {
    open_pipe(0);
    struct pollfd files[3] = {{ends[0], POLLIN, -1}, {ends[1], POLLOUT, -1}, {-1, POLLIN, -1}};
    CHECK_EQ(poll(files, 3, 0), 1);
    CHECK_EQ(files[0].revents, 0);
    CHECK_EQ(files[1].revents, POLLOUT);
    CHECK_EQ(files[2].revents, 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(poll(files, 2, -1), 2);
    CHECK_EQ(files[0].revents, POLLIN);
    files[2].fd = 99;
    CHECK_EQ(poll(files, 3, 0), 3);
    CHECK_EQ(files[2].revents, POLLNVAL);
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    close(ends[1]);
    CHECK_EQ(poll(files, 1, -1), 1);
    CHECK_EQ(files[0].revents, POLLHUP);
    open_pipe(0);
    close(ends[0]);
    files[0] = (struct pollfd){ends[1], POLLOUT, 0};
    CHECK_EQ(poll(files, 1, 0), 1);
    CHECK(files[0].revents & POLLERR);
    // A file is always ready.
    files[0] = (struct pollfd){open("/proc/self/exe", O_RDONLY), POLLIN, 0};
    CHECK_EQ(poll(files, 1, 0), 1);
    CHECK_EQ(files[0].revents, POLLIN);
    CHECK_EQ(poll(NULL, 0, 10), 0);
}

TEST(poll_waits_for_the_writer) {
    open_pipe(0);
    pid_t child = fork_child();
    if (child == 0) {
        sleep_ms(50);
        CHECK_EQ(write(ends[1], "x", 1), 1);
        sleep_ms(50);
        end_child();
    }
    close(ends[1]);
    struct pollfd file = {ends[0], POLLIN, 0};
    CHECK_EQ(poll(&file, 1, 60000), 1);
    CHECK_EQ(file.revents, POLLIN);
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(poll(&file, 1, 60000), 1);  // its end is an event, too
    CHECK_EQ(file.revents, POLLHUP);
    CHECK_EXIT(child, 0);
    struct timespec before;
    struct timespec after;
    int quiet[2];
    CHECK_CALL(pipe(quiet));
    file.fd = quiet[0];
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_EQ(poll(&file, 1, 30), 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 29);
    struct timespec limit = {0, 20000000};
    CHECK_EQ(ppoll(&file, 1, &limit, NULL), 0);
}

TEST(select_tells_the_same) {
    open_pipe(0);
    fd_set readable;
    fd_set writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(ends[0], &readable);
    FD_SET(ends[1], &writable);
    struct timeval none = {0, 0};
    CHECK_EQ(select(ends[1] + 1, &readable, &writable, NULL, &none), 1);
    CHECK(!FD_ISSET(ends[0], &readable) && FD_ISSET(ends[1], &writable));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    FD_SET(ends[0], &readable);
    CHECK_EQ(select(ends[1] + 1, &readable, &writable, NULL, NULL), 2);
    CHECK(FD_ISSET(ends[0], &readable) && FD_ISSET(ends[1], &writable));
    FD_ZERO(&readable);
    FD_SET(60, &readable);  // not open; one that the table of open files has no room for yet may go unseen
    CHECK_FAILS(select(61, &readable, NULL, NULL, &none), EBADF);
    CHECK_FAILS(select(-1, NULL, NULL, NULL, &none), EINVAL);
    struct timeval little = {0, 20000};
    CHECK_EQ(select(0, NULL, NULL, NULL, &little), 0);
    CHECK(little.tv_sec == 0 && little.tv_usec == 0);  // what is left of it
    struct timeval bad = {0, -1};
    CHECK_FAILS(select(0, NULL, NULL, NULL, &bad), EINVAL);
}
