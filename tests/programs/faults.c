// Exceptions, privileged instructions and wild jumps: each ends, or signals, the process that made it, and no other. F3
#include <setjmp.h>
#include <ucontext.h>

#include "check.h"

static sigjmp_buf back;
static siginfo_t info_seen;
static greg_t trap_seen;
static greg_t error_seen;
static uint32_t eip_seen;
static volatile int traps;

static void take(int number, siginfo_t* info, void* context) {
    (void)number;
    ucontext_t* user = context;
    info_seen = *info;
    trap_seen = user->uc_mcontext.gregs[REG_TRAPNO];
    error_seen = user->uc_mcontext.gregs[REG_ERR];
    eip_seen = (uint32_t)user->uc_mcontext.gregs[REG_EIP];
    // TF, AC and DF must not go on in the test.
    siglongjmp(back, 1);
}

static const int kNumbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

static void catch_all(void (*handler)(int, siginfo_t*, void*)) {
    for (size_t i = 0; i < sizeof kNumbers / sizeof *kNumbers; ++i) {
        struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
        sigaction(kNumbers[i], &action, NULL);
    }
}

/// Runs the instruction; the signal that came of it, or 0. At its start is `instruction`, a label.
#define SIGNAL_OF(...)                           \
    ({                                           \
        memset(&info_seen, 0, sizeof info_seen); \
        catch_all(take);                         \
        if (sigsetjmp(back, 1) == 0) {           \
            __asm__ volatile(__VA_ARGS__);       \
        }                                        \
        info_seen.si_signo;                      \
    })

TEST(a_division_by_zero_is_sigfpe) {
    CHECK_EQ(SIGNAL_OF("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" :: : "eax", "ecx", "edx", "cc"),
             SIGFPE);
    CHECK_EQ(info_seen.si_code, FPE_INTDIV);
    CHECK_EQ((uint32_t)info_seen.si_addr, eip_seen);
    CHECK_EQ(trap_seen, 0);
    CHECK_EQ(SIGNAL_OF("movl $0x80000000, %%eax; cltd; movl $-1, %%ecx; idivl %%ecx" :: : "eax", "ecx", "edx",
                       "cc"),
             SIGFPE);
}

TEST(an_unknown_instruction_is_sigill) {
    CHECK_EQ(SIGNAL_OF("ud2"), SIGILL);
    CHECK_EQ(info_seen.si_code, ILL_ILLOPN);
    CHECK_EQ((uint32_t)info_seen.si_addr, eip_seen);
    CHECK_EQ(trap_seen, 6);
    CHECK_EQ(SIGNAL_OF(".byte 0x0F, 0xFF, 0xC0"), SIGILL);
    CHECK_EQ(SIGNAL_OF(".byte 0xF0; nop"), SIGILL);  // lock where it cannot be
}

TEST(a_breakpoint_is_sigtrap_behind_it) {
    CHECK_EQ(SIGNAL_OF("int3"), SIGTRAP);
    CHECK_EQ(info_seen.si_code, SI_KERNEL);
    CHECK_EQ(((const unsigned char*)eip_seen)[-1], 0xCC);
    CHECK_EQ(SIGNAL_OF("int $3"), SIGTRAP);
}

static void count_trap(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    info_seen = *info;
    ++traps;
}

TEST(single_steps_trap_after_each_instruction) {
    catch_all(count_trap);
    traps = 0;
    __asm__ volatile(
        "pushfl; orl $0x100, (%%esp); popfl\n\t"  // it takes effect after the next one
        "nop; nop; nop\n\t"
        "pushfl; andl $~0x100, (%%esp); popfl" ::
            : "memory", "cc");
    CHECK(traps >= 6 && traps <= 7);
    CHECK_EQ(info_seen.si_signo, SIGTRAP);
    CHECK_EQ(info_seen.si_code, TRAP_TRACE);
    // Steps over a system call go on in user space and never in the kernel.
    traps = 0;
    long pid;
    __asm__ volatile(
        "pushfl; orl $0x100, (%%esp); popfl\n\t"
        "int $0x80\n\t"
        "nop\n\t"
        "pushfl; andl $~0x100, (%%esp); popfl"
        : "=a"(pid)
        : "a"(SYS_getpid)
        : "memory", "cc");
    CHECK_EQ(pid, getpid());
    CHECK(traps >= 3 && traps <= 6);
    pid_t child = fork_child();
    if (child == 0) {
        signal(SIGTRAP, SIG_DFL);
        __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop" ::: "memory", "cc");
        _exit(0);
    }
    CHECK_KILLED(child, SIGTRAP);
}

