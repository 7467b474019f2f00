// What others do while a page is being waited for. With /proc/plant's slow-pages, or a busy swap disk, each access to a
// fresh page sleeps in the middle of a call; here each call is given fresh pages, and what it does must be the same. F3
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "check.h"

enum { kRounds = 60, kRecord = 2 * PAGE };

static volatile bool stop;

// Pages that nobody has touched since the last time: the next access to each faults.
static char* fresh(char* pages, size_t count) {
    CHECK_EQ(madvise(pages, count * PAGE, MADV_DONTNEED), 0);
    return pages;
}

// The number in every word.
static void fill(char* to, size_t size_bytes, uint32_t number) {
    for (size_t at = 0; at + 4 <= size_bytes; at += 4) {
        memcpy(to + at, &number, 4);
    }
}
static bool is_filled(const char* bytes, size_t size_bytes, uint32_t number) {
    for (size_t at = 0; at + 4 <= size_bytes; at += 4) {
        if (memcmp(bytes + at, &number, 4) != 0) {
            return false;
        }
    }
    return true;
}

static bool read_whole(int fd, char* to, size_t size_bytes) {
    for (size_t done = 0; done < size_bytes;) {
        ssize_t part = read(fd, to + done, size_bytes - done);
        if (part <= 0) {
            return false;
        }
        done += (size_t)part;
    }
    return true;
}

TEST(writes_to_a_pipe_stay_whole_when_their_pages_come_late) {
    enum { kWriters = 3, kSize = 4096 };
    int ends[2];
    CHECK_CALL(pipe(ends));
    pid_t children[kWriters];
    for (uint32_t writer = 0; writer < kWriters; ++writer) {
        children[writer] = fork_child();
        if (children[writer] == 0) {
            close(ends[0]);
            char name[] = "/tmp/page_waits.XXXXXX";
            int contents = (int)CHECK_CALL(mkstemp(name));
            CHECK_CALL(unlink(name));
            char* filled = map_pages(2, PROT_READ | PROT_WRITE);
            for (uint32_t round = 0; round < kRounds; ++round) {
                fill(filled, kRecord, writer << 16 | round);
                CHECK_EQ(pwrite(contents, filled, kRecord, 0), kRecord);
                // A mapping of its own, in which no page is there yet, and the write lies across two.
                char* pages = mmap(NULL, kRecord, PROT_READ, MAP_SHARED, contents, 0);
                CHECK(pages != MAP_FAILED);
                CHECK_EQ(write(ends[1], pages + PAGE / 2, kSize), kSize);
                CHECK_CALL(munmap(pages, kRecord));
            }
            end_child();
        }
    }
    close(ends[1]);
    char* pages = map_pages(3, PROT_READ | PROT_WRITE);
    uint32_t next[kWriters] = {0};
    for (int i = 0; i < kWriters * kRounds; ++i) {
        char* record = fresh(pages, 3) + 100;
        if (!CHECK(read_whole(ends[0], record, kSize))) {
            break;
        }
        uint32_t number;
        memcpy(&number, record, 4);
        CHECK(is_filled(record, kSize, number));
        if (CHECK(number >> 16 < kWriters)) {
            CHECK_EQ(number & 0xFFFF, next[number >> 16]++);
        }
    }
    CHECK_EQ(read(ends[0], pages, 1), 0);
    for (int i = 0; i < kWriters; ++i) {
        CHECK_EXIT(children[i], 0);
    }
}

TEST(a_pipe_may_be_closed_while_its_reader_s_page_comes) {
    for (int round = 0; round < kRounds; ++round) {
        int ends[2];
        CHECK_CALL(pipe(ends));
        pid_t child = fork_child();
        if (child == 0) {
            close(ends[0]);
            char* pages = map_pages(2, PROT_READ | PROT_WRITE);
            fill(pages, kRecord, 7);
            CHECK_EQ(write(ends[1], pages, kRecord), kRecord);
            end_child();
        }
        close(ends[1]);
        char* pages = map_pages(3, PROT_READ | PROT_WRITE);
        CHECK(read_whole(ends[0], pages + 8, kRecord));
        CHECK(is_filled(pages + 8, kRecord, 7));
        CHECK_EQ(read(ends[0], pages, 1), 0);
        CHECK_EQ(wait_status(child), 0);
        close(ends[0]);
        munmap(pages, 3 * PAGE);
    }
}

static int file = -1;

static void* cut_off_and_write(void* unused) {
    (void)unused;
    char* pages = map_pages(3, PROT_READ | PROT_WRITE);
    while (!stop) {
        ftruncate(file, PAGE + 100);
        memset(fresh(pages, 3), 'x', 3 * PAGE);
        pwrite(file, pages, 3 * PAGE, 0);
        sched_yield();
    }
    return NULL;
}

TEST(a_file_may_be_cut_off_while_it_is_read) {
    file = (int)CHECK_CALL(open("/tmp/page_waits", O_RDWR | O_CREAT | O_TRUNC, 0600));
    stop = false;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, cut_off_and_write, NULL), 0);
    char* pages = map_pages(4, PROT_READ | PROT_WRITE);
    size_t wrong = 0;
    for (int round = 0; round < 5 * kRounds; ++round) {
        ssize_t size = pread(file, fresh(pages, 4) + 50, 3 * PAGE, 0);
        wrong += size < 0 || size > (ssize_t)(3 * PAGE);
        for (ssize_t i = 0; i < size; ++i) {
            wrong += pages[50 + i] != 'x' && pages[50 + i] != 0;
        }
        sched_yield();
    }
    CHECK_EQ(wrong, 0);
    stop = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    close(file);
    CHECK_CALL(unlink("/tmp/page_waits"));
}

