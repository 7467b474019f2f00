// Random system calls with hostile arguments, from children that may die of it: what must live on is the kernel, and
// the parent. After each batch the parent prints a line and has the frame account audited (where there is one).
//
//     fuzz_calls [--calls N] [--seed S] [--batch N] [--trace]
//
// The same seed gives the same calls as long as the children's lives take the same course. With --trace a child names
// each call before it makes it. On a host it first gives up all that a nobody in an empty folder does not need.
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"
#include "fuzz_tables.h"

enum {
    kLastCall = 460,
    kMemory = 16 * PAGE,
    kStuckMilliseconds = 250,
    kArena = 0x60000000,
    kArenaPages = 256
};

/// What a child and the parent share.
struct shared {
    volatile unsigned calls;  // made by this child
    volatile int last;
};

static struct shared* shared;
static uint64_t state;
static bool trace;
static char memory[kMemory] __attribute__((aligned(4096)));
static char* read_only;
static char* unmapped;
static int descriptors[8];

static const char* const kPaths[] = {"a",
                                     "b",
                                     "folder",
                                     "folder/c",
                                     "link",
                                     "",
                                     ".",
                                     "..",
                                     "/",
                                     "/tmp",
                                     "/dev/null",
                                     "/dev/zero",
                                     "/proc/self/maps",
                                     "/proc/self/status",
                                     "/proc/meminfo",
                                     "/proc/self",
                                     "nothing/at/all",
                                     "/dev/random",
                                     "a/b",
                                     "link/../folder/./../b"};

static uint32_t pick(uint32_t count) {
    return random_number(&state) % count;
}

static uint32_t edge(void) {
    static const uint32_t kEdges[] = {0,          1,          2,          4095,        4096,       4097,
                                      0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0x80000000,  0x80000001, 0xFFFFF000,
                                      0xFFFFF001, 0xFFFFFF9C, 0xC0000000, 0xBFFFFFFF,  0xBFFFF000, 0x10000,
                                      0x08048000, 0x40000000, 64,         1024 * 1024, 0x7FFFF000, 0xFFFF,
                                      0xC0100000, 0xE0000000, 0xFF800000, 0xFFC00000};
    return kEdges[pick(sizeof kEdges / sizeof *kEdges)];
}

static uint32_t pointer(void) {
    switch (pick(9)) {
        case 0:
            return (uint32_t)memory + pick(kMemory);
        case 1:
            return (uint32_t)memory + pick(kMemory / 64) * 64;
        case 2:
            return (uint32_t)kPaths[pick(sizeof kPaths / sizeof *kPaths)];
        case 3:
            return (uint32_t)read_only + pick(PAGE);
        case 4:
            return (uint32_t)unmapped - pick(16);
        case 5:
            return 0xC0000000 + random_number(&state) % 0x40000000;
        case 6:
            return 0xC0000000 - pick(8192);
        case 7:
            return 0;
        default:
            return (uint32_t)memory + pick(16) * PAGE;
    }
}

static uint32_t argument(void) {
    switch (pick(8)) {
        case 0:
            return pick(24) - 2;
        case 1:
            return edge();
        case 2:
            return 1u << pick(32);
        case 3:
            return (uint32_t)descriptors[pick(8)];
        case 4:
            return pick(600);
        case 5:
            return random_number(&state);
        default:
            return pointer();
    }
}