TEST(page_faults_tell_where_and_how) {
    char* memory = map_pages(2, PROT_READ);
    CHECK_EQ(SIGNAL_OF("movb $1, (%0)" ::"r"(memory + 5) : "memory"), SIGSEGV);
    CHECK_EQ(info_seen.si_code, SEGV_ACCERR);
    CHECK(info_seen.si_addr == memory + 5);
    CHECK_EQ(trap_seen, 14);
    CHECK_EQ(error_seen & 6, 6);  // a write, from user mode
    CHECK_CALL(munmap(memory + PAGE, PAGE));
    CHECK_EQ(SIGNAL_OF("movl (%0), %%eax" ::"r"(memory + PAGE - 2) : "eax"), SIGSEGV);
    CHECK_EQ(info_seen.si_code, SEGV_MAPERR);
    CHECK(info_seen.si_addr == memory + PAGE);  // the part that is missing
    CHECK_EQ(error_seen & 6, 4);
    CHECK_EQ(SIGNAL_OF("movl 0, %%eax" :: : "eax"), SIGSEGV);
    CHECK(info_seen.si_addr == NULL);
    CHECK_EQ(info_seen.si_code, SEGV_MAPERR);
}

TEST(the_kernels_memory_is_not_there) {
    static const uint32_t kThere[] = {USER_END,   USER_END + 0x100000, USER_END + 0x101000, 0xE0000000,
                                      0xFF800000, 0xFFC00000,          0xFFFFF000,          0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kThere / sizeof *kThere; ++i) {
        CHECK_EQ(SIGNAL_OF("movb (%0), %%al" ::"r"(kThere[i]) : "eax"), SIGSEGV);
        CHECK_EQ((uint32_t)info_seen.si_addr, kThere[i]);
        CHECK_EQ(info_seen.si_code, SEGV_MAPERR);
        CHECK_EQ(SIGNAL_OF("movb $0, (%0)" ::"r"(kThere[i]) : "memory"), SIGSEGV);
        CHECK_EQ(SIGNAL_OF("pushl $0f; jmp *%0; 0: addl $4, %%esp" ::"r"(kThere[i]) : "memory"), SIGSEGV);
        CHECK_EQ((uint32_t)info_seen.si_addr, kThere[i]);
    }
}

#define CHECK_PRIVILEGED(...)                      \
    do {                                           \
        CHECK_EQ(SIGNAL_OF(__VA_ARGS__), SIGSEGV); \
        CHECK_EQ(info_seen.si_code, SI_KERNEL);    \
        CHECK(info_seen.si_addr == NULL);          \
        CHECK_EQ(trap_seen, 13);                   \
    } while (0)

static uint64_t table[2];