TEST(what_is_appended_overwrites_nothing) {
    enum { kWriters = 3 };
    file = (int)CHECK_CALL(open("/tmp/page_waits", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600));
    pid_t children[kWriters];
    for (uint32_t writer = 0; writer < kWriters; ++writer) {
        children[writer] = fork_child();
        if (children[writer] == 0) {
            char* pages = map_pages(2, PROT_READ | PROT_WRITE);
            for (uint32_t round = 0; round < kRounds; ++round) {
                fill(fresh(pages, 2), kRecord, writer << 16 | round);
                CHECK_EQ(write(file, pages, kRecord), kRecord);
            }
            end_child();
        }
    }
    for (int i = 0; i < kWriters; ++i) {
        CHECK_EXIT(children[i], 0);
    }
    CHECK_EQ(lseek(file, 0, SEEK_END), kWriters * kRounds * kRecord);
    CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
    char* pages = map_pages(2, PROT_READ | PROT_WRITE);
    for (int i = 0; i < kWriters * kRounds; ++i) {
        uint32_t number;
        CHECK_EQ(read(file, fresh(pages, 2), kRecord), kRecord);
        memcpy(&number, pages, 4);
        CHECK(is_filled(pages, kRecord, number));
    }
    close(file);
    CHECK_CALL(unlink("/tmp/page_waits"));
}

static char* shared_page;

static void* map_and_unmap(void* unused) {
    (void)unused;
    while (!stop) {
        munmap(shared_page, PAGE);
        mmap(shared_page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        sched_yield();
    }
    return NULL;
}

TEST(memory_may_be_unmapped_while_a_copy_waits_for_it) {
    int ends[2];
    CHECK_CALL(pipe(ends));
    shared_page = map_pages(1, PROT_READ | PROT_WRITE);
    stop = false;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, map_and_unmap, NULL), 0);
    char record[200];
    for (int round = 0; round < 5 * kRounds; ++round) {
        fill(record, sizeof record, (uint32_t)round);
        CHECK_EQ(write(ends[1], record, sizeof record), sizeof record);
        ssize_t size = read(ends[0], shared_page, sizeof record);
        CHECK(size == -1 ? errno == EFAULT : size > 0);
        if (size == -1) {  // nothing was lost
            CHECK(read_whole(ends[0], record, sizeof record));
            CHECK(is_filled(record, sizeof record, (uint32_t)round));
        } else if (size < (ssize_t)sizeof record) {
            CHECK(read_whole(ends[0], record, sizeof record - (size_t)size));
        }
        sched_yield();
    }
    stop = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

// Always in the middle of a wait, in ring 3 and in calls.
static void* wait_for_pages(void* unused) {
    (void)unused;
    char* pages = map_pages(16, PROT_READ | PROT_WRITE);
    int zero = open("/dev/zero", O_RDONLY);
    for (;;) {
        memset(fresh(pages, 16), 1, 8 * PAGE);
        if (read(zero, pages + 8 * PAGE, 8 * PAGE) != 8 * PAGE) {
            _exit(3);
        }
    }
}

static void start_waiters(void) {
    pthread_t thread;
    for (int i = 0; i < 3; ++i) {
        CHECK_EQ(pthread_create(&thread, NULL, wait_for_pages, NULL), 0);
    }
    for (int i = 0; i < 10; ++i) {
        sched_yield();
    }
}

TEST(a_process_ends_while_its_threads_wait) {
    for (int round = 0; round < 20; ++round) {
        pid_t child = fork_child();
        if (child == 0) {
            start_waiters();
            _exit(5);
        }
        CHECK_EQ(wait_status(child), 5 << 8);
    }
}

TEST(a_process_is_killed_while_its_threads_wait) {
    for (int round = 0; round < 20; ++round) {
        int number = round % 2 == 0 ? SIGKILL : SIGTERM;
        pid_t child = fork_child();
        if (child == 0) {
            start_waiters();
            wait_for_pages(NULL);
        }
        usleep(round * 1000);
        CHECK_EQ(kill(child, number), 0);
        CHECK_EQ(wait_status(child), number);
    }
}

TEST(fork_while_other_threads_wait) {
    pid_t child = fork_child();
    if (child == 0) {
        char* pages = map_pages(4, PROT_READ | PROT_WRITE);
        fill(pages, 4 * PAGE, 11);
        start_waiters();
        for (int round = 0; round < 20; ++round) {
            pid_t grandchild = fork();
            if (grandchild == 0) {
                _exit(is_filled(pages, 4 * PAGE, 11) ? 0 : 1);
            }
            CHECK_EQ(wait_status(grandchild), 0);
        }
        end_child();
    }
    CHECK_EQ(wait_status(child), 0);
}

TEST(execve_while_other_threads_wait) {
    for (int round = 0; round < 10; ++round) {
        pid_t child = fork_child();
        if (child == 0) {
            start_waiters();
            char* arguments[] = {"page_waits", "--here", "no_such_test", NULL};
            execv("/proc/self/exe", arguments);
            _exit(99);
        }
        CHECK_EQ(wait_status(child), 1 << 8);  // a test that is not there
    }
}