static uint32_t shaped(char kind) {
    static const uint32_t kFlags[] = {MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE,
                                      MAP_SHARED, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN};
    switch (kind) {
        case 'f':
            return pick(10) == 0 ? (uint32_t)AT_FDCWD : (uint32_t)descriptors[pick(8)];
        case 'p':
            return pick(4) == 0 ? kArena + pick(kArenaPages * PAGE) : pointer();
        case 's':
            return pick(8) == 0 ? pointer() : (uint32_t)kPaths[pick(sizeof kPaths / sizeof *kPaths)];
        case 'n':
            return pick(10);
        case 'l':
            return pick(3) == 0 ? edge() : pick(3 * PAGE);
        case 'a':
            return pick(20) == 0 ? pointer() : kArena + pick(kArenaPages) * PAGE;
        case 'L':
            return pick(20) == 0 ? edge() : pick(40) * PAGE;
        case 'r':
            return pick(8);
        case 'm':
            return kFlags[pick(5)] | (pick(4) != 0 ? MAP_FIXED : 0);
        default:
            return kind == '0' ? 0 : argument();
    }
}

static void choose_arguments(int number, long* arguments) {
    const char* kinds = "";
    if (pick(4) != 0) {
        for (size_t i = 0; i < sizeof kShapes / sizeof *kShapes; ++i) {
            if (kShapes[i].number == number) {
                kinds = kShapes[i].kinds;
            }
        }
    }
    for (int i = 0; i < 6; ++i) {
        arguments[i] = (long)(*kinds != 0 ? shaped(*kinds++) : argument());
    }
}

static bool is_in(int number, const int* list, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (list[i] == number) {
            return true;
        }
    }
    return false;
}

static bool left_out(int number) {
    for (size_t i = 0; i < sizeof kLeftOut / sizeof *kLeftOut; ++i) {
        if (kLeftOut[i].number == number) {
            return true;
        }
    }
    return false;
}

static int choose_call(void) {
    for (;;) {
        int number = (int)pick(kLastCall + 1);
        if (pick(2) == 0) {
            number = kShapes[pick(sizeof kShapes / sizeof *kShapes)].number;
        } else if (pick(500) == 0) {
            number = (int)edge();
        }
        if (!left_out(number) &&
            (!is_in(number, kDeadly, sizeof kDeadly / sizeof *kDeadly) || pick(6) == 0)) {
            return number;
        }
    }
}

/// Structures with hostile members, for calls that are given good pointers.
static void fill_memory(void) {
    for (int i = 0; i < 64; ++i) {
        uint32_t at = pick(kMemory / 4);
        uint32_t value = pick(3) == 0 ? argument() : pick(3);
        memcpy(memory + at * 4, &value, 4);
    }
    if (pick(4) == 0) {
        strcpy(memory + pick(64) * 64, kPaths[pick(sizeof kPaths / sizeof *kPaths)]);
    }
}

/// Signals only for the child itself, limits only of itself.
static void restrain(int number, long* arguments) {
    long own = raw(SYS_getpid);
    switch (number) {
        case SYS_kill:
        case SYS_rt_sigqueueinfo:
        case SYS_tkill:
            arguments[0] = pick(3) == 0 ? 99999 : own;
            break;
        case SYS_tgkill:
        case SYS_rt_tgsigqueueinfo:
            arguments[0] = pick(3) == 0 ? 99999 : own;
            arguments[1] = pick(3) == 0 ? 99999 : own;
            break;
        case SYS_prlimit64:
        case SYS_setpriority:
            arguments[number == SYS_setpriority] = 0;
            arguments[0] = number == SYS_setpriority ? PRIO_PROCESS : 0;
            break;
        default:
            break;
    }
}

static void on_alarm(int number) {
    (void)number;
}

/// What a child may have changed about itself: waits must end, by an alarm.
static void keep_alarm(void) {
    const struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask[2];
    } action = {on_alarm, 0, NULL, {0, 0}};
    const unsigned long none[2] = {0, 0};
    const struct itimerval timer = {{0, 10000}, {0, 10000}};
    raw(SYS_rt_sigaction, SIGALRM, &action, NULL, 8);
    raw(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, 8);
    raw(SYS_setitimer, ITIMER_REAL, &timer, NULL);
}