TEST(privileged_instructions_are_sigsegv) {
    CHECK_PRIVILEGED("cli");
    CHECK_PRIVILEGED("sti");
    CHECK_PRIVILEGED("hlt");
    CHECK_PRIVILEGED("inb $0x60, %%al" :: : "eax");
    CHECK_PRIVILEGED("inl %%dx, %%eax" ::"d"(0xCF8) : "eax");
    CHECK_PRIVILEGED("outb %%al, $0x64" ::"a"(0xFE));  // would reset the machine
    CHECK_PRIVILEGED("outl %%eax, %%dx" ::"d"(0xF4), "a"(0));
    CHECK_PRIVILEGED("outw %%ax, %%dx" ::"d"(0x604), "a"(0x2000));  // would switch it off
    CHECK_PRIVILEGED("insb" ::"d"(0x60), "D"(table) : "memory");
    CHECK_PRIVILEGED("outsb" ::"d"(0x80), "S"(table) : "memory");
    CHECK_PRIVILEGED("lgdt (%0)" ::"r"(table));
    CHECK_PRIVILEGED("lidt (%0)" ::"r"(table));
    CHECK_PRIVILEGED("lldt %%ax" ::"a"(0));
    CHECK_PRIVILEGED("ltr %%ax" ::"a"(8));
    CHECK_PRIVILEGED("lmsw %%ax" ::"a"(0));
    CHECK_PRIVILEGED("clts");
    CHECK_PRIVILEGED("movl %%cr0, %%eax" :: : "eax");
    CHECK_PRIVILEGED("movl %%eax, %%cr0" ::"a"(0));
    CHECK_PRIVILEGED("movl %%cr2, %%eax" :: : "eax");
    CHECK_PRIVILEGED("movl %%eax, %%cr3" ::"a"(0));
    CHECK_PRIVILEGED("movl %%eax, %%cr4" ::"a"(0));
    CHECK_PRIVILEGED("movl %%dr7, %%eax" :: : "eax");
    CHECK_PRIVILEGED("movl %%eax, %%dr0" ::"a"(0));
    CHECK_PRIVILEGED("invlpg (%0)" ::"r"(table));
    CHECK_PRIVILEGED("invd");
    CHECK_PRIVILEGED("wbinvd");
    CHECK_PRIVILEGED("rdmsr" ::"c"(0x1B) : "eax", "edx");
    CHECK_PRIVILEGED("wrmsr" ::"c"(0x1B), "a"(0), "d"(0));
}

TEST(bad_selectors_are_sigsegv) {
    CHECK_EQ(SIGNAL_OF("movw %%ax, %%ds" ::"a"(0xFFF8)), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("movw %%ax, %%ss" ::"a"(0)), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("movw %%ax, %%es" ::"a"(0x7FF4)), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("ljmp $8, $0"), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("ljmp $0, $0"), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("lcall $7, $0"), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("lcall $0xFFFB, $0"), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("pushl $8; pushl $0; lret"), SIGSEGV);
    CHECK_EQ(SIGNAL_OF("pushl $0x10; pushl $0; pushl $0x202; pushl $8; pushl $0; iret"), SIGSEGV);
    // A null selector may be loaded, and not be used; QEMU's emulated processor does not look.
    int null_segment =
        SIGNAL_OF("pushl %%ds; movw %%ax, %%ds; movl (%%ecx), %%edx; popl %%ds" ::"a"(0), "c"(table) : "edx");
    CHECK(null_segment == SIGSEGV || (null_segment == 0 && on_primitive()));
    __asm__ volatile("pushl %ss; popl %ds");
}

/// int N for every N: written into code, for the number is part of it.
TEST(every_interrupt_number) {
    unsigned char* code = (unsigned char*)map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    code[0] = 0xCD;
    code[2] = 0xC3;
    for (int number = 0; number < 256; ++number) {
        code[1] = (unsigned char)number;
        int got = SIGNAL_OF("call *%1" : : "a"(SYS_getpid), "r"(code) : "ecx", "edx", "memory", "cc");
        if (number == 0x80) {
            CHECK_EQ(got, 0);
        } else if (number == 3) {
            CHECK_EQ(got, SIGTRAP);
        } else if (!CHECK_EQ(got, SIGSEGV)) {
            say("  for int %#x", (unsigned)number);
        }
    }
}

TEST(other_ways_into_the_kernel_are_closed_or_work) {
    // sysenter and syscall may be there or not; what they do then is exit(5).
    for (int way = 0; way < 2; ++way) {
        pid_t child = fork_child();
        if (child == 0) {
            if (way == 0) {
                __asm__ volatile("movl %%esp, %%ebp; sysenter; ud2" ::"a"(SYS_exit), "b"(5));
            } else {
                __asm__ volatile(
                    "movl %%ebx, %%ecx; movl %%esp, %%ebp; .byte 0x0F, 0x05; ud2" ::"a"(SYS_exit), "b"(5)
                    : "ecx");
            }
            _exit(1);
        }
        int status = wait_status(child) & ~0x80;
        CHECK(status == 5 << 8 || status == SIGSEGV || status == SIGILL);
    }
    // sysenter with a stack that is not there.
    pid_t child = fork_child();
    if (child == 0) {
        __asm__ volatile("movl $0xFFFFFFF0, %%ebp; movl %%ebp, %%esp; sysenter" ::"a"(SYS_getpid));
    }
    int status = wait_status(child) & ~0x80;
    CHECK(status == SIGSEGV || status == SIGILL || status == SIGBUS);
}

