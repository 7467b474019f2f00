// The harness of the guest's test programs; check.h describes it. It uses as little of the system as it can: fork,
// waitpid, a pipe, write and alarm, so that a test fails for what it tests.
#include "check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

enum { kHangSeconds = 120, kSkipped = 77 };

static struct check_test* first_test;
static struct check_test* last_test;
static unsigned checks;
static unsigned failures;
static pid_t running;
static volatile sig_atomic_t timed_out;

void check_register(struct check_test* test) {
    if (last_test != NULL) {
        last_test->next = test;
    } else {
        first_test = test;
    }
    last_test = test;
}

static void write_line(const char* line, size_t length) {
    while (length > 0) {
        ssize_t written = write(1, line, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        line += written;
        length -= (size_t)written;
    }
}

void say(const char* format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2) {
        length = (int)sizeof line - 2;
    }
    line[length++] = '\n';
    write_line(line, (size_t)length);
}

void skip(const char* why) {
    say("skipped: %s", why);
    _exit(kSkipped);
}

static const char* short_name(const char* file) {
    const char* slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

bool check_true(const char* file, int line, const char* text, bool value) {
    int saved = errno;
    ++checks;
    if (!value) {
        ++failures;
        say("%s:%d: %s is false (errno %d)", short_name(file), line, text, saved);
    }
    errno = saved;
    return value;
}

bool check_equal(const char* file, int line, const char* text, long long actual, long long wanted) {
    int saved = errno;
    ++checks;
    if (actual != wanted) {
        ++failures;
        say("%s:%d: %s is %lld (%#llx), not %lld (%#llx) (errno %d)", short_name(file), line, text, actual,
            (unsigned long long)actual, wanted, (unsigned long long)wanted, saved);
    }
    errno = saved;
    return actual == wanted;
}

bool check_fails(const char* file, int line, const char* text, long long result, int error, int wanted) {
    ++checks;
    // A pointer's -1 arrives as 0xFFFFFFFF.
    bool failed = result == -1 || result == 0xFFFFFFFFll;
    if (!failed || error != wanted) {
        ++failures;
        say("%s:%d: %s gives %lld, errno %d (%s), not errno %d (%s)", short_name(file), line, text, result,
            failed ? error : 0, failed ? strerror(error) : "none", wanted, strerror(wanted));
        return false;
    }
    return true;
}

long check_call(const char* file, int line, const char* text, long result) {
    int saved = errno;
    ++checks;
    if (result == -1) {
        ++failures;
        say("%s:%d: %s failed: %s", short_name(file), line, text, strerror(saved));
    }
    errno = saved;
    return result;
}

bool check_status(const char* file, int line, const char* text, int status, int wanted) {
    ++checks;
    if (status != wanted) {
        ++failures;
        say("%s:%d: %s ended with wait status %#x, not %#x", short_name(file), line, text, status, wanted);
    }
    return status == wanted;
}

pid_t fork_child(void) {
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
    } else if (child < 0) {
        check_call(__FILE__, __LINE__, "fork()", -1);
    }
    return child;
}

void end_child(void) {
    _exit(failures == 0 ? 0 : 1);
}

int wait_status(pid_t child) {
    int status;
    pid_t result;
    do {
        result = waitpid(child, &status, __WALL);
    } while (result < 0 && errno == EINTR);
    return result == child && child > 0 ? status : -1;
}

bool on_primitive(void) {
    return access("/proc/frames", F_OK) == 0;
}

long read_file(const char* file, char* buffer, size_t size) {
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    size_t length = 0;
    while (length < size - 1) {
        ssize_t got = read(fd, buffer + length, size - 1 - length);
        if (got < 0) {
            close(fd);
            return -1;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    close(fd);
    buffer[length] = 0;
    return (long)length;
}

long meminfo(const char* name) {
    char text[8192];
    if (read_file("/proc/meminfo", text, sizeof text) < 0) {
        return -1;
    }
    size_t length = strlen(name);
    for (const char* line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            return atol(line + length + 1);
        }
    }
    return -1;
}

siginfo_t fault_info;
static sigjmp_buf fault_return;

static void take_fault(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    fault_info = *info;
    siglongjmp(fault_return, 1);
}

bool faults(void (*body)(void*), void* argument) {
    struct sigaction action = {.sa_sigaction = take_fault, .sa_flags = SA_SIGINFO};
    struct sigaction old[2];
    sigaction(SIGSEGV, &action, &old[0]);
    sigaction(SIGBUS, &action, &old[1]);
    memset(&fault_info, 0, sizeof fault_info);
    volatile bool faulted = true;
    if (sigsetjmp(fault_return, 1) == 0) {
        body(argument);
        faulted = false;
    }
    sigaction(SIGSEGV, &old[0], NULL);
    sigaction(SIGBUS, &old[1], NULL);
    return faulted;
}

static void read_byte(void* address) {
    (void)*(volatile char*)address;
}

static void write_byte(void* address) {
    // The same value again: a test's contents stay as they are.
    __asm__ volatile("lock; orb $0, (%0)" ::"r"(address) : "memory", "cc");
}

bool read_faults(const volatile void* address) {
    return faults(read_byte, (void*)address);
}

bool write_faults(volatile void* address) {
    return faults(write_byte, (void*)address);
}

char* map_pages(size_t pages, int protection) {
    void* memory = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_true(__FILE__, __LINE__, "map_pages", memory != MAP_FAILED);
    return memory;
}

void sleep_ms(int milliseconds) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

uint32_t random_number(uint64_t* state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 2685821657736338717ull) >> 32);
}

