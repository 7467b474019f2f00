// Memory used up: by pages, by files, by processes, by mappings, by pipes. Who asks for too much is refused or killed;
// others live, and everything comes back. Run in a small machine; the host has better things to do with its memory. E2
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#include "check.h"

static void only_here(void) {
    if (!on_primitive()) {
        skip("the host's memory is not to be used up");
    }
}

/// As much as was free before is free again, but for what the kernel may keep for the next time.
static void check_returned(long before) {
    long after = meminfo("MemFree");
    if (!CHECK(after >= before - 1536)) {
        say("  %ld KiB were free, and %ld are", before, after);
    }
}

/// Refused, or killed for it.
static bool ended_for_it(int status) {
    int number = status & 0x7F;
    return status == 0 || number == SIGKILL || number == SIGBUS || number == SIGSEGV;
}

TEST(pages_without_end) {
    only_here();
    long before = meminfo("MemFree");
    for (int round = 0; round < 3; ++round) {
        pid_t child = fork_child();
        if (child == 0) {
            for (;;) {
                char* memory =
                    mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (memory == MAP_FAILED) {
                    _exit(0);
                }
                for (int page = 0; page < 64; ++page) {
                    memory[page * PAGE] = 1;
                }
            }
        }
        CHECK(ended_for_it(wait_status(child)));
    }
    check_returned(before);
}

TEST(copies_without_end) {
    only_here();
    long before = meminfo("MemFree");
    // Half of memory, shared by a parent and children that all want their own.
    size_t pages = (size_t)before / 4 / 2;
    char* memory = map_pages(pages, PROT_READ | PROT_WRITE);
    memset(memory, 1, pages * PAGE);
    pid_t children[3];
    for (size_t i = 0; i < 3; ++i) {
        children[i] = fork();
        if (children[i] == 0) {
            memset(memory, 2, pages * PAGE);
            _exit(0);
        }
    }
    for (size_t i = 0; i < 3; ++i) {
        CHECK(children[i] < 0 || ended_for_it(wait_status(children[i])));
    }
    size_t wrong = 0;
    for (size_t page = 0; page < pages; ++page) {
        wrong += memory[page * PAGE] != 1;
    }
    CHECK_EQ(wrong, 0);
    CHECK_CALL(munmap(memory, pages * PAGE));
    check_returned(before);
}

TEST(a_file_without_end) {
    only_here();
    long before = meminfo("MemFree");
    int fd = (int)CHECK_CALL(open("/tmp/exhaustion", O_RDWR | O_CREAT | O_TRUNC, 0600));
    static char block[16 * PAGE];
    ssize_t written;
    size_t total = 0;
    while ((written = write(fd, block, sizeof block)) > 0) {
        total += (size_t)written;
    }
    CHECK(written == -1 && (errno == ENOSPC || errno == ENOMEM));
    CHECK(total > (size_t)before * 1024 / 4);
    struct stat status;
    CHECK_CALL(fstat(fd, &status));
    CHECK_EQ(status.st_size, total);
    CHECK_CALL(unlink("/tmp/exhaustion"));
    CHECK_CALL(close(fd));
    check_returned(before);
}

TEST(a_mapped_file_without_end) {
    only_here();
    long before = meminfo("MemFree");
    pid_t child = fork_child();
    if (child == 0) {
        int fd = open("/tmp/exhaustion", O_RDWR | O_CREAT | O_TRUNC, 0600);
        unlink("/tmp/exhaustion");
        if (ftruncate(fd, 1 << 30) != 0) {
            _exit(0);
        }
        char* memory = mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED) {
            _exit(0);
        }
        for (size_t at = 0; at < 1 << 30; at += PAGE) {
            memory[at] = 1;
        }
        _exit(1);
    }
    CHECK(ended_for_it(wait_status(child)));
    check_returned(before);
}