__attribute__((noreturn)) static void run_child(unsigned calls) {
    raw(SYS_setpgid, 0, 0);
    pid_t own = (pid_t)raw(SYS_getpid);
    struct rlimit size = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &size);
    for (unsigned made = 0; made < calls; ++made) {
        if (made % 16 == 0) {
            keep_alarm();
            fill_memory();
        }
        int number = choose_call();
        long arguments[6];
        choose_arguments(number, arguments);
        restrain(number, arguments);
        shared->last = number;
        if (trace) {
            char line[160];
            int length = snprintf(line, sizeof line, "%d: call %d (%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n",
                                  (int)own, number, arguments[0], arguments[1], arguments[2], arguments[3],
                                  arguments[4], arguments[5]);
            raw(SYS_write, 60, line, length);
        }
        raw6(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        if (raw(SYS_getpid) != own) {
            raw(SYS_exit_group, 0);  // a fork of ours
        }
        shared->calls = shared->calls + 1;
    }
    raw(SYS_kill, 0, SIGKILL);  // and whoever is left of the group
    raw(SYS_exit_group, 0);
    __builtin_unreachable();
}

static int remove_one(const char* path, const struct stat* status, int kind, struct FTW* where) {
    (void)status;
    (void)kind;
    return where->level > 0 ? (remove(path), 0) : 0;
}

