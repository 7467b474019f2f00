// sigreturn with frames that no kernel wrote: bad selectors, privileged flags, addresses of the kernel, no frame at all.
// Whatever they say, they hurt only the process that forged them.
#include <setjmp.h>
#include <ucontext.h>

#include "check.h"

/// What the next handler does to its frame.
static void (*volatile forge)(ucontext_t*);
static volatile uint32_t forged_value;
static volatile int forged_register;

static void on_signal(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)info;
    if (forge != NULL) {
        forge(context);
    }
}

static void set_register(ucontext_t* context) {
    context->uc_mcontext.gregs[forged_register] = (greg_t)forged_value;
}

/// How a child ends whose handler returns with `number` (REG_…) being `value`: its wait status. It exits with 0 if it
/// lives on, its flags being harmless.
static int with_register(int number, uint32_t value) {
    pid_t child = fork_child();
    if (child == 0) {
        struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
        CHECK_CALL(sigaction(SIGUSR1, &action, NULL));
        forge = set_register;
        forged_register = number;
        forged_value = value;
        raw(SYS_kill, raw(SYS_getpid), SIGUSR1);
        uint32_t flags;
        __asm__ volatile("pushfl; popl %0; pushl $2; popfl" : "=r"(flags)::"memory", "cc");
        // Neither I/O privilege nor virtual 8086 mode, and interrupts on.
        _exit((flags & 0x3000) == 0 && (flags & 0x20000) == 0 && (flags & 0x200) != 0 ? 0 : 1);
    }
    return wait_status(child) & ~0x80;
}

static uint32_t own_cs(void) {
    uint32_t selector;
    __asm__("movl %%cs, %0" : "=r"(selector));
    return selector;
}

static uint32_t own_ss(void) {
    uint32_t selector;
    __asm__("movl %%ss, %0" : "=r"(selector));
    return selector;
}

TEST(an_unchanged_frame_returns) {
    CHECK_EQ(with_register(REG_TRAPNO, 5), 0);
    CHECK_EQ(with_register(REG_CS, own_cs()), 0);
    CHECK_EQ(with_register(REG_SS, own_ss()), 0);
}

TEST(a_bad_code_selector_is_sigsegv) {
    static const uint32_t kBad[] = {0, 3, 0xFFFF, 0xFFF8, 0x100, 0x7FFF, 0x4, 0x7, 0xF, 0xDEAD0000};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        CHECK_EQ(with_register(REG_CS, kBad[i]), SIGSEGV);
    }
    CHECK_EQ(with_register(REG_CS, own_ss()), SIGSEGV);  // data is no code
    for (uint32_t selector = 0; selector < 0x100; ++selector) {
        if ((selector | 3) == own_cs() || (!on_primitive() && (selector | 3) == 0x33)) {
            continue;  // the program's own; and the 64-bit host's 64-bit code
        }
        CHECK_EQ(with_register(REG_CS, selector), SIGSEGV);
    }
}

TEST(a_bad_stack_selector_hurts_only_its_process) {
    for (uint32_t selector = 0; selector < 0x100; ++selector) {
        if ((selector | 3) != own_ss()) {
            int status = with_register(REG_SS, selector);
            CHECK(status == 0 || status == SIGSEGV || status == SIGBUS);
        }
    }
    CHECK_EQ(with_register(REG_SS, 0xFFFF), SIGSEGV);
    CHECK_EQ(with_register(REG_SS, own_cs()), SIGSEGV);  // code is no stack
}

TEST(bad_data_selectors_hurt_only_their_process) {
    static const int kRegisters[] = {REG_DS, REG_ES, REG_FS, REG_GS};
    for (size_t i = 0; i < 4; ++i) {
        for (uint32_t selector = 0; selector < 0x100; selector += 1 + selector / 0x40) {
            int status = with_register(kRegisters[i], selector);
            CHECK(status == 0 || status == SIGSEGV);
        }
        int status = with_register(kRegisters[i], 0xFFFF);
        CHECK(status == 0 || status == SIGSEGV);
    }
}

