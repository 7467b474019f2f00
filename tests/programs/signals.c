// Signals: who gets them, when, with what told, nested how, and what execve keeps.
#include "signal_notes.h"

static void unblock(int number) {
    sigset_t set = set_of(number);
    CHECK_CALL(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(a_handler_runs_for_each_signal) {
    for (int number = 1; number <= 64; ++number) {
        if (number == SIGKILL || number == SIGSTOP || number == 32 || number == 33) {
            continue;  // two are the C library's
        }
        handle(number, 0);
        count = 0;
        CHECK_CALL(kill(getpid(), number));
        CHECK_EQ(count, 1);
        CHECK_EQ(last, number);
    }
}

TEST(siginfo_tells_who_sent_it) {
    handle(SIGUSR1, SA_SIGINFO);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(last_info.si_signo, SIGUSR1);
    CHECK_EQ(last_info.si_code, SI_USER);
    CHECK_EQ(last_info.si_pid, getpid());
    CHECK_EQ(last_info.si_uid, getuid());
    CHECK_CALL(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
    CHECK_EQ(last_info.si_code, SI_TKILL);
    CHECK_CALL(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77}));
    CHECK_EQ(last_info.si_code, SI_QUEUE);
    CHECK_EQ(last_info.si_value.sival_int, 77);
    pid_t child = fork_child();
    if (child == 0) {
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(last_info.si_pid, child);
    CHECK_EQ(count, 4);
    CHECK_FAILS(syscall(SYS_tgkill, getpid(), 99999, SIGUSR1), ESRCH);
    CHECK_FAILS(syscall(SYS_tgkill, 1, getpid(), SIGUSR1), ESRCH);
    CHECK_FAILS(syscall(SYS_tgkill, -1, getpid(), SIGUSR1), EINVAL);
}

TEST(a_childs_end_is_told) {
    handle(SIGCHLD, SA_SIGINFO);
    pid_t child = fork_child();
    if (child == 0) {
        _exit(9);
    }
    CHECK_EXIT(child, 9);
    CHECK_EQ(count, 1);
    CHECK_EQ(last_info.si_code, CLD_EXITED);
    CHECK_EQ(last_info.si_pid, child);
    CHECK_EQ(last_info.si_status, 9);
    child = fork_child();
    if (child == 0) {
        raise(SIGTERM);
    }
    CHECK_KILLED(child, SIGTERM);
    CHECK_EQ(last_info.si_code, CLD_KILLED);
    CHECK_EQ(last_info.si_status, SIGTERM);
    // Stops are told unless that is not wanted.
    for (int round = 0; round < 2; ++round) {
        handle(SIGCHLD, SA_SIGINFO | (round == 1 ? SA_NOCLDSTOP : 0));
        count = 0;
        child = fork_child();
        if (child == 0) {
            raise(SIGSTOP);
            _exit(0);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
        CHECK(WIFSTOPPED(status));
        CHECK_EQ(count, round == 0);
        if (round == 0) {
            CHECK_EQ(last_info.si_code, CLD_STOPPED);
            CHECK_EQ(last_info.si_status, SIGSTOP);
        }
        kill(child, SIGKILL);
        CHECK_KILLED(child, SIGKILL);
    }
}

TEST(a_blocked_signal_waits) {
    handle(SIGUSR1, 0);
    block(SIGUSR1);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 0);
    sigset_t pending;
    CHECK_CALL(sigpending(&pending));
    CHECK(sigismember(&pending, SIGUSR1));
    CHECK(!sigismember(&pending, SIGUSR2));
    unblock(SIGUSR1);
    CHECK_EQ(count, 1);  // an ordinary signal is pending once
    CHECK_CALL(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGUSR1));
}

TEST(real_time_signals_queue) {
    handle(SIGRTMIN + 1, SA_SIGINFO);
    block(SIGRTMIN + 1);
    for (int i = 0; i < 3; ++i) {
        CHECK_CALL(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i}));
    }
    unblock(SIGRTMIN + 1);
    CHECK_EQ(count, 3);
    CHECK_EQ(last_info.si_value.sival_int, 2);  // in order
}

TEST(kill_and_stop_cannot_be_caught_or_blocked) {
    struct sigaction action = {.sa_handler = SIG_IGN};
    CHECK_FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_FAILS(sigaction(0, &action, NULL), EINVAL);
    CHECK_FAILS(sigaction(65, &action, NULL), EINVAL);
    sigset_t all;
    sigfillset(&all);
    CHECK_CALL(sigprocmask(SIG_BLOCK, &all, NULL));
    sigset_t now;
    CHECK_CALL(sigprocmask(SIG_BLOCK, NULL, &now));
    CHECK(!sigismember(&now, SIGKILL));
    CHECK(!sigismember(&now, SIGSTOP));
    CHECK(sigismember(&now, SIGTERM));
    CHECK_FAILS(sigprocmask(77, &all, NULL), EINVAL);
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 4), -EINVAL);
    pid_t child = fork_child();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
}

TEST(an_ignored_signal_is_gone) {
    signal(SIGUSR1, SIG_IGN);
    block(SIGUSR1);
    kill(getpid(), SIGUSR1);
    signal(SIGUSR1, on_signal);
    unblock(SIGUSR1);
    CHECK(count <= 1);  // Linux keeps a blocked one even when ignored at the time
    count = 0;
    signal(SIGUSR1, SIG_IGN);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 0);
    // Ignoring drops what is pending.
    signal(SIGUSR1, on_signal);
    block(SIGUSR1);
    kill(getpid(), SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    sigset_t pending;
    CHECK_CALL(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGUSR1));
    // Default actions that do nothing.
    static const int kHarmless[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
    for (size_t i = 0; i < 4; ++i) {
        signal(kHarmless[i], SIG_DFL);
        CHECK_CALL(kill(getpid(), kHarmless[i]));
    }
}

