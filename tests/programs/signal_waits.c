// Waiting and signals: what a signal interrupts, what goes on after it, and the calls that wait for one; timers.
#include <poll.h>
#include <sys/time.h>
#include <time.h>

#include "signal_notes.h"

/// A child that sends `number` here, time and again: once, it finds this process waiting.
static pid_t send_later(int number) {
    pid_t parent = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        for (;;) {
            sleep_ms(40);
            kill(parent, number);
        }
    }
    return child;
}

static void end_sending(pid_t child) {
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
}

/// Waits for a signal that may have come already, if it is blocked.
static void await(int number) {
    sigset_t during;
    sigprocmask(SIG_BLOCK, NULL, &during);
    sigdelset(&during, number);
    CHECK_FAILS(sigsuspend(&during), EINTR);
}

TEST(a_waiting_read_is_interrupted_or_restarted) {
    int ends[2];
    CHECK_CALL(pipe(ends));
    char byte = 0;
    handle(SIGUSR1, 0);
    pid_t child = send_later(SIGUSR1);
    CHECK_FAILS(read(ends[0], &byte, 1), EINTR);
    CHECK(count >= 1);
    end_sending(child);
    count = 0;
    handle(SIGUSR1, SA_RESTART);
    pid_t parent = getpid();
    child = fork_child();
    if (child == 0) {
        sleep_ms(50);
        kill(parent, SIGUSR1);
        sleep_ms(50);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(count, 1);
    CHECK_EQ(byte, 'x');
    CHECK_EXIT(child, 0);
    // An ignored signal, or one without effect, interrupts nothing.
    signal(SIGUSR1, SIG_IGN);
    child = fork_child();
    if (child == 0) {
        sleep_ms(50);
        kill(parent, SIGUSR1);
        kill(parent, SIGWINCH);
        sleep_ms(50);
        _exit(write(ends[1], "y", 1) == 1 ? 0 : 1);
    }
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(byte, 'y');
    CHECK_EXIT(child, 0);
}

TEST(stop_and_continue_do_not_interrupt_a_read) {
    int ends[2];
    CHECK_CALL(pipe(ends));
    pid_t reader = fork_child();
    if (reader == 0) {
        char byte = 0;
        CHECK_EQ(read(ends[0], &byte, 1), 1);
        end_child();
    }
    sleep_ms(30);
    kill(reader, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(reader, &status, WUNTRACED), reader);
    kill(reader, SIGCONT);
    CHECK_EQ(waitpid(reader, &status, WCONTINUED), reader);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EXIT(reader, 0);
}

TEST(a_stop_does_not_lengthen_a_poll) {
    pid_t waiter = fork_child();
    if (waiter == 0) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        CHECK_EQ(poll(NULL, 0, 2000), 0);
        clock_gettime(CLOCK_MONOTONIC, &end);
        long long milliseconds =
            (end.tv_sec - begin.tv_sec) * 1000LL + (end.tv_nsec - begin.tv_nsec) / 1000000;
        CHECK(milliseconds >= 2000 && milliseconds < 3000);  // begun anew, it would be 3,500
        end_child();
    }
    sleep_ms(1500);
    kill(waiter, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(waiter, &status, WUNTRACED), waiter);
    kill(waiter, SIGCONT);
    CHECK_EXIT(waiter, 0);
}

TEST(other_waits_end_too) {
    handle(SIGUSR1, SA_RESTART);
    pid_t child = send_later(SIGUSR1);
    CHECK_FAILS(pause(), EINTR);
    end_sending(child);
    child = send_later(SIGUSR1);
    CHECK_FAILS(poll(NULL, 0, 60000), EINTR);  // never restarted
    end_sending(child);
    child = send_later(SIGUSR1);
    struct timespec left = {60, 0};
    CHECK_FAILS(nanosleep(&left, &left), EINTR);
    CHECK(left.tv_sec >= 50 && left.tv_sec < 60);
    end_sending(child);
    pid_t sleeper = fork_child();
    if (sleeper == 0) {
        pause();
        _exit(0);
    }
    handle(SIGUSR1, 0);
    child = send_later(SIGUSR1);
    int status;
    CHECK_FAILS(waitpid(sleeper, &status, 0), EINTR);
    end_sending(child);
    handle(SIGUSR1, SA_RESTART);
    pid_t parent = getpid();
    child = fork_child();
    if (child == 0) {
        sleep_ms(50);
        kill(parent, SIGUSR1);
        sleep_ms(50);
        kill(sleeper, SIGKILL);
        _exit(0);
    }
    count = 0;
    CHECK_EQ(waitpid(sleeper, &status, 0), sleeper);
    CHECK_EQ(count, 1);
    CHECK_EXIT(child, 0);
}

