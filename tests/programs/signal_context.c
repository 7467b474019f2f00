// What a handler runs on and returns to: stacks, contexts it may change, registers it must leave as they were.
#include <ucontext.h>

#include "check.h"

static volatile int count;

static void on_signal(int number) {
    (void)number;
    ++count;
}

static char* volatile handler_stack;

static void note_stack(int number) {
    char here = (char)number;
    handler_stack = &here;
    stack_t now;
    CHECK_CALL(sigaltstack(NULL, &now));
    CHECK_EQ(now.ss_flags, SS_ONSTACK);
    CHECK_FAILS(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), EPERM);
}

TEST(a_handler_can_have_its_own_stack) {
    static char space[32768];
    stack_t stack = {.ss_sp = space, .ss_size = sizeof space};
    stack_t old;
    CHECK_CALL(sigaltstack(&stack, &old));
    CHECK(old.ss_flags & SS_DISABLE);
    struct sigaction action = {.sa_handler = note_stack, .sa_flags = SA_ONSTACK};
    CHECK_CALL(sigaction(SIGUSR1, &action, NULL));
    kill(getpid(), SIGUSR1);
    CHECK(handler_stack >= space && handler_stack < space + sizeof space);
    CHECK_CALL(sigaltstack(NULL, &old));
    CHECK(old.ss_sp == space && old.ss_size == sizeof space && old.ss_flags == 0);
    stack.ss_size = 100;
    CHECK_FAILS(sigaltstack(&stack, NULL), ENOMEM);
    stack.ss_flags = 0x100;
    CHECK_FAILS(sigaltstack(&stack, NULL), EINVAL);
    stack = (stack_t){.ss_flags = SS_DISABLE};
    CHECK_CALL(sigaltstack(&stack, NULL));
    CHECK_CALL(sigaltstack(NULL, &old));
    CHECK(old.ss_flags & SS_DISABLE);
}

static void change_context(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)info;
    ucontext_t* user = context;
    user->uc_mcontext.gregs[REG_EBX] = 0x12345678;
    user->uc_mcontext.gregs[REG_EIP] += 2;  // over the ud2
    CHECK(sigismember(&user->uc_sigmask, SIGHUP));
    sigdelset(&user->uc_sigmask, SIGHUP);
    CHECK_EQ(user->uc_mcontext.gregs[REG_ESI], 0x5151);
}

TEST(a_handler_can_change_where_it_returns_to) {
    struct sigaction action = {.sa_sigaction = change_context, .sa_flags = SA_SIGINFO};
    CHECK_CALL(sigaction(SIGILL, &action, NULL));
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    CHECK_CALL(sigprocmask(SIG_BLOCK, &hangup, NULL));
    uint32_t ebx = 0;
    uint32_t esi = 0x5151;
    __asm__ volatile("ud2" : "+b"(ebx), "+S"(esi)::"memory", "cc");
    CHECK_EQ(ebx, 0x12345678);
    CHECK_EQ(esi, 0x5151);
    sigset_t now;
    CHECK_CALL(sigprocmask(SIG_BLOCK, NULL, &now));
    CHECK(!sigismember(&now, SIGHUP));
}

TEST(registers_and_flags_survive_a_handler) {
    signal(SIGUSR1, on_signal);
    uint32_t wrong;
    long pid = getpid();
    __asm__ volatile(
        "pushl %%ebp\n\t"
        "movl $0x11111111, %%edx\n\t"
        "movl $0x22222222, %%esi\n\t"
        "movl $0x33333333, %%edi\n\t"
        "movl $0x44444444, %%ebp\n\t"
        "movl %[kill], %%eax\n\t"
        "stc\n\t"
        "std\n\t"
        "int $0x80\n\t"  // the handler runs here, with DF clear
        "movl $0, %%eax\n\t"
        "adcl $0, %%eax\n\t"  // carry is still set
        "cld\n\t"
        "xorl $1, %%eax\n\t"
        "xorl $0x11111111, %%edx\n\t"
        "orl %%edx, %%eax\n\t"
        "xorl $0x22222222, %%esi\n\t"
        "orl %%esi, %%eax\n\t"
        "xorl $0x33333333, %%edi\n\t"
        "orl %%edi, %%eax\n\t"
        "xorl $0x44444444, %%ebp\n\t"
        "orl %%ebp, %%eax\n\t"
        "popl %%ebp"
        : "=&a"(wrong), "+b"(pid)
        : "c"(SIGUSR1), [kill] "i"(SYS_kill)
        : "edx", "esi", "edi", "memory", "cc");
    CHECK_EQ(wrong, 0);
    CHECK_EQ(count, 1);
}

/// As the kernel has it; sa_restorer is the C library's way back.
struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask[2];
};

TEST(a_handler_returns_without_a_restorer) {
    const struct kernel_action action = {on_signal, 0, NULL, {0, 0}};
    CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8), 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 1);
    CHECK_EQ(raw(SYS_signal, SIGUSR2, on_signal), 0);
    kill(getpid(), SIGUSR2);
    CHECK_EQ(count, 2);
    CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4), -EINVAL);
}