static volatile int depth;
static volatile int deepest;
static volatile int nested_number;

static void nest(int number) {
    ++depth;
    deepest = depth > deepest ? depth : deepest;
    if (count++ == 0) {
        kill(getpid(), nested_number != 0 ? nested_number : number);
    }
    --depth;
}

static void handle_nested(int number, int flags, int masked) {
    struct sigaction action = {.sa_handler = nest, .sa_flags = flags, .sa_mask = set_of(masked)};
    CHECK_CALL(sigaction(number, &action, NULL));
    count = depth = deepest = 0;
}

TEST(a_handlers_own_signal_waits_unless_told_otherwise) {
    handle_nested(SIGUSR1, 0, 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 2);
    CHECK_EQ(deepest, 1);
    handle_nested(SIGUSR1, SA_NODEFER, 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 2);
    CHECK_EQ(deepest, 2);
    nested_number = SIGUSR2;
    handle_nested(SIGUSR2, 0, 0);
    handle_nested(SIGUSR1, 0, 0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 2);
    CHECK_EQ(deepest, 2);  // another signal gets in
    handle_nested(SIGUSR1, 0, SIGUSR2);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 2);
    CHECK_EQ(deepest, 1);  // but not one that sa_mask keeps out
    sigset_t now;
    CHECK_CALL(sigprocmask(SIG_BLOCK, NULL, &now));
    CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
}

TEST(resethand_is_for_one_time) {
    handle(SIGUSR1, SA_RESETHAND);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 1);
    struct sigaction now;
    CHECK_CALL(sigaction(SIGUSR1, NULL, &now));
    CHECK(now.sa_handler == SIG_DFL);
}

TEST(sigaction_gives_back_what_was_set) {
    struct sigaction action = {
        .sa_sigaction = on_siginfo, .sa_flags = SA_SIGINFO | SA_RESTART, .sa_mask = set_of(SIGHUP)};
    struct sigaction old;
    CHECK_CALL(sigaction(SIGUSR2, &action, &old));
    CHECK(old.sa_handler == SIG_DFL);
    CHECK_CALL(sigaction(SIGUSR2, NULL, &old));
    CHECK(old.sa_sigaction == on_siginfo);
    CHECK_EQ(old.sa_flags & (SA_SIGINFO | SA_RESTART | SA_NODEFER), SA_SIGINFO | SA_RESTART);
    CHECK(sigismember(&old.sa_mask, SIGHUP) && !sigismember(&old.sa_mask, SIGINT));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_CALL(sigaction(SIGUSR2, NULL, &old));
        CHECK(old.sa_sigaction == on_siginfo);
        end_child();
    }
    CHECK_EXIT(child, 0);
}

TEST(a_write_to_a_closed_pipe_is_sigpipe) {
    int ends[2];
    CHECK_CALL(pipe(ends));
    close(ends[0]);
    handle(SIGPIPE, 0);
    CHECK_FAILS(write(ends[1], "x", 1), EPIPE);
    CHECK_EQ(count, 1);
    signal(SIGPIPE, SIG_IGN);
    CHECK_FAILS(write(ends[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(write(ends[1], "x", 1), -1);
        _exit(0);
    }
    CHECK_KILLED(child, SIGPIPE);
}

TEST(a_signal_storm_is_survived) {
    handle(SIGUSR1, SA_SIGINFO);
    pid_t parent = getpid();
    enum { kChildren = 4, kSignals = 500 };
    pid_t children[kChildren];
    for (int i = 0; i < kChildren; ++i) {
        children[i] = fork_child();
        if (children[i] == 0) {
            for (int sent = 0; sent < kSignals; ++sent) {
                kill(parent, SIGUSR1);
            }
            _exit(0);
        }
    }
    uint64_t state = 1;
    char* memory = map_pages(64, PROT_READ | PROT_WRITE);
    for (int round = 0; round < 2000; ++round) {  // faults and calls meanwhile
        memory[random_number(&state) % (64 * PAGE)] = 1;
        if (round % 100 == 0) {
            madvise(memory, 64 * PAGE, MADV_DONTNEED);
        }
    }
    for (int i = 0; i < kChildren; ++i) {
        CHECK_EXIT(children[i], 0);
    }
    CHECK(count > 0 && count <= kChildren * kSignals);
}

TEST(handlers_are_gone_after_execve_but_ignoring_stays) {
    // The program itself is asked, by a test of its own name.
    handle(SIGUSR1, 0);
    signal(SIGUSR2, SIG_IGN);
    block(SIGHUP);
    pid_t child = fork_child();
    if (child == 0) {
        execl("/proc/self/exe", "signals", "--here", "after_execve", NULL);
        _exit(99);
    }
    CHECK_EXIT(child, 0);
}

PART(after_execve) {
    struct sigaction now;
    CHECK_CALL(sigaction(SIGUSR1, NULL, &now));
    CHECK(now.sa_handler == SIG_DFL);
    CHECK_CALL(sigaction(SIGUSR2, NULL, &now));
    CHECK(now.sa_handler == SIG_IGN);
    sigset_t mask;
    CHECK_CALL(sigprocmask(SIG_BLOCK, NULL, &mask));
    CHECK(sigismember(&mask, SIGHUP));
}
