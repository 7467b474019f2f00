// The x87 and SSE registers belong to each thread: over preemption, system calls, signals and fork; execve resets them.
#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <ucontext.h>

#include "check.h"

struct state {
    uint16_t control;
    uint32_t mxcsr;
    uint32_t xmm[8][4];
    double x87[4];
};

/// Loads all of it, runs `count` rounds of work without touching it, and stores it again.
static void keep(struct state* state, uint32_t rounds, bool calls) {
    long number = calls ? SYS_sched_yield : -1;
    __asm__ volatile(
        "fninit\n\t"
        "fldcw (%[state])\n\t"
        "ldmxcsr 4(%[state])\n\t"
        "movups 8(%[state]), %%xmm0\n\t"
        "movups 24(%[state]), %%xmm1\n\t"
        "movups 40(%[state]), %%xmm2\n\t"
        "movups 56(%[state]), %%xmm3\n\t"
        "movups 72(%[state]), %%xmm4\n\t"
        "movups 88(%[state]), %%xmm5\n\t"
        "movups 104(%[state]), %%xmm6\n\t"
        "movups 120(%[state]), %%xmm7\n\t"
        "fldl 136(%[state])\n\t"
        "fldl 144(%[state])\n\t"
        "fldl 152(%[state])\n\t"
        "fldl 160(%[state])\n"
        "1:\n\t"
        "movl %[number], %%eax\n\t"
        "testl %%eax, %%eax\n\t"
        "js 2f\n\t"
        "int $0x80\n"
        "2:\n\t"
        "decl %[rounds]\n\t"
        "jnz 1b\n\t"
        "fstpl 160(%[state])\n\t"
        "fstpl 152(%[state])\n\t"
        "fstpl 144(%[state])\n\t"
        "fstpl 136(%[state])\n\t"
        "movups %%xmm0, 8(%[state])\n\t"
        "movups %%xmm1, 24(%[state])\n\t"
        "movups %%xmm2, 40(%[state])\n\t"
        "movups %%xmm3, 56(%[state])\n\t"
        "movups %%xmm4, 72(%[state])\n\t"
        "movups %%xmm5, 88(%[state])\n\t"
        "movups %%xmm6, 104(%[state])\n\t"
        "movups %%xmm7, 120(%[state])\n\t"
        "fnstcw (%[state])\n\t"
        "stmxcsr 4(%[state])\n\t"
        "fninit"
        : [rounds] "+r"(rounds)
        : [state] "r"(state), [number] "r"(number)
        : "eax", "memory", "cc");
    uint32_t normal = 0x1F80;
    __asm__ volatile("ldmxcsr %0" ::"m"(normal));
}

static struct state make(uint32_t seed) {
    struct state state = {.control = (uint16_t)(0x37F ^ (seed % 4) << 10),
                          .mxcsr = 0x1F80 ^ (seed % 4) << 13};
    uint64_t random = seed + 1;
    for (size_t i = 0; i < 32; ++i) {
        state.xmm[i / 4][i % 4] = random_number(&random);
    }
    for (size_t i = 0; i < 4; ++i) {
        state.x87[i] = (double)seed * 1.5 + (double)i;
    }
    return state;
}

static bool same(struct state* left, struct state* right) {
    return memcmp(left, right, sizeof *left) == 0;
}

TEST(the_layout_is_as_the_instructions_have_it) {
    CHECK_EQ(offsetof(struct state, mxcsr), 4);
    CHECK_EQ(offsetof(struct state, xmm), 8);
    CHECK_EQ(offsetof(struct state, x87), 136);
    struct state state = make(3);
    struct state before = state;
    keep(&state, 1, false);
    CHECK(same(&state, &before));
}

TEST(computing_processes_keep_their_own) {
    enum { kChildren = 4 };
    pid_t children[kChildren];
    for (uint32_t i = 0; i < kChildren; ++i) {
        children[i] = fork_child();
        if (children[i] == 0) {
            for (uint32_t round = 0; round < 20; ++round) {
                struct state state = make(i * 100 + round);
                struct state before = state;
                keep(&state, 500000, false);  // several turns long
                CHECK(same(&state, &before));
            }
            end_child();
        }
    }
    for (uint32_t i = 0; i < kChildren; ++i) {
        CHECK_EXIT(children[i], 0);
    }
}

TEST(system_calls_and_switches_keep_it) {
    enum { kChildren = 3 };
    pid_t children[kChildren];
    for (uint32_t i = 0; i < kChildren; ++i) {
        children[i] = fork_child();
        if (children[i] == 0) {
            for (uint32_t round = 0; round < 20; ++round) {
                struct state state = make(i * 100 + round);
                struct state before = state;
                keep(&state, 200, true);
                CHECK(same(&state, &before));
            }
            end_child();
        }
    }
    for (uint32_t i = 0; i < kChildren; ++i) {
        CHECK_EXIT(children[i], 0);
    }
}