static void end_hanging_test(int number) {
    (void)number;
    timed_out = 1;
    kill(-running, SIGKILL);
    kill(running, SIGKILL);
}

/// Runs `test` in a process group of its own, and takes its figures; false when it was skipped.
static bool run_alone(struct check_test* test) {
    int report[2];
    if (pipe(report) < 0) {
        say("%s: no pipe: %s", test->name, strerror(errno));
        ++failures;
        return true;
    }
    running = fork();
    if (running == 0) {
        setpgid(0, 0);
        close(report[0]);
        fcntl(report[1], F_SETFD, FD_CLOEXEC);
        checks = failures = 0;
        test->run();
        if (write(report[1], &checks, sizeof checks) != (ssize_t)sizeof checks) {
            ++failures;
        }
        end_child();
    }
    close(report[1]);
    if (running < 0) {
        say("%s: no process: %s", test->name, strerror(errno));
        ++failures;
        close(report[0]);
        return true;
    }
    setpgid(running, running);
    timed_out = 0;
    struct sigaction action = {.sa_handler = end_hanging_test};
    sigaction(SIGALRM, &action, NULL);
    alarm(kHangSeconds);
    int status = wait_status(running);
    alarm(0);
    signal(SIGALRM, SIG_DFL);  // as the tests have it
    kill(-running, SIGKILL);
    unsigned counted = 0;
    // A process that the test has left behind may hold the other end.
    fcntl(report[0], F_SETFL, O_NONBLOCK);
    bool told = read(report[0], &counted, sizeof counted) == (ssize_t)sizeof counted;
    close(report[0]);
    if (status == kSkipped << 8) {
        say("  in %s", test->name);
        return false;
    }
    checks += counted;
    if (status != 0 || !told) {
        ++failures;
        say("%s failed: %s, wait status %#x", test->name, timed_out ? "it hung" : "see above", status);
    }
    return true;
}

static void audit_frames(void) {
    int fd = open("/proc/frames", O_WRONLY);
    if (fd < 0) {
        return;
    }
    ++checks;
    if (write(fd, "audit\n", 6) != 6) {
        ++failures;
        say("the audit of the frame account failed: %s", strerror(errno));
    }
    close(fd);
}

static bool wanted(const char* name, char** names) {
    if (*names == NULL) {
        return true;
    }
    for (; *names != NULL; ++names) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

/// Weak: a program that is no list of tests has its own.
__attribute__((weak)) int main(int count, char** arguments) {
    bool here = count > 1 && strcmp(arguments[1], "--here") == 0;
    bool list = count > 1 && strcmp(arguments[1], "--list") == 0;
    char** names = arguments + (count > 0) + (here ? 1 : 0);
    unsigned ran = 0;
    unsigned skipped = 0;
    for (struct check_test* test = first_test; test != NULL; test = test->next) {
        if (list) {
            say("%s", test->name);
        } else if (wanted(test->name, names) && (!test->is_part || *names != NULL)) {
            ++ran;
            if (here) {
                test->run();
            } else if (!run_alone(test)) {
                ++skipped;
            }
        }
    }
    if (list) {
        return 0;
    }
    if (here) {
        return ran != 0 && failures == 0 ? 0 : 1;
    }
    audit_frames();
    if (failures != 0 || ran == skipped) {
        say("%u tests, %u skipped, %u checks, %u failed", ran, skipped, checks, failures);
        return 1;
    }
    if (skipped != 0) {
        say("all %u checks passed, %u of %u tests skipped", checks, skipped, ran);
    } else {
        say("all %u checks passed", checks);
    }
    return 0;
}
