// fork, vfork, wait, exit; groups, sessions and orphans; priorities, and turns for everybody. F3
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

#include "check.h"

TEST(fork_gives_zero_to_the_child_and_its_number_to_the_parent) {
    pid_t parent = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(getppid(), parent);
        CHECK(getpid() != parent);
        end_child();
    }
    CHECK(child > parent || child > 1);
    CHECK_EXIT(child, 0);
    CHECK_FAILS(waitpid(child, NULL, 0), ECHILD);
    CHECK_FAILS(kill(child, 0), ESRCH);
}

TEST(statuses_arrive_as_they_were_given) {
    static const int kStatuses[] = {0, 1, 42, 127, 255, 256, 257, -1};
    for (size_t i = 0; i < sizeof kStatuses / sizeof *kStatuses; ++i) {
        pid_t child = fork_child();
        if (child == 0) {
            _exit(kStatuses[i]);
        }
        CHECK_EXIT(child, kStatuses[i] & 0xFF);
    }
    static const int kSignals[] = {SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGPIPE, SIGINT, 34, 64};
    for (size_t i = 0; i < sizeof kSignals / sizeof *kSignals; ++i) {
        pid_t child = fork_child();
        if (child == 0) {
            raw(SYS_kill, raw(SYS_getpid), kSignals[i]);
            _exit(1);
        }
        CHECK_KILLED(child, kSignals[i]);
    }
}

TEST(wait_picks_whom_it_is_asked_for) {
    int status = 0;
    CHECK_FAILS(wait(&status), ECHILD);
    CHECK_FAILS(waitpid(1, &status, 0), ECHILD);
    int hold[2];
    CHECK_CALL(pipe(hold));
    pid_t quick = fork_child();
    if (quick == 0) {
        _exit(3);
    }
    pid_t slow = fork_child();
    if (slow == 0) {
        char byte;
        close(hold[1]);
        CHECK_EQ(read(hold[0], &byte, 1), 0);
        _exit(4);
    }
    CHECK_EQ(waitpid(slow, &status, WNOHANG), 0);
    CHECK_EQ(waitpid(-1, &status, 0), quick);
    CHECK_EQ(WEXITSTATUS(status), 3);
    CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
    CHECK_FAILS(waitpid(quick, &status, WNOHANG), ECHILD);
    CHECK_FAILS(waitpid(-1, &status, 0x1000), EINVAL);
    close(hold[1]);
    CHECK_EQ(waitpid(slow, &status, 0), slow);
    CHECK_EQ(WEXITSTATUS(status), 4);
    CHECK_FAILS(waitpid(-1, &status, WNOHANG), ECHILD);
}

TEST(wait4_gives_usage_and_waitid_tells_how) {
    pid_t child = fork_child();
    if (child == 0) {
        _exit(7);
    }
    siginfo_t info = {0};
    CHECK_CALL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(info.si_signo, SIGCHLD);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_status, 7);
    struct rusage usage;
    memset(&usage, 0xFF, sizeof usage);
    int status = 0;
    CHECK_EQ(wait4(child, &status, 0, &usage), child);
    CHECK_EQ(status, 7 << 8);
    CHECK(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_sec < 100);
    CHECK(usage.ru_utime.tv_usec >= 0 && usage.ru_utime.tv_usec < 1000000);
    child = fork_child();
    if (child == 0) {
        raise(SIGKILL);
    }
    CHECK_CALL(waitid(P_ALL, 0, &info, WEXITED));
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGKILL);
    CHECK_FAILS(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    CHECK_FAILS(waitid(P_PID, 1, &info, 0), EINVAL);
}

TEST(wait_by_group) {
    pid_t mine = fork_child();
    if (mine == 0) {
        _exit(1);
    }
    pid_t other = fork_child();
    if (other == 0) {
        setpgid(0, 0);
        _exit(2);
    }
    setpgid(other, other);
    int status;
    CHECK_EQ(waitpid(-other, &status, 0), other);
    CHECK_EQ(WEXITSTATUS(status), 2);
    CHECK_EQ(waitpid(0, &status, 0), mine);
    CHECK_EQ(WEXITSTATUS(status), 1);
}