TEST(fork_copies_it) {
    uint32_t pattern[4] = {1, 2, 3, 0xFFFFFFFF};
    uint32_t seen[4] = {0};
    uint16_t control = 0x77F;
    uint16_t control_seen = 0;
    uint32_t mxcsr = 0x3F80;
    uint32_t mxcsr_seen = 0;
    long pid;
    __asm__ volatile(
        "movups %[pattern], %%xmm5; fldcw %[control]; ldmxcsr %[mxcsr]\n\t"
        "int $0x80\n\t"
        "movups %%xmm5, %[seen]; fnstcw %[control_seen]; stmxcsr %[mxcsr_seen]"
        : "=a"(pid), [seen] "=m"(seen), [control_seen] "=m"(control_seen), [mxcsr_seen] "=m"(mxcsr_seen)
        : "a"(SYS_fork), [pattern] "m"(pattern), [control] "m"(control), [mxcsr] "m"(mxcsr)
        : "memory");
    bool good = memcmp(seen, pattern, 16) == 0 && control_seen == control && mxcsr_seen == mxcsr;
    if (pid == 0) {
        _exit(good ? 0 : 1);
    }
    CHECK(good);
    CHECK_EXIT((pid_t)pid, 0);
}

static void clobber(int number) {
    (void)number;
    // A handler starts with a clean x87 and may use everything.
    __asm__ volatile(
        "fninit; fld1; fld1; fld1; fld1; fld1; pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm3; movaps %%xmm0, "
        "%%xmm7" ::
            : "memory");
}

TEST(a_handler_does_not_disturb_it) {
    signal(SIGALRM, clobber);
    pid_t parent = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        for (int i = 0; i < 300; ++i) {
            kill(parent, SIGALRM);
            sched_yield();
        }
        _exit(0);
    }
    size_t wrong = 0;
    for (uint32_t round = 0; round < 60; ++round) {
        struct state state = make(round);
        struct state before = state;
        keep(&state, 300000, false);
        wrong += !same(&state, &before);
    }
    CHECK_EQ(wrong, 0);
    CHECK_EXIT(child, 0);
}

static void change_xmm(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)info;
    // FXSAVE's area follows the 112 bytes of the old layout; xmm0 is at 160 in it.
    ucontext_t* user = context;
    char* extended = (char*)user->uc_mcontext.fpregs + 112;
    if (CHECK(user->uc_mcontext.fpregs != NULL)) {
        uint32_t value[4];
        memcpy(value, extended + 160, 16);
        CHECK_EQ(value[0], 0x11111111);
        memset(value, 0x22, 16);
        memcpy(extended + 160, value, 16);
    }
}

TEST(a_handler_sees_and_changes_it_in_its_frame) {
    struct sigaction action = {.sa_sigaction = change_xmm, .sa_flags = SA_SIGINFO};
    CHECK_CALL(sigaction(SIGUSR1, &action, NULL));
    uint32_t pattern[4] = {0x11111111, 0x11111111, 0x11111111, 0x11111111};
    uint32_t seen[4] = {0};
    long result;
    __asm__ volatile("movups %[pattern], %%xmm0; int $0x80; movups %%xmm0, %[seen]"
                     : "=a"(result), [seen] "=m"(seen)
                     : "a"(SYS_kill), "b"(getpid()), "c"(SIGUSR1), [pattern] "m"(pattern)
                     : "memory");
    CHECK_EQ(seen[0], 0x22222222);
    CHECK_EQ(seen[3], 0x22222222);
}

TEST(a_new_program_starts_clean) {
    uint16_t control = 0x77F;
    uint32_t mxcsr = 0x3F80;
    pid_t child = fork_child();
    if (child == 0) {
        __asm__ volatile("fldcw %0; ldmxcsr %1" ::"m"(control), "m"(mxcsr));
        execl("/proc/self/exe", "fpu", "--here", "after_execve", NULL);
        _exit(99);
    }
    CHECK_EXIT(child, 0);
}

PART(after_execve) {
    uint16_t control = 0;
    uint32_t mxcsr = 0;
    __asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
    CHECK_EQ(control, 0x37F);
    CHECK_EQ(mxcsr, 0x1F80);
}

TEST(rounding_modes_are_each_ones_own) {
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(fesetround(FE_UPWARD), 0);
        for (int round = 0; round < 200; ++round) {
            volatile double third = 1.0;
            third /= 3.0;
            sched_yield();
            CHECK_EQ(fegetround(), FE_UPWARD);
        }
        end_child();
    }
    for (int round = 0; round < 200; ++round) {
        CHECK_EQ(fegetround(), FE_TONEAREST);
        CHECK(fabs(sin(1.0) - 0.8414709848078965) < 1e-12);
        sched_yield();
    }
    CHECK_EXIT(child, 0);
}