TEST(privileged_flags_are_not_taken) {
    CHECK_EQ(with_register(REG_EFL, 0x3202), 0);  // IOPL 3
    CHECK_EQ(with_register(REG_EFL, 0x2), 0);     // interrupts off
    CHECK_EQ(with_register(REG_EFL, 0), 0);
    CHECK_EQ(with_register(REG_EFL, 0x20202), 0);   // virtual 8086 mode
    CHECK_EQ(with_register(REG_EFL, 0x4202), 0);    // nested task
    CHECK_EQ(with_register(REG_EFL, 0x180202), 0);  // virtual interrupts
    CHECK_EQ(with_register(REG_EFL, 0x10202), 0);   // resume
    int status = with_register(REG_EFL, 0xFFFFFFFF);
    CHECK(status == SIGTRAP || status == SIGSEGV || status == SIGBUS);
    CHECK_EQ(with_register(REG_EFL, 0x302), SIGTRAP);  // single steps: allowed, and fatal
}

TEST(an_instruction_pointer_anywhere_is_sigsegv) {
    static const uint32_t kBad[] = {
        0, 1, 0xFFF, USER_END - 1, USER_END, USER_END + 0x100000, 0xE0000000, 0xFFFFF000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        CHECK_EQ(with_register(REG_EIP, kBad[i]), SIGSEGV);
    }
}

TEST(a_stack_pointer_anywhere_hurts_only_its_process) {
    static const uint32_t kBad[] = {0,          4,          0xFFC,     USER_END - 4, USER_END, USER_END + 4,
                                    0xE0000000, 0xFFFFFFFC, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        // The kernel takes UESP or ESP; either way the next push ends it, or nothing was taken.
        int status = with_register(REG_UESP, kBad[i]);
        CHECK(status == SIGSEGV || status == SIGBUS || status == 0);
        status = with_register(REG_ESP, kBad[i]);
        CHECK(status == SIGSEGV || status == SIGBUS);
    }
}

static void bad_fpu_pointer(ucontext_t* context) {
    context->uc_mcontext.fpregs = (fpregset_t)forged_value;
}

TEST(an_fpu_state_anywhere_hurts_only_its_process) {
    static const uint32_t kBad[] = {4, 0x1001, USER_END - 8, USER_END, 0xE0000010, 0xFFFFFFF0, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        pid_t child = fork_child();
        if (child == 0) {
            struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
            sigaction(SIGUSR1, &action, NULL);
            forge = bad_fpu_pointer;
            forged_value = kBad[i];
            raw(SYS_kill, raw(SYS_getpid), SIGUSR1);
            _exit(0);
        }
        int status = wait_status(child) & ~0x80;
        CHECK(status == SIGSEGV || status == 0);
    }
}

/// All ones is an FPU state that FXRSTOR would refuse with #GP (reserved bits of MXCSR): in the kernel, if let.
static void bad_fpu_state(ucontext_t* context) {
    if (context->uc_mcontext.fpregs != NULL) {
        memset(context->uc_mcontext.fpregs, 0xFF, 112);
        char* extended = (char*)context->uc_mcontext.fpregs + 112;
        if (forged_value != 0) {
            memset(extended, 0xFF, 32);  // MXCSR is in here
        }
    }
}

TEST(an_impossible_fpu_state_hurts_only_its_process) {
    for (uint32_t all = 0; all < 2; ++all) {
        pid_t child = fork_child();
        if (child == 0) {
            struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
            sigaction(SIGUSR1, &action, NULL);
            forge = bad_fpu_state;
            forged_value = all;
            raw(SYS_kill, raw(SYS_getpid), SIGUSR1);
            raw(SYS_getpid);
            raw(SYS_exit, 0);
        }
        int status = wait_status(child) & ~0x80;
        CHECK(status == 0 || status == SIGSEGV || status == SIGFPE);
    }
}

/// sigreturn with the stack pointer as it is given: no handler, no frame.
__attribute__((noreturn)) static void return_from(long number, uint32_t stack) {
    __asm__ volatile("movl %0, %%esp; int $0x80; ud2" ::"r"(stack), "a"(number) : "memory");
    __builtin_unreachable();
}

