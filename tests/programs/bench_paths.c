// What the paths cost that programs take most: `NAME VALUE` a line, medians in ticks of the time-stamp counter. Under
// QEMU's -icount shift=0 a tick is an instruction. It calls the kernel by int 0x80 and nothing else in between, so the
// same program measures Linux. Whoever runs it sees to it that nothing else runs.
#include "check.h"

#include <fcntl.h>

enum { kRounds = 400, kPages = 512, kWords = PAGE / 4 };

static inline uint32_t ticks(void) {
    uint32_t low;
    __asm__ volatile("rdtsc" : "=a"(low)::"edx", "memory");
    return low;
}

static uint32_t samples[4096];
static size_t sample_count;
static uint32_t overhead;  // of two readings of the counter

static void begin(void) {
    sample_count = 0;
}

static inline void take(uint32_t from, uint32_t to) {
    samples[sample_count++] = to - from - overhead;
}

static int by_value(const void* left, const void* right) {
    uint32_t a = *(const uint32_t*)left;
    uint32_t b = *(const uint32_t*)right;
    return a < b ? -1 : a > b;
}

static uint32_t median(void) {
    if (sample_count == 0) {
        return 0;
    }
    qsort(samples, sample_count, sizeof samples[0], by_value);
    return samples[sample_count / 2];
}

__attribute__((noreturn)) static void fail(const char* what, long result) {
    printf("bench_paths: %s gives %ld\n", what, result);
    exit(1);
}

static long must(const char* what, long result) {
    if (result < 0 && result > -4096) {
        fail(what, result);
    }
    return result;
}

static char* map(size_t pages, int protection, int flags, int fd) {
    return (char*)must("mmap2", raw(SYS_mmap2, 0, pages * PAGE, protection, flags, fd, 0));
}

static char* map_anonymous(size_t pages) {
    return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void unmap(void* memory, size_t pages) {
    must("munmap", raw(SYS_munmap, memory, pages * PAGE));
}

static void touch(char* memory, size_t pages) {
    for (size_t page = 0; page < pages; ++page) {
        *(volatile char*)(memory + page * PAGE) = 1;
    }
}

/// Samples one write to each of `pages` pages.
static void time_writes(char* memory, size_t pages) {
    for (size_t page = 0; page < pages; ++page) {
        uint32_t from = ticks();
        *(volatile char*)(memory + page * PAGE) = 2;
        take(from, ticks());
    }
}

static void time_reads(const char* memory, size_t pages) {
    for (size_t page = 0; page < pages; ++page) {
        uint32_t from = ticks();
        (void)*(const volatile char*)(memory + page * PAGE);
        take(from, ticks());
    }
}

static void measure_overhead(void) {
    begin();
    for (int round = 0; round < kRounds; ++round) {
        uint32_t from = ticks();
        take(from, ticks());
    }
    overhead = median();
}

static uint32_t clearing(void) {
    char* memory = map_anonymous(1);
    touch(memory, 1);
    begin();
    for (int round = 0; round < kRounds; ++round) {
        void* to = memory;
        uint32_t words = kWords;
        uint32_t from = ticks();
        __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0) : "memory");
        take(from, ticks());
    }
    unmap(memory, 1);
    return median();
}

static uint32_t copying(void) {
    char* memory = map_anonymous(2);
    touch(memory, 2);
    begin();
    for (int round = 0; round < kRounds; ++round) {
        void* to = memory;
        void* source = memory + PAGE;
        uint32_t words = kWords;
        uint32_t from = ticks();
        __asm__ volatile("rep movsl" : "+D"(to), "+S"(source), "+c"(words)::"memory");
        take(from, ticks());
    }
    unmap(memory, 2);
    return median();
}

static uint32_t getpid_call(void) {
    begin();
    for (int round = 0; round < kRounds; ++round) {
        uint32_t from = ticks();
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(SYS_getpid) : "memory");
        take(from, ticks());
    }
    return median();
}

static uint32_t first_write(void) {
    char* memory = map_anonymous(kPages);
    begin();
    time_writes(memory, kPages);
    unmap(memory, kPages);
    return median();
}

static uint32_t first_read(void) {
    char* memory = map_anonymous(kPages);
    begin();
    time_reads(memory, kPages);
    unmap(memory, kPages);
    return median();
}

static void wait_for(long child) {
    int status = -1;
    must("waitpid", raw(SYS_waitpid, child, &status, 0));
    if (status != 0) {
        fail("a child's status", status);
    }
}

/// The child writes to what it shares with its waiting parent, and sends the figure through a pipe.
static uint32_t copy_on_write(void) {
    int ends[2];
    must("pipe", raw(SYS_pipe, ends));
    char* memory = map_anonymous(kPages);
    touch(memory, kPages);
    long child = must("fork", raw(SYS_fork));
    if (child == 0) {
        begin();
        time_writes(memory, kPages);
        uint32_t figure = median();
        raw(SYS_write, ends[1], &figure, sizeof figure);
        raw(SYS_exit_group, 0);
    }
    wait_for(child);
    uint32_t figure = 0;
    must("read", raw(SYS_read, ends[0], &figure, sizeof figure));
    raw(SYS_close, ends[0]);
    raw(SYS_close, ends[1]);
    unmap(memory, kPages);
    return figure;
}