TEST(stopped_and_continued_children_are_reported) {
    pid_t child = fork_child();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    int status;
    CHECK_EQ(waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED), 0);
    CHECK_CALL(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), SIGSTOP);
    CHECK_EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0);  // told once
    CHECK_CALL(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK(WIFCONTINUED(status));
    CHECK_CALL(kill(child, SIGTSTP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_EQ(WSTOPSIG(status), SIGTSTP);
    CHECK_CALL(kill(child, SIGTERM));  // pending while it is stopped
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_CALL(kill(child, SIGCONT));
    CHECK_KILLED(child, SIGTERM);
    child = fork_child();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_CALL(kill(child, SIGKILL));  // kills what is stopped, too
    CHECK_KILLED(child, SIGKILL);
}

TEST(a_zombie_keeps_its_number_until_waited_for) {
    pid_t child = fork_child();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t info;
    CHECK_CALL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    CHECK_CALL(kill(child, 0));
    CHECK_CALL(kill(child, SIGKILL));  // no effect
    CHECK_EQ(getpgid(child), getpgid(0));
    CHECK_EXIT(child, 0);
    CHECK_FAILS(kill(child, 0), ESRCH);
}

TEST(ignored_children_leave_no_zombies) {
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork_child();
    if (child == 0) {
        _exit(5);
    }
    int status;
    CHECK_FAILS(waitpid(child, &status, 0), ECHILD);  // waits for its end, and finds nothing
    CHECK_FAILS(kill(child, 0), ESRCH);
}

TEST(orphans_are_reparented) {
    int tell[2];
    int hold[2];
    CHECK_CALL(pipe(tell));
    CHECK_CALL(pipe(hold));
    pid_t child = fork_child();
    if (child == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            char byte;
            close(hold[1]);
            CHECK_EQ(read(hold[0], &byte, 1), 0);  // until the test says that the parent is gone
            pid_t now[2] = {parent, getppid()};
            _exit(write(tell[1], now, sizeof now) == sizeof now ? 0 : 1);
        }
        _exit(0);
    }
    CHECK_EXIT(child, 0);
    close(hold[1]);
    close(tell[1]);
    pid_t seen[2];
    CHECK_EQ(read(tell[0], seen, sizeof seen), sizeof seen);
    CHECK(seen[1] != seen[0]);
    CHECK_EQ(seen[0], child);
    CHECK(seen[1] >= 1);
}

TEST(vfork_lends_the_memory_and_waits) {
    static volatile int shared = 1;
    static volatile pid_t parent;
    parent = getpid();
    pid_t child = vfork();
    if (child == 0) {
        shared = getppid() == parent ? 2 : 3;
        _exit(6);
    }
    CHECK_EQ(shared, 2);  // the child was first, in our memory
    CHECK_EXIT(child, 6);
    // Until execve, too.
    child = vfork();
    if (child == 0) {
        shared = 4;
        execl("/nowhere/at/all", "all", NULL);
        shared = 5;
        _exit(0);
    }
    CHECK_EQ(shared, 5);
    CHECK_EXIT(child, 0);
    // A killed child releases its parent.
    child = vfork();
    if (child == 0) {
        raw(SYS_kill, raw(SYS_getpid), SIGKILL);
        _exit(0);
    }
    CHECK_KILLED(child, SIGKILL);
}

TEST(groups_and_sessions) {
    pid_t child = fork_child();
    if (child == 0) {
        pid_t group = getpgid(0);
        CHECK_EQ(getpgrp(), group);
        CHECK_CALL(setpgid(0, 0));
        CHECK_EQ(getpgid(0), getpid());
        CHECK_FAILS(setsid(), EPERM);  // a group's leader
        CHECK_FAILS(setpgid(0, -1), EINVAL);
        CHECK_FAILS(setpgid(0, 99999), EPERM);
        CHECK_FAILS(setpgid(99999, 0), ESRCH);
        CHECK_FAILS(getpgid(99999), ESRCH);
        CHECK_FAILS(getsid(99999), ESRCH);
        pid_t grandchild = fork_child();
        if (grandchild == 0) {
            pid_t session = CHECK_CALL(setsid());
            CHECK_EQ(session, getpid());
            CHECK_EQ(getsid(0), session);
            CHECK_EQ(getpgid(0), session);
            CHECK_FAILS(setpgid(0, 0), EPERM);  // a session's leader
            CHECK_FAILS(setpgid(0, group), EPERM);
            CHECK_FAILS(setpgid(getppid(), 0), ESRCH);  // not a child of ours
            end_child();
        }
        CHECK_EXIT(grandchild, 0);
        int hold[2];
        CHECK_CALL(pipe(hold));
        grandchild = fork_child();
        if (grandchild == 0) {
            char byte;
            close(hold[1]);
            CHECK_EQ(read(hold[0], &byte, 1), 0);
            end_child();
        }
        CHECK_CALL(setpgid(grandchild, grandchild));
        CHECK_EQ(getpgid(grandchild), grandchild);
        CHECK_CALL(setpgid(grandchild, getpid()));
        CHECK_EQ(getpgid(grandchild), getpid());
        CHECK_EQ(getsid(grandchild), getsid(0));
        close(hold[1]);
        CHECK_EXIT(grandchild, 0);
        end_child();
    }
    CHECK_EXIT(child, 0);
}

TEST(kill_reaches_a_group) {
    pid_t leader = fork_child();
    if (leader == 0) {
        setpgid(0, 0);
        for (;;) {
            pause();
        }
    }
    setpgid(leader, leader);
    pid_t member = fork_child();
    if (member == 0) {
        for (;;) {
            pause();
        }
    }
    CHECK_CALL(setpgid(member, leader));
    CHECK_CALL(kill(-leader, SIGTERM));
    CHECK_KILLED(leader, SIGTERM);
    CHECK_KILLED(member, SIGTERM);
    CHECK_FAILS(kill(-leader, SIGTERM), ESRCH);
    CHECK_FAILS(kill(getpid(), 65), EINVAL);
    CHECK_FAILS(kill(getpid(), -1), EINVAL);
    CHECK_CALL(kill(getpid(), 0));
}

TEST(two_that_compute_both_get_on) {
    volatile unsigned* counters = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t children[2];
    for (int i = 0; i < 2; ++i) {
        children[i] = fork_child();
        if (children[i] == 0) {
            for (;;) {
                ++counters[i];
            }
        }
    }
    // They never yield: only preemption lets this process see both advance, time and again.
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 2; ++i) {
            unsigned before = counters[i];
            while (counters[i] == before) {
                sched_yield();
            }
        }
    }
    CHECK(counters[0] > 0 && counters[1] > 0);
    for (int i = 0; i < 2; ++i) {
        CHECK_CALL(kill(children[i], SIGKILL));
        CHECK_KILLED(children[i], SIGKILL);
    }
}