TEST(sigsuspend_swaps_the_mask_for_the_wait) {
    handle(SIGUSR1, 0);
    handle(SIGUSR2, 0);
    block(SIGUSR1);
    block(SIGUSR2);
    kill(getpid(), SIGUSR1);
    sigset_t during;
    sigfillset(&during);
    sigdelset(&during, SIGUSR1);
    CHECK_FAILS(sigsuspend(&during), EINTR);
    CHECK_EQ(count, 1);
    CHECK_EQ(last, SIGUSR1);
    sigset_t now;
    CHECK_CALL(sigprocmask(SIG_BLOCK, NULL, &now));
    CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2) && !sigismember(&now, SIGHUP));
    struct pollfd none;
    struct timespec long_time = {60, 0};
    kill(getpid(), SIGUSR1);
    CHECK_FAILS(ppoll(&none, 0, &long_time, &during), EINTR);
    CHECK_EQ(count, 2);
}

TEST(sigtimedwait_takes_without_a_handler) {
    block(SIGUSR1);
    block(SIGUSR2);
    sigset_t set = set_of(SIGUSR1);
    siginfo_t info;
    struct timespec none = {0, 0};
    CHECK_FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
    struct timespec little = {0, 20000000};
    CHECK_FAILS(sigtimedwait(&set, &info, &little), EAGAIN);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(sigtimedwait(&set, &info, &none), SIGUSR1);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
    pid_t child = send_later(SIGUSR1);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK_EQ(info.si_pid, child);
    end_sending(child);
    while (sigtimedwait(&set, &info, &none) > 0) {
    }
    handle(SIGHUP, 0);
    child = send_later(SIGHUP);
    CHECK_FAILS(sigwaitinfo(&set, &info), EINTR);
    end_sending(child);
    struct timespec bad = {0, 1000000000};
    CHECK_FAILS(sigtimedwait(&set, &info, &bad), EINVAL);
}

TEST(alarms_and_timers) {
    handle(SIGALRM, SA_SIGINFO);
    block(SIGALRM);
    struct itimerval timer = {.it_value = {0, 20000}};
    CHECK_CALL(setitimer(ITIMER_REAL, &timer, NULL));
    await(SIGALRM);
    CHECK_EQ(last, SIGALRM);
    CHECK_EQ(last_info.si_code, SI_KERNEL);
    timer.it_interval.tv_usec = 10000;
    CHECK_CALL(setitimer(ITIMER_REAL, &timer, NULL));
    for (int i = 0; i < 3; ++i) {
        await(SIGALRM);
    }
    struct itimerval old;
    struct itimerval off = {0};
    CHECK_CALL(setitimer(ITIMER_REAL, &off, &old));
    CHECK_EQ(old.it_interval.tv_usec, 10000);
    CHECK_CALL(getitimer(ITIMER_REAL, &old));
    CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
    CHECK_EQ(alarm(100), 0);
    unsigned left = alarm(0);
    CHECK(left == 100 || left == 99);
    // A busy loop is interrupted as well.
    count = 0;
    timer.it_interval.tv_usec = 0;
    CHECK_CALL(setitimer(ITIMER_REAL, &timer, NULL));
    sigset_t none;
    sigemptyset(&none);
    CHECK_CALL(sigprocmask(SIG_SETMASK, &none, NULL));
    while (count == 0) {
    }
    CHECK_FAILS(setitimer(9, &timer, NULL), EINVAL);
    timer.it_value.tv_usec = 1000000;
    CHECK_FAILS(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
    // Not inherited by children, kept by execve (not shown here).
    alarm(100);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(alarm(0), 0);
        end_child();
    }
    CHECK_EXIT(child, 0);
    alarm(0);
}