TEST(page_tables_without_end) {
    only_here();
    long before = meminfo("MemFree");
    // A page in every 4 MiB, in process after process, each of which needs as many tables as pages.
    enum { kMost = 200 };
    static pid_t children[kMost];
    int hold[2];
    CHECK_CALL(pipe(hold));
    size_t count = 0;
    while (count < kMost && (children[count] = fork()) >= 0) {
        if (children[count] == 0) {
            char byte;
            close(hold[1]);
            for (uint32_t at = 0x10000000; at < 0xB0000000; at += 4u << 20) {
                char* page = mmap((void*)at, PAGE, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
                if (page == MAP_FAILED) {
                    continue;
                }
                *page = 1;
            }
            _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
        }
        ++count;
        if (meminfo("MemFree") < before / 8) {
            break;
        }
    }
    close(hold[1]);
    for (size_t i = 0; i < count; ++i) {
        CHECK(ended_for_it(wait_status(children[i])));
    }
    CHECK(count > 2);
    close(hold[0]);
    check_returned(before);
}

TEST(processes_without_end) {
    only_here();
    long before = meminfo("MemFree");
    int hold[2];
    CHECK_CALL(pipe(hold));
    enum { kMost = 20000 };
    static pid_t children[kMost];
    size_t count = 0;
    while (count < kMost) {
        pid_t child = fork();
        if (child == 0) {
            char byte;
            close(hold[1]);
            _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
        }
        if (child < 0) {
            CHECK(errno == EAGAIN || errno == ENOMEM);
            break;
        }
        children[count++] = child;
    }
    CHECK(count >= 20 && count < kMost);
    close(hold[1]);
    size_t lost = 0;
    for (size_t i = 0; i < count; ++i) {
        lost += !ended_for_it(wait_status(children[i]));
    }
    CHECK_EQ(lost, 0);
    close(hold[0]);
    check_returned(before);
}

static void* wait_for_ever(void* argument) {
    for (;;) {
        pause();
    }
    return argument;
}

TEST(threads_without_end) {
    only_here();
    long before = meminfo("MemFree");
    pid_t child = fork_child();
    if (child == 0) {
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 32768);
        size_t count = 0;
        int error = 0;
        pthread_t thread;
        while (count < 20000 && (error = pthread_create(&thread, &small, wait_for_ever, NULL)) == 0) {
            ++count;
        }
        CHECK(error == EAGAIN || error == ENOMEM);
        CHECK(count >= 20);
        end_child();
    }
    CHECK(ended_for_it(wait_status(child)));
    check_returned(before);
}

TEST(mappings_without_end) {
    only_here();
    long before = meminfo("MemFree");
    pid_t child = fork_child();
    if (child == 0) {
        size_t count = 0;
        for (uint32_t at = 0x10000000; at < 0xB0000000; at += 2 * PAGE) {
            if (mmap((void*)at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
                    MAP_FAILED &&
                errno != EEXIST) {
                break;
            }
            ++count;
        }
        CHECK_EQ(errno, ENOMEM);
        CHECK(count > 1000 && count < 70000);  // as Linux: 65,530
        end_child();
    }
    CHECK(ended_for_it(wait_status(child)));
    check_returned(before);
}

TEST(pipes_without_end) {
    only_here();
    long before = meminfo("MemFree");
    pid_t child = fork_child();
    if (child == 0) {
        static char block[65536];
        int ends[2];
        while (pipe2(ends, O_NONBLOCK) == 0) {
            if (write(ends[1], block, sizeof block) < 0 && errno != EAGAIN && errno != ENOMEM) {
                CHECK_CALL(-1);
            }
        }
        CHECK(errno == EMFILE || errno == ENFILE || errno == ENOMEM);
        end_child();
    }
    CHECK(ended_for_it(wait_status(child)));
    check_returned(before);
}

TEST(names_without_end) {
    only_here();
    long before = meminfo("MemFree");
    CHECK_CALL(mkdir("/tmp/exhaustion.d", 0700));
    char name[64];
    int count = 0;
    for (; count < 20000; ++count) {
        snprintf(name, sizeof name, "/tmp/exhaustion.d/%d", count);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0) {
            CHECK(errno == ENOSPC || errno == ENOMEM);
            break;
        }
        close(fd);
    }
    CHECK(count > 100);
    while (count-- > 0) {
        snprintf(name, sizeof name, "/tmp/exhaustion.d/%d", count);
        if (unlink(name) != 0) {
            CHECK_CALL(-1);
            break;
        }
    }
    CHECK_CALL(rmdir("/tmp/exhaustion.d"));
    check_returned(before);
}