TEST(wild_jumps_are_sigsegv) {
    char* memory = map_pages(2, PROT_NONE);
    const uint32_t places[] = {0, 1, 0x1000, (uint32_t)memory, USER_END - 1, USER_END - 0x1000, 0xFFFF0FF0};
    for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
        CHECK_EQ(SIGNAL_OF("pushl $0f; jmp *%0; 0: addl $4, %%esp" ::"r"(places[i]) : "memory"), SIGSEGV);
        CHECK_EQ((uint32_t)info_seen.si_addr, places[i]);
        CHECK_EQ(eip_seen, places[i]);
    }
    // An instruction whose second half is not there.
    unsigned char* code = (unsigned char*)map_pages(2, PROT_READ | PROT_WRITE | PROT_EXEC);
    CHECK_CALL(munmap(code + PAGE, PAGE));
    code[PAGE - 1] = 0xB8;  // movl $…, %eax
    CHECK_EQ(SIGNAL_OF("pushl $0f; jmp *%0; 0: addl $4, %%esp" ::"r"(code + PAGE - 1) : "memory", "eax"),
             SIGSEGV);
    CHECK(info_seen.si_addr == code + PAGE);
}

TEST(an_x87_exception_is_sigfpe) {
    static const uint16_t kUnmasked = 0x37B;  // division by zero
    CHECK_EQ(SIGNAL_OF("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(kUnmasked) : "memory"), SIGFPE);
    CHECK_EQ(info_seen.si_code, FPE_FLTDIV);
    CHECK_EQ(trap_seen, 16);
    __asm__ volatile("fninit");
}

TEST(an_sse_exception_is_sigfpe) {
    static const uint32_t kUnmasked = 0x1D80;  // division by zero
    static const uint32_t kMasked = 0x1F80;
    int got = SIGNAL_OF(
        "ldmxcsr %0; xorps %%xmm1, %%xmm1; movl $0x3F800000, %%eax; movd %%eax, %%xmm0; divss %%xmm1, "
        "%%xmm0" ::"m"(kUnmasked) : "eax");
    __asm__ volatile("ldmxcsr %0" ::"m"(kMasked));
    if (got == 0 && on_primitive()) {
        skip("the emulated processor raises no SSE exceptions");
    }
    CHECK_EQ(got, SIGFPE);
    CHECK_EQ(info_seen.si_code, FPE_FLTDIV);
    CHECK_EQ(trap_seen, 19);
}

TEST(without_a_handler_they_kill) {
    static const struct {
        unsigned char code[4];
        int number;
    } kCases[] = {
        {{0x0F, 0x0B}, SIGILL}, {{0xF4}, SIGSEGV},          {{0xCC}, SIGTRAP},
        {{0xFA}, SIGSEGV},      {{0xA1, 0, 0, 0}, SIGSEGV},
    };
    unsigned char* code = (unsigned char*)map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i) {
        memset(code, 0, 16);
        memcpy(code, kCases[i].code, 4);
        // By default, ignored, and blocked: an exception cannot be put off.
        for (int how = 0; how < 3; ++how) {
            pid_t child = fork_child();
            if (child == 0) {
                if (how == 1) {
                    signal(kCases[i].number, SIG_IGN);
                } else if (how == 2) {
                    sigset_t all;
                    sigfillset(&all);
                    sigprocmask(SIG_BLOCK, &all, NULL);
                }
                ((void (*)(void))code)();
                _exit(0);
            }
            CHECK_KILLED(child, kCases[i].number);
        }
    }
}

TEST(the_time_stamp_counter_can_be_read) {
    uint32_t low;
    CHECK_EQ(SIGNAL_OF("rdtsc" : "=a"(low)::"edx"), 0);
}