static uint32_t copy_on_write_sole_owner(void) {
    char* memory = map_anonymous(kPages);
    touch(memory, kPages);
    long child = must("fork", raw(SYS_fork));
    if (child == 0) {
        raw(SYS_exit_group, 0);
    }
    wait_for(child);
    begin();
    time_writes(memory, kPages);
    unmap(memory, kPages);
    return median();
}

/// The pages of a file that is in memory: this very program's.
static uint32_t file_page(const char* path) {
    long fd = must("open", raw(SYS_open, path, O_RDONLY));
    enum { kFilePages = 128 };
    // Read once, so that the file is in memory whatever the system.
    static char buffer[PAGE];
    for (int page = 0; page < kFilePages; ++page) {
        if (must("read", raw(SYS_read, fd, buffer, PAGE)) != (long)PAGE) {
            fail("the file's size", page);
        }
    }
    char* memory = map(kFilePages, PROT_READ, MAP_PRIVATE, (int)fd);
    raw(SYS_madvise, memory, kFilePages * PAGE, MADV_RANDOM);  // Linux: one page a fault
    begin();
    time_reads(memory, kFilePages);
    unmap(memory, kFilePages);
    raw(SYS_close, fd);
    return median();
}

static uint32_t shared_file_page(void) {
    const char* path = "/tmp/bench_paths.data";
    long fd = must("open", raw(SYS_open, path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    static char buffer[PAGE];
    for (int page = 0; page < kPages; ++page) {
        must("write", raw(SYS_write, fd, buffer, PAGE));
    }
    char* memory = map(kPages, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd);
    raw(SYS_madvise, memory, kPages * PAGE, MADV_RANDOM);
    begin();
    time_reads(memory, kPages);
    unmap(memory, kPages);
    raw(SYS_close, fd);
    raw(SYS_unlink, path);
    return median();
}

static uint32_t unmapping(size_t pages) {
    begin();
    for (int round = 0; round < 40; ++round) {
        char* memory = map_anonymous(pages);
        touch(memory, pages);
        uint32_t from = ticks();
        raw(SYS_munmap, memory, pages * PAGE);
        take(from, ticks());
    }
    return median();
}

static uint32_t untouched_pair(void) {
    begin();
    for (int round = 0; round < kRounds; ++round) {
        uint32_t from = ticks();
        long memory =
            raw(SYS_mmap2, 0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        raw(SYS_munmap, memory, 16 * PAGE);
        take(from, ticks());
    }
    return median();
}

static uint32_t forking(void) {
    begin();
    for (int round = 0; round < 60; ++round) {
        uint32_t from = ticks();
        long child = raw(SYS_fork);
        uint32_t to = ticks();
        if (child == 0) {
            raw(SYS_exit_group, 0);
        }
        must("fork", child);
        take(from, to);
        wait_for(child);
    }
    return median();
}

static uint32_t pipe_round_trip(void) {
    int there[2];
    int back[2];
    must("pipe", raw(SYS_pipe, there));
    must("pipe", raw(SYS_pipe, back));
    char byte = 1;
    long child = must("fork", raw(SYS_fork));
    if (child == 0) {
        raw(SYS_close, there[1]);
        while (raw(SYS_read, there[0], &byte, 1) == 1) {
            raw(SYS_write, back[1], &byte, 1);
        }
        raw(SYS_exit_group, 0);
    }
    begin();
    for (int round = 0; round < kRounds; ++round) {
        uint32_t from = ticks();
        raw(SYS_write, there[1], &byte, 1);
        long got = raw(SYS_read, back[0], &byte, 1);
        take(from, ticks());
        if (got != 1) {
            fail("read from a pipe", got);
        }
    }
    for (int end = 0; end < 2; ++end) {
        raw(SYS_close, there[1 - end]);
        raw(SYS_close, back[end]);
    }
    wait_for(child);
    return median();
}

static void print(const char* name, long value) {
    printf("%s %ld\n", name, value);
    fflush(stdout);
}

int main(int count, char** arguments) {
    (void)count;
    // What the measuring itself touches is there before: the C library's buffer, and the samples.
    printf("# ticks of the time-stamp counter, medians\n");
    memset(samples, 1, sizeof samples);
    measure_overhead();
    uint32_t small = forking();  // first, while this is a small process
    uint32_t clear = clearing();
    uint32_t copy = copying();
    print("getpid", getpid_call());
    print("first-write", (long)first_write() - (long)clear);
    print("first-read", first_read());
    print("copy-on-write", (long)copy_on_write() - (long)copy);
    print("copy-on-write-sole-owner", copy_on_write_sole_owner());
    print("file-page", file_page(arguments[0]));
    print("file-page-shared", shared_file_page());
    print("munmap-page", ((long)unmapping(kPages + 1) - (long)unmapping(1)) / kPages);
    print("mmap-munmap-untouched", untouched_pair());
    print("fork", small);
    // The same process with more pages of its own.
    uint32_t base = forking();
    char* memory = map_anonymous(4 * kPages);
    touch(memory, 4 * kPages);
    print("fork-page", ((long)forking() - (long)base) / (4 * kPages));
    unmap(memory, 4 * kPages);
    print("pipe-round-trip", pipe_round_trip());
    print("# clearing a page", clear);
    print("# copying a page", copy);
    return 0;
}
