// The stack grows by itself, to its limit and not into its neighbours; so does any MAP_GROWSDOWN region.
#include <sys/resource.h>

#include "check.h"

enum { kGuardGap = 256 };  // pages that Linux leaves between a growing region and the one below

/// Uses about `depth` KiB of stack; returns a sum so that no compiler leaves it out.
__attribute__((noinline)) static unsigned use_stack(unsigned depth) {
    volatile char frame[1024];
    frame[0] = (char)depth;
    frame[1023] = 1;
    unsigned below = depth > 1 ? use_stack(depth - 1) : 0;
    return below + (unsigned)frame[1023];
}

TEST(the_stack_grows) {
    CHECK_EQ(use_stack(4000), 4000);  // about 4 MiB of the 8 that the limit allows
    CHECK_EQ(use_stack(4000), 4000);
}

TEST(a_stack_grows_by_an_access_far_below) {
    char top;
    char* below = (char*)(((uintptr_t)&top & ~(PAGE - 1)) - 1000 * PAGE);
    CHECK_EQ(*below, 0);
    *below = 5;
    CHECK_EQ(*below, 5);
}

__attribute__((noinline)) static int overflow(int depth) {
    volatile char frame[2048];
    frame[0] = (char)depth;
    return depth < INT32_MAX ? overflow(depth + 1) + frame[0] : 0;
}

TEST(endless_recursion_ends_in_sigsegv) {
    pid_t child = fork_child();
    if (child == 0) {
        _exit(overflow(0) & 0);
    }
    CHECK_KILLED(child, SIGSEGV);
}

static char* volatile fault_address;

static void on_overflow(int number, siginfo_t* info, void* context) {
    (void)context;
    fault_address = info->si_addr;
    _exit(number == SIGSEGV ? 3 : 4);
}

TEST(an_overflow_can_be_handled_on_another_stack) {
    pid_t child = fork_child();
    if (child == 0) {
        static char space[64 * 1024];
        stack_t other = {.ss_sp = space, .ss_size = sizeof space};
        CHECK_CALL(sigaltstack(&other, NULL));
        struct sigaction action = {.sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        CHECK_CALL(sigaction(SIGSEGV, &action, NULL));
        _exit(overflow(0) & 0);
    }
    CHECK_EXIT(child, 3);
}

TEST(the_limit_is_kept) {
    struct rlimit limit;
    CHECK_CALL(getrlimit(RLIMIT_STACK, &limit));
    limit.rlim_cur = 256 * 1024;
    CHECK_CALL(setrlimit(RLIMIT_STACK, &limit));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(use_stack(100), 100);
        end_child();
    }
    CHECK_EXIT(child, 0);
    child = fork_child();
    if (child == 0) {
        use_stack(2000);
        end_child();
    }
    CHECK_KILLED(child, SIGSEGV);
}

TEST(a_growing_region_grows) {
    char* area = map_pages(1024, PROT_NONE);
    CHECK_CALL(munmap(area, 1024 * PAGE));
    char* stack = mmap(area + 1000 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    if (!CHECK(stack == area + 1000 * PAGE)) {
        return;
    }
    memset(stack, 1, 4 * PAGE);
    for (int page = 1; page <= 200; ++page) {
        stack[-page * (int)PAGE + 8] = 2;
    }
    CHECK_EQ(stack[-200 * (int)PAGE + 8], 2);
    CHECK_EQ(stack[0], 1);
    CHECK(read_faults(stack + 4 * PAGE));
}

TEST(a_growing_region_stops_at_the_guard_gap) {
    char* area = map_pages(1024, PROT_READ | PROT_WRITE);
    CHECK_CALL(munmap(area + 8 * PAGE, 1016 * PAGE));  // 8 pages stay below
    char* stack = mmap(area + 400 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    if (!CHECK(stack == area + 400 * PAGE)) {
        return;
    }
    size_t grown = 0;
    while (grown < 400 && !write_faults(stack - (grown + 1) * PAGE)) {
        ++grown;
    }
    CHECK_EQ(fault_info.si_signo, SIGSEGV);
    CHECK_EQ(grown, 400 - 8 - kGuardGap);
    CHECK(!write_faults(area + 7 * PAGE));
}

TEST(a_growing_region_is_copied_on_fork) {
    char* area = map_pages(512, PROT_NONE);
    CHECK_CALL(munmap(area, 512 * PAGE));
    char* stack = mmap(area + 500 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    if (!CHECK(stack == area + 500 * PAGE)) {
        return;
    }
    stack[-10] = 1;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(stack[-10], 1);
        stack[-(int)PAGE - 10] = 2;  // grows here only
        stack[-10] = 3;
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(stack[-10], 1);
    CHECK_EQ(stack[-(int)PAGE - 10], 0);
}