TEST(nice_is_kept_and_inherited) {
    errno = 0;
    int before = getpriority(PRIO_PROCESS, 0);
    CHECK_EQ(errno, 0);
    CHECK_EQ(nice(3), before + 3);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), before + 3);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(getpriority(PRIO_PROCESS, 0), before + 3);
        CHECK_CALL(setpriority(PRIO_PROCESS, 0, 19));
        CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
        CHECK_EQ(nice(5), 19);  // as far as it goes
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_FAILS(setpriority(PRIO_PROCESS, 99999, 1), ESRCH);
    CHECK_FAILS(setpriority(9, 0, 1), EINVAL);
}

TEST(the_nice_one_still_gets_on) {
    volatile unsigned* counter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t nice_one = fork_child();
    if (nice_one == 0) {
        CHECK_CALL(setpriority(PRIO_PROCESS, 0, 19));
        for (;;) {
            ++*counter;
        }
    }
    pid_t busy = fork_child();
    if (busy == 0) {
        for (;;) {
            __asm__ volatile("");
        }
    }
    unsigned before = *counter;
    while (*counter == before) {
        sleep_ms(1);
    }
    CHECK(*counter != before);
    kill(nice_one, SIGKILL);
    kill(busy, SIGKILL);
    CHECK_KILLED(nice_one, SIGKILL);
    CHECK_KILLED(busy, SIGKILL);
}

TEST(a_fork_bomb_gets_eagain_and_all_come_home) {
    struct rlimit limit;
    CHECK_CALL(getrlimit(RLIMIT_NPROC, &limit));
    int hold[2];
    CHECK_CALL(pipe(hold));
    enum { kMost = 4000 };
    static pid_t children[kMost];
    pid_t bomb = fork_child();
    if (bomb == 0) {
        limit.rlim_cur = 300;
        setrlimit(RLIMIT_NPROC, &limit);
        if (!on_primitive()) {
            CHECK_CALL(setreuid(65533, 65533));  // the limit does not count root's
        }
        int count = 0;
        while (count < kMost) {
            pid_t child = fork();
            if (child == 0) {
                char byte;
                close(hold[1]);
                _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
            }
            if (child < 0) {
                CHECK(errno == EAGAIN || errno == ENOMEM);
                break;
            }
            children[count++] = child;
        }
        CHECK(count >= 20 && count < kMost);
        close(hold[1]);
        for (int i = 0; i < count; ++i) {
            CHECK_EXIT(children[i], 0);
        }
        end_child();
    }
    close(hold[1]);
    CHECK_EXIT(bomb, 0);
    pid_t child = fork_child();  // and life goes on
    if (child == 0) {
        end_child();
    }
    CHECK_EXIT(child, 0);
}

TEST(many_short_lives) {
    for (int round = 0; round < 300; ++round) {
        pid_t child = fork();
        if (child == 0) {
            _exit(round & 0x7F);
        }
        if (wait_status(child) != (round & 0x7F) << 8) {
            CHECK_EQ(round, -1);
            return;
        }
    }
    CHECK(true);
}

TEST(what_a_process_is) {
    CHECK(getuid() == geteuid() && getgid() == getegid());
    char name[16] = "";
    CHECK_CALL(prctl(PR_SET_NAME, "renamed", 0, 0, 0));
    CHECK_CALL(prctl(PR_GET_NAME, name, 0, 0, 0));
    CHECK_EQ(strcmp(name, "renamed"), 0);
    mode_t before = umask(077);
    CHECK_EQ(umask(before), 077);
    CHECK_EQ(raw(SYS_gettid), getpid());
    struct tms spent;
    CHECK(times(&spent) != (clock_t)-1);
    struct timespec one;
    struct timespec two;
    CHECK_CALL(clock_gettime(CLOCK_MONOTONIC, &one));
    sleep_ms(20);
    CHECK_CALL(clock_gettime(CLOCK_MONOTONIC, &two));
    long long passed = (two.tv_sec - one.tv_sec) * 1000000000ll + two.tv_nsec - one.tv_nsec;
    CHECK(passed >= 20000000);
    CHECK_FAILS(clock_gettime(12345, &one), EINVAL);
}