/// Empties the folder of whatever names the calls have made up.
static void clean_folder(const char* folder) {
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/// What the paths lead to at first.
static void furnish(void) {
    ftruncate(descriptors[0], 0);
    mkdir("folder", 0700);
    close(open("a", O_CREAT | O_RDWR, 0600));
}

/// Natively: only what a nobody in an empty folder of its own can do, in a process space of its own.
static void lock_in(const char* folder) {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
        say("fuzz_calls: cannot lock itself in (not root?): %s", strerror(errno));
        exit(2);
    }
    pid_t inside = fork();  // the first of its process space
    if (inside != 0) {
        int status = wait_status(inside);
        clean_folder(folder);
        rmdir(folder);
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    struct rlimit memory_limit = {256u << 20, 256u << 20};
    struct rlimit process_limit = {200, 200};
    setrlimit(RLIMIT_AS, &memory_limit);
    setrlimit(RLIMIT_NPROC, &process_limit);
    if (chmod(folder, 0777) != 0 || chroot(folder) != 0 || chdir("/") != 0 || setgid(65533) != 0 ||
        setuid(65533) != 0) {
        say("fuzz_calls: cannot lock itself in: %s", strerror(errno));
        exit(2);
    }
}

static void open_descriptors(void) {
    int ends[2];
    pipe(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    descriptors[0] = open("a", O_RDWR | O_CREAT, 0600);
    descriptors[1] = open(".", O_RDONLY | O_DIRECTORY);
    descriptors[2] = ends[0];
    descriptors[3] = ends[1];
    descriptors[4] = open("/dev/zero", O_RDWR);
    descriptors[5] = open("/dev/null", O_RDWR);
    descriptors[6] = open("/proc/self/maps", O_RDONLY);
    descriptors[7] = 77;  // not open
}

/// Runs one child of at most `calls`; how many it made.
static unsigned run_one(unsigned calls, unsigned* killed) {
    shared->calls = 0;
    uint64_t child_state = state ^ 0x9E3779B97F4A7C15ull;
    pid_t child = fork();
    if (child < 0) {
        say("fork: %s", strerror(errno));
        sleep_ms(10);
        return 0;
    }
    if (child == 0) {
        state = child_state | 1;
        dup2(1, 60);
        if (!trace) {
            close(60);
        }
        for (int signal_number = 1; signal_number < 32; ++signal_number) {
            signal(signal_number, SIG_DFL);
        }
        for (int fd = 0; fd < 3; ++fd) {
            dup2(descriptors[5], fd);
        }
        run_child(calls);
    }
    setpgid(child, child);
    random_number(&state);
    unsigned before = 0;
    int quiet = 0;
    int status;
    while (waitpid(child, &status, WNOHANG) == 0) {
        sleep_ms(1);
        quiet = shared->calls == before ? quiet + 1 : 0;
        before = shared->calls;
        if (quiet > kStuckMilliseconds) {
            ++*killed;
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            break;
        }
    }
    kill(-child, SIGKILL);
    while (waitpid(-1, &status, WNOHANG) > 0) {
    }
    return shared->calls;
}

static bool audit(void) {
    int fd = open("/proc/frames", O_WRONLY);
    if (fd < 0) {
        return true;
    }
    bool good = write(fd, "audit\n", 6) == 6;
    close(fd);
    return good;
}

/// Whether ordinary life goes on: a file, a pipe, a child and new memory.
static bool all_well(void) {
    char bytes[8] = "";
    int ends[2];
    char* pages = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || pipe(ends) != 0) {
        return false;
    }
    bool good = true;
    for (size_t at = 0; at < 16 * PAGE; at += 64) {
        good = good && pages[at] == 0;
    }
    pid_t child = fork();
    if (child == 0) {
        pages[0] = 1;
        _exit(write(ends[1], "alive", 5) == 5 ? 0 : 1);
    }
    good = good && wait_status(child) == 0 && read(ends[0], bytes, 5) == 5 && memcmp(bytes, "alive", 5) == 0;
    good = good && pages[0] == 0 && munmap(pages, 16 * PAGE) == 0;
    close(ends[0]);
    close(ends[1]);
    return good;
}

static unsigned number_after(int count, char** arguments, const char* name, unsigned otherwise) {
    for (int i = 1; i + 1 < count; ++i) {
        if (strcmp(arguments[i], name) == 0) {
            return (unsigned)strtoul(arguments[i + 1], NULL, 0);
        }
    }
    return otherwise;
}

int main(int count, char** arguments) {
    unsigned wanted = number_after(count, arguments, "--calls", 20000);
    unsigned seed = number_after(count, arguments, "--seed", 1);
    unsigned batch = number_after(count, arguments, "--batch", 20000);
    trace = count > 1 && strcmp(arguments[count - 1], "--trace") == 0;
    state = seed * 2654435761u + 88172645463325252ull;
    char folder[] = "/tmp/fuzz_calls.XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        say("fuzz_calls: no folder in /tmp: %s", strerror(errno));
        return 1;
    }
    open_descriptors();
    furnish();
    if (!on_primitive()) {
        lock_in(folder);
    }
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unmapped = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + PAGE;
    munmap(unmapped, PAGE);
    // Nothing of this may end the parent: the children's children's signals, or a terminal's.
    for (int number = 1; number < 32; ++number) {
        if (number != SIGCHLD) {
            signal(number, SIG_IGN);
        }
    }
    long free_before = meminfo("MemFree");
    unsigned made = 0;
    for (unsigned number = 1; made < wanted; ++number) {
        unsigned in_batch = 0;
        unsigned children = 0;
        unsigned killed = 0;
        while (in_batch < batch && made + in_batch < wanted) {
            unsigned left = wanted - made < batch ? wanted - made : batch;
            in_batch += run_one(left - in_batch, &killed);
            ++children;
            clean_folder(".");
            furnish();
        }
        made += in_batch;
        bool audited = audit();
        say("batch %u: %u calls, %u in all, %u children, %u of them stuck; %s", number, in_batch, made,
            children, killed, audited ? "all well" : "THE AUDIT FAILED");
        if (!audited || !all_well()) {
            say("fuzz_calls: not well after batch %u of seed %u; the last call was %d", number, seed,
                shared->last);
            return 1;
        }
    }
    clean_folder(".");
    rmdir(folder);
    long free_after = meminfo("MemFree");
    if (on_primitive() && free_after < free_before - 2048) {
        say("fuzz_calls: %ld KiB free at first, %ld in the end", free_before, free_after);
        return 1;
    }
    say("all %u calls made, the kernel is alive", made);
    return 0;
}