TEST(a_frame_that_is_not_there_is_sigsegv) {
    static const uint32_t kBad[] = {0,        4,          0x1003,     USER_END - 4, USER_END - 100,
                                    USER_END, 0xE0000000, 0xFFFFFFF0, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        for (int which = 0; which < 2; ++which) {
            pid_t child = fork_child();
            if (child == 0) {
                return_from(which == 0 ? SYS_sigreturn : SYS_rt_sigreturn, kBad[i]);
            }
            CHECK_KILLED(child, SIGSEGV);
        }
    }
    // The frame ends where memory ends.
    char* memory = map_pages(2, PROT_READ | PROT_WRITE);
    CHECK_CALL(munmap(memory + PAGE, PAGE));
    for (uint32_t left = 0; left < 400; left += 37) {
        for (int which = 0; which < 2; ++which) {
            pid_t child = fork_child();
            if (child == 0) {
                return_from(which == 0 ? SYS_sigreturn : SYS_rt_sigreturn, (uint32_t)memory + PAGE - left);
            }
            CHECK_KILLED(child, SIGSEGV);
        }
    }
}

TEST(random_frames_hurt_only_their_process) {
    uint64_t state = 20240607;
    char* memory = map_pages(4, PROT_READ | PROT_WRITE);
    for (int round = 0; round < 300; ++round) {
        uint32_t mostly_zero = random_number(&state) % 3;
        for (size_t at = 0; at < 4 * PAGE; at += 4) {
            uint32_t word = random_number(&state);
            // Of full noise nothing but the selectors is ever looked at.
            if (mostly_zero == 1 && word % 4 != 0) {
                word = 0;
            } else if (mostly_zero == 2) {
                word = word % 2 == 0 ? own_ss() : own_cs();
            }
            memcpy(memory + at, &word, 4);
        }
        pid_t child = fork_child();
        if (child == 0) {
            return_from(round % 2 == 0 ? SYS_sigreturn : SYS_rt_sigreturn,
                        (uint32_t)memory + random_number(&state) % 64 * 4);
        }
        int status = wait_status(child);
        if ((status & 0x7F) == 0 || (status & 0x7F) == 0x7F) {
            CHECK_EQ(status, SIGSEGV);  // nothing that was in there ends well
        }
    }
    CHECK(true);
}

TEST(a_signal_without_a_stack_is_sigsegv) {
    static const uint32_t kBad[] = {0, 8, 0x100000, USER_END, USER_END + 64, 0xE0000000, 0xFFFFFFF0};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        pid_t child = fork_child();
        if (child == 0) {
            struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
            CHECK_CALL(sigaction(SIGUSR1, &action, NULL));
            CHECK_CALL(sigaction(SIGSEGV, &action, NULL));  // there is no stack for this one, either
            __asm__ volatile("movl %0, %%esp; int $0x80; ud2" ::"r"(kBad[i]), "a"(SYS_kill), "b"(getpid()),
                             "c"(SIGUSR1)
                             : "memory");
        }
        CHECK_KILLED(child, SIGSEGV);
    }
}

TEST(a_read_only_stack_is_sigsegv) {
    char* memory = map_pages(1, PROT_READ);
    pid_t child = fork_child();
    if (child == 0) {
        struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
        CHECK_CALL(sigaction(SIGUSR1, &action, NULL));
        __asm__ volatile("movl %0, %%esp; int $0x80; ud2" ::"r"(memory + PAGE), "a"(SYS_kill), "b"(getpid()),
                         "c"(SIGUSR1)
                         : "memory");
    }
    CHECK_KILLED(child, SIGSEGV);
}

static void unknown_handler(void) {
    pid_t child = fork_child();
    if (child == 0) {
        signal(SIGUSR1, (void (*)(int))forged_value);
        raise(SIGUSR1);
        end_child();
    }
    CHECK_KILLED(child, SIGSEGV);
}

TEST(a_handler_anywhere_is_sigsegv) {
    static const uint32_t kBad[] = {2, 0x1000, USER_END, 0xE0000000, 0xFFFFFFFE};
    for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i) {
        forged_value = kBad[i];
        unknown_handler();
    }
}

static sigjmp_buf back;
static volatile int bounces;

static void bounce(int number) {
    (void)number;
    ++bounces;
    siglongjmp(back, 1);
}

TEST(handlers_that_never_return_are_no_leak) {
    signal(SIGUSR1, bounce);
    for (volatile int round = 0; round < 1000; ++round) {
        if (sigsetjmp(back, 1) == 0) {
            raw(SYS_kill, raw(SYS_getpid), SIGUSR1);
        }
    }
    CHECK_EQ(bounces, 1000);
}
