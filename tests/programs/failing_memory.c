// Each of the requests for memory that a crowded little program's life makes fails once: a block of the kernel's heap, or
// a frame. Whatever the program is told, or dies of, the kernel lives, its account is exact, and it keeps nothing.
//
//     failing_memory block|frame [--step N] [--from N]
//
// Only in PrimitiveOS: /proc/plant lets the n-th request from now on fail.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/time.h>

#include "check.h"

enum { kPages = 6, kAuditEvery = 16, kHangMilliseconds = 20000 };

static void* use_thread(void* pages) {
    if (pages != MAP_FAILED) {
        memset(pages, 3, PAGE);
    }
    return NULL;
}

static void on_signal(int number) {
    (void)number;
}

static char* map(size_t pages, int flags, int fd) {
    return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
}

/// Children that share pages, and part.
static void live_with_pages(void) {
    char* own = map(kPages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    char* common = map(kPages, MAP_SHARED | MAP_ANONYMOUS, -1);
    if (own == MAP_FAILED || common == MAP_FAILED) {
        return;
    }
    own[0] = own[5 * PAGE] = common[0] = 1;
    pid_t child = fork();
    if (child >= 0) {
        own[0] = common[PAGE] = 2;
        mprotect(own + PAGE, PAGE, PROT_READ);
        char* moved = mremap(own, kPages * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
        if (moved != MAP_FAILED) {
            moved[500 * PAGE] = 1;
            own = moved;
        }
    }
    if (child == 0) {
        _exit(0);
    }
    wait_status(child);
    munmap(own + 2 * PAGE, PAGE);
    munmap(common, kPages * PAGE);
    free(malloc(300000));
}

static void live_with_files(void) {
    mkdir("folder", 0700);
    int fd = open("folder/file", O_RDWR | O_CREAT, 0600);
    char bytes[3000];
    memset(bytes, 'x', sizeof bytes);
    pwrite(fd, bytes, sizeof bytes, 0);
    pwrite(fd, bytes, sizeof bytes, 5000000);
    char* page = map(1, MAP_SHARED, fd);
    char* copy = map(1, MAP_PRIVATE, fd);
    if (page != MAP_FAILED && copy != MAP_FAILED) {
        page[1] = copy[2] = 1;
    }
    symlink("folder/file", "link");
    link("folder/file", "other");
    rename("other", "folder/renamed");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 5};
    fcntl(fd, F_SETLK, &lock);
    flock(fd, LOCK_EX);
    ftruncate(fd, 100);
    static const char* const kGenerated[] = {
        "/proc/self/maps", "/proc/self/status", "/proc/self/smaps_rollup",
        "/proc/meminfo",   "/proc/frames",      "/proc/stat"};
    for (size_t i = 0; i < sizeof kGenerated / sizeof *kGenerated; ++i) {
        read_file(kGenerated[i], bytes, sizeof bytes);
    }
    close(fd);
}

/// Whatever of it was made.
static void remove_files(void) {
    static const char* const kNames[] = {"link", "other", "text", "folder/file", "folder/renamed", "folder"};
    for (size_t i = 0; i < sizeof kNames / sizeof *kNames; ++i) {
        remove(kNames[i]);
    }
}

static void live_with_others(void) {
    int ends[2];
    if (pipe(ends) != 0) {
        return;
    }
    static char bytes[40000];
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    write(ends[1], bytes, sizeof bytes);
    struct pollfd polled[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {0, POLLIN, 0}};
    poll(polled, 3, 1);
    pthread_t thread;
    char* page = map(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (pthread_create(&thread, NULL, use_thread, page) == 0) {
        pthread_join(thread, NULL);
    }
    signal(SIGRTMIN, on_signal);
    sigqueue(getpid(), SIGRTMIN, (union sigval){0});
    const struct itimerval soon = {{0, 0}, {0, 1000}};
    signal(SIGALRM, on_signal);
    setitimer(ITIMER_REAL, &soon, NULL);
    for (int fd = 0; fd < 3; ++fd) {
        fcntl(ends[0], F_DUPFD, 200);
    }
}

/// A pipeline of the shell: fork, execve, page faults from files.
static void live_with_a_shell(void) {
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c",
              "seq 1 200 | sort -n | tail -1; (echo a; ls /proc | wc -l) > text; cat text", NULL);
        _exit(127);
    }
    wait_status(child);
}

