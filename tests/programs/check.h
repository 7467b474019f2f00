// The harness of the guest's test programs: unmodified Linux i386 programs, so that the host is their oracle.
//
//     TEST(a_new_page_is_zero) {
//         CHECK_EQ(*page, 0);
//         CHECK_FAILS(munmap(page + 1, 1), EINVAL);
//         pid_t child = fork_child();
//         if (child == 0) {
//             CHECK(...);
//             end_child();
//         }
//         CHECK_EXIT(child, 0);
//     }
//
// Each test runs in a process (and process group) of its own, with a limit that only ends what hangs. A failed check
// writes one line, `FILE:LINE: …`, and goes on. At the end comes `all N checks passed` and status 0, or status 1.
// On PrimitiveOS the frame account is audited after each program, too.
//
//     PROGRAM                run every test
//     PROGRAM NAME…          run these
//     PROGRAM --list         name them
//     PROGRAM --here NAME    run one without a process of its own, silent if it passes: for a debugger, and for parts
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

/// Where user space ends: programs run below 3 GiB (natively under `setarch --3gb`).
#define USER_END 0xC0000000u

struct check_test {
    const char* name;
    void (*run)(void);
    bool is_part;
    struct check_test* next;
};

#define TEST(NAME) CHECK_DEFINE(NAME, false)
/// What another test starts by execve of this very program, with --here and this name; not run by itself.
#define PART(NAME) CHECK_DEFINE(NAME, true)
#define CHECK_DEFINE(NAME, IS_PART)                                       \
    static void NAME(void);                                               \
    static struct check_test NAME##_entry = {#NAME, NAME, IS_PART, NULL}; \
    __attribute__((constructor)) static void NAME##_register(void) {      \
        check_register(&NAME##_entry);                                    \
    }                                                                     \
    static void NAME(void)

#define CHECK(CONDITION) check_true(__FILE__, __LINE__, #CONDITION, (CONDITION))
/// Both as signed 64-bit numbers.
#define CHECK_EQ(ACTUAL, WANTED) \
    check_equal(__FILE__, __LINE__, #ACTUAL, (long long)(ACTUAL), (long long)(WANTED))
/// A call that returns -1 with this errno.
#define CHECK_FAILS(CALL, ERROR)                                              \
    ({                                                                        \
        errno = 0;                                                            \
        long long check_result = (long long)(CALL);                           \
        check_fails(__FILE__, __LINE__, #CALL, check_result, errno, (ERROR)); \
    })
/// A call that does not return -1; its value.
#define CHECK_CALL(CALL) (errno = 0, check_call(__FILE__, __LINE__, #CALL, (long)(CALL)))
/// The child ends by exit with this status, or by this signal.
#define CHECK_EXIT(CHILD, STATUS) check_status(__FILE__, __LINE__, #CHILD, wait_status(CHILD), (STATUS) << 8)
#define CHECK_KILLED(CHILD, SIGNAL) \
    check_status(__FILE__, __LINE__, #CHILD, wait_status(CHILD) & ~0x80, (SIGNAL))

void check_register(struct check_test* test);
bool check_true(const char* file, int line, const char* text, bool value);
bool check_equal(const char* file, int line, const char* text, long long actual, long long wanted);
bool check_fails(const char* file, int line, const char* text, long long result, int error, int wanted);
long check_call(const char* file, int line, const char* text, long result);
bool check_status(const char* file, int line, const char* text, int status, int wanted);

/// One line on standard output, in one write.
__attribute__((format(printf, 1, 2))) void say(const char* format, ...);
/// Says why the rest of a test has no sense here, and ends it.
__attribute__((noreturn)) void skip(const char* why);

/// fork() for a child that checks; it must end by end_child(), whose status is 0 if all its checks passed.
pid_t fork_child(void);
__attribute__((noreturn)) void end_child(void);
/// The child's status as waitpid gives it, through interruptions; -1 when there is none.
int wait_status(pid_t child);

/// Whether this is PrimitiveOS, by a file that only it has.
bool on_primitive(void);
/// A number of /proc/meminfo in KiB, or -1.
long meminfo(const char* name);
/// `file`'s contents with a NUL behind, at most `size` - 1 bytes; how many, or -1.
long read_file(const char* file, char* buffer, size_t size);
/// Runs `body(argument)`; whether it took SIGSEGV or SIGBUS, which is then in `fault_info`.
bool faults(void (*body)(void*), void* argument);
extern siginfo_t fault_info;
/// Whether reading (writing, calling) this address faults.
bool read_faults(const volatile void* address);
bool write_faults(volatile void* address);
/// Anonymous private memory of so many pages; a check when there is none.
char* map_pages(size_t pages, int protection);
/// Sleeps at least so long, through signals.
void sleep_ms(int milliseconds);
/// A seeded generator (xorshift64*), for tests that must be repeatable.
uint32_t random_number(uint64_t* state);

/// System calls as they are, without the C library: the result is negative for an error.
static inline long raw6(long number, long a, long b, long c, long d, long e, long f) {
    const long last[2] = {e, f};
    long result;
    __asm__ volatile(
        "pushl %%ebp\n\t"
        "pushl %%edi\n\t"
        "movl 4(%%edi), %%ebp\n\t"
        "movl (%%edi), %%edi\n\t"
        "int $0x80\n\t"
        "popl %%edi\n\t"
        "popl %%ebp"
        : "=a"(result)
        : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(last)
        : "memory", "cc");
    return result;
}
#define raw(...) raw6_from(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define raw6_from(NUMBER, A, B, C, D, E, F, ...) \
    raw6((NUMBER), (long)(A), (long)(B), (long)(C), (long)(D), (long)(E), (long)(F))