static bool write_line(const char* file, const char* line) {
    int fd = open(file, O_WRONLY);
    bool good = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    close(fd);
    return good;
}

/// From now on the n-th request fails; 0: none does.
static bool plant(const char* kind, unsigned nth) {
    char line[64];
    snprintf(line, sizeof line, "failing-%s %u\n", kind, nth);
    return write_line("/proc/plant", line);
}

static void live(const char* kind, unsigned nth) {
    setpgid(0, 0);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) {
        dup2(null, fd);
    }
    // Who is killed for want of memory is this, and what it starts, and the parent has its pages to itself again.
    if (!write_line("/proc/self/oom_score_adj", "1000")) {
        _exit(2);
    }
    sleep_ms(2);
    if (!plant(kind, nth)) {
        _exit(2);
    }
    live_with_pages();
    live_with_files();
    live_with_others();
    live_with_a_shell();
    _exit(0);
}

static long number_in(const char* file, const char* name) {
    static char text[4096];
    read_file(file, text, sizeof text);
    const char* at = strstr(text, name);
    return at == NULL ? -1 : strtol(at + strlen(name), NULL, 10);
}

/// One life with the n-th request failing (0: none); whether it came to its end.
static bool live_once(const char* kind, unsigned nth) {
    pid_t child = fork();
    if (child == 0) {
        live(kind, nth);
    }
    int status = 0;
    bool ended = false;
    for (int waited = 0; !ended && waited < kHangMilliseconds; ++waited) {
        ended = waitpid(child, &status, WNOHANG) == child;
        if (!ended) {
            sleep_ms(1);
        }
    }
    kill(-child, SIGKILL);  // whoever it left behind
    if (!ended) {
        kill(child, SIGKILL);
        wait_status(child);
    }
    // The failure may have waited for this one.
    CHECK(plant(kind, 0) || plant(kind, 0));
    sleep_ms(2);
    remove_files();
    if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 2) {
        say("failing_memory: cannot plant a failing %s", kind);
        exit(2);
    }
    return ended;
}

static unsigned number_after(int count, char** arguments, const char* name, unsigned otherwise) {
    for (int i = 1; i + 1 < count; ++i) {
        if (strcmp(arguments[i], name) == 0) {
            return (unsigned)strtoul(arguments[i + 1], NULL, 0);
        }
    }
    return otherwise;
}

/// What the kernel's heap holds, its caches aside; and frames that are free.
struct held {
    long blocks;
    long frames;
};

static struct held held_now(void) {
    return (struct held){number_in("/proc/heap", "\nblocks "), number_in("/proc/vmstat", "nr_free_pages ")};
}

int main(int count, char** arguments) {
    const char* kind = count > 1 ? arguments[1] : "block";
    unsigned step = number_after(count, arguments, "--step", 1);
    unsigned from = number_after(count, arguments, "--from", 1);
    char folder[] = "/tmp/failing_memory.XXXXXX";
    if (!on_primitive() || mkdtemp(folder) == NULL || chdir(folder) != 0) {
        say("failing_memory: only in PrimitiveOS");
        return 2;
    }
    // Twice without failures: what is made at first use, and kept, is there then.
    live_once(kind, 0);
    bool is_block = strcmp(kind, "block") == 0;
    const char* file = is_block ? "/proc/heap" : "/proc/vmstat";
    const char* name = is_block ? "requests " : "pgalloc_normal ";
    long before = number_in(file, name);
    live_once(kind, 0);
    unsigned requests = (unsigned)(number_in(file, name) - before);
    say("%u requests for a %s", requests, kind);
    struct held first = held_now();
    unsigned tried = 0;
    for (unsigned nth = from; nth <= requests; nth += step) {
        bool ended = live_once(kind, nth);
        ++tried;
        struct held now = held_now();
        if (!CHECK(ended) || now.blocks > first.blocks || now.frames < first.frames - 4) {
            CHECK(now.blocks <= first.blocks && now.frames >= first.frames - 4);
            say("  with request %u: blocks %ld, then %ld; free frames %ld, then %ld", nth, first.blocks,
                now.blocks, first.frames, now.frames);
            first = now;
        }
        if (tried % kAuditEvery == 0) {
            CHECK(write_line("/proc/frames", "audit\n"));
        }
    }
    CHECK(write_line("/proc/frames", "audit\n"));
    chdir("/");
    rmdir(folder);
    say("%u of %u failed in turn", tried, requests);
    end_child();
}
