// The terminal on descriptor 0: its modes, its lines, its keys that are signals, and job control. Somebody has to type:
// when this prints `type: NAME`, tests/programs/typist.py types what goes by that name.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "check.h"

static struct termios before;

/// The test's process group becomes the foreground one: the harness has given it a group of its own.
static void take_terminal(void) {
    signal(SIGTTOU, SIG_IGN);
    CHECK_CALL(tcsetpgrp(0, getpgrp()));
    signal(SIGTTOU, SIG_DFL);
    CHECK_EQ(tcgetpgrp(0), getpgrp());
    CHECK_CALL(tcgetattr(0, &before));
}

static void ask(const char* name) {
    say("type: %s", name);
}

static bool read_is(const char* wanted) {
    char buffer[128] = "";
    ssize_t got = read(0, buffer, sizeof buffer - 1);
    if (got != (ssize_t)strlen(wanted) || memcmp(buffer, wanted, (size_t)got) != 0) {
        say("read %zd bytes: %s", got, buffer);
        return false;
    }
    return true;
}

static volatile int count;
static volatile int last;

static void on_signal(int number) {
    ++count;
    last = number;
}

static void handle(int number, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    CHECK_CALL(sigaction(number, &action, NULL));
}

TEST(what_it_is) {
    CHECK_EQ(isatty(0), 1);
    take_terminal();
    CHECK(before.c_lflag & ICANON);
    CHECK(before.c_lflag & ECHO);
    CHECK(before.c_lflag & ISIG);
    CHECK(before.c_oflag & OPOST);
    CHECK_EQ(before.c_cc[VINTR], 3);
    CHECK_EQ(before.c_cc[VEOF], 4);
    CHECK_EQ(before.c_cc[VERASE], 0x7F);
    CHECK_EQ(before.c_cc[VSUSP], 26);
    struct stat status;
    CHECK_CALL(fstat(0, &status));
    CHECK(S_ISCHR(status.st_mode));
    CHECK_EQ(tcgetsid(0), getsid(0));
    int file = (int)CHECK_CALL(open("/dev/null", O_RDWR));
    struct termios none;
    CHECK_FAILS(tcgetattr(file, &none), ENOTTY);
    CHECK_FAILS(tcgetpgrp(file), ENOTTY);
    CHECK_EQ(isatty(file), 0);
    CHECK_FAILS(ioctl(0, 0x7777, 0), ENOTTY);
    CHECK_EQ(raw(SYS_ioctl, 0, TCGETS, 8), -EFAULT);
    CHECK_EQ(raw(SYS_ioctl, 0, TCSETS, USER_END), -EFAULT);
    CHECK_EQ(raw(SYS_ioctl, 0, TIOCGWINSZ, 0), -EFAULT);
    CHECK_EQ(raw(SYS_ioctl, 0, TIOCSPGRP, 8), -EFAULT);
    int tty = (int)CHECK_CALL(open("/dev/tty", O_RDWR));
    CHECK_EQ(isatty(tty), 1);
}

TEST(its_size) {
    take_terminal();
    struct winsize size = {0};
    CHECK_CALL(ioctl(0, TIOCGWINSZ, &size));
    struct winsize old = size;
    handle(SIGWINCH, 0);
    size.ws_row = 33;
    size.ws_col = 77;
    CHECK_CALL(ioctl(0, TIOCSWINSZ, &size));
    CHECK_EQ(count, 1);
    struct winsize now = {0};
    CHECK_CALL(ioctl(0, TIOCGWINSZ, &now));
    CHECK(now.ws_row == 33 && now.ws_col == 77);
    CHECK_CALL(ioctl(0, TIOCSWINSZ, &now));
    CHECK_EQ(count, 1);  // nothing changed
    CHECK_CALL(ioctl(0, TIOCSWINSZ, &old));
}

TEST(lines_can_be_edited_until_they_are_sent) {
    take_terminal();
    ask("line");
    CHECK(read_is("heLo\n"));
    ask("killed line");
    CHECK(read_is("xyz\n"));
    ask("killed word");
    CHECK(read_is("one three\n"));
    ask("end of file");
    CHECK(read_is(""));
    ask("unfinished");
    CHECK(read_is("part"));
    ask("two lines");
    CHECK(read_is("first\n"));  // one at a time
    CHECK(read_is("second\n"));
    ask("line for pieces");
    char piece[4];
    CHECK_EQ(read(0, piece, 4), 4);
    CHECK_EQ(memcmp(piece, "0123", 4), 0);
    CHECK(read_is("456789\n"));
}

TEST(no_line_is_ready_before_its_end) {
    take_terminal();
    struct pollfd file = {0, POLLIN, 0};
    CHECK_EQ(poll(&file, 1, 0), 0);
    ask("beginning");
    sleep_ms(200);
    CHECK_EQ(poll(&file, 1, 0), 0);
    int waiting = -1;
    ask("ending");
    CHECK_EQ(poll(&file, 1, 60000), 1);
    CHECK_CALL(ioctl(0, FIONREAD, &waiting));
    CHECK_EQ(waiting, 17);
    CHECK(read_is("beginning ending\n"));
}

TEST(raw_mode_gives_each_key) {
    take_terminal();
    struct termios changed = before;
    changed.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
    changed.c_iflag &= (tcflag_t)~ICRNL;
    changed.c_cc[VMIN] = 1;
    changed.c_cc[VTIME] = 0;
    CHECK_CALL(tcsetattr(0, TCSAFLUSH, &changed));
    struct termios now;
    CHECK_CALL(tcgetattr(0, &now));
    CHECK_EQ(now.c_lflag & (ICANON | ECHO | ISIG), 0);
    ask("key");
    CHECK(read_is("q"));
    ask("control c");
    CHECK(read_is("\003"));  // no signal
    ask("return");
    CHECK(read_is("\r"));
    ask("arrow");
    char keys[3];
    size_t got = 0;
    while (got < 3) {
        got += (size_t)CHECK_CALL(read(0, keys + got, 3 - got));
    }
    CHECK_EQ(memcmp(keys, "\033[A", 3), 0);
    changed.c_cc[VMIN] = 0;
    changed.c_cc[VTIME] = 1;
    CHECK_CALL(tcsetattr(0, TCSANOW, &changed));
    CHECK(read_is(""));  // a tenth of a second
    changed.c_cc[VTIME] = 0;
    CHECK_CALL(tcsetattr(0, TCSANOW, &changed));
    CHECK(read_is(""));  // at once
    changed.c_cc[VMIN] = 5;
    CHECK_CALL(tcsetattr(0, TCSANOW, &changed));
    ask("five keys");
    CHECK(read_is("12345"));
    CHECK_CALL(tcsetattr(0, TCSADRAIN, &before));
}

TEST(what_was_typed_can_be_thrown_away) {
    take_terminal();
    struct pollfd file = {0, POLLIN, 0};
    ask("unwanted line");
    CHECK_EQ(poll(&file, 1, 60000), 1);
    CHECK_CALL(tcflush(0, TCIFLUSH));
    CHECK_EQ(poll(&file, 1, 0), 0);
    CHECK_FAILS(tcflush(0, 77), EINVAL);
    CHECK_CALL(fcntl(0, F_SETFL, O_NONBLOCK | O_RDWR));
    char byte;
    CHECK_FAILS(read(0, &byte, 1), EAGAIN);
    CHECK_CALL(fcntl(0, F_SETFL, O_RDWR));
}

/// Waits for one of the signals that are blocked meanwhile: the key may have been typed already.
static void await_signal(void) {
    sigset_t none;
    sigemptyset(&none);
    count = 0;
    CHECK_FAILS(sigsuspend(&none), EINTR);
}

static pid_t fork_waiting(void) {
    pid_t child = fork_child();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (;;) {
            pause();
        }
    }
    return child;
}

TEST(keys_are_signals) {
    take_terminal();
    sigset_t keys;
    sigemptyset(&keys);
    sigaddset(&keys, SIGINT);
    sigaddset(&keys, SIGQUIT);
    CHECK_CALL(sigprocmask(SIG_BLOCK, &keys, NULL));
    handle(SIGQUIT, 0);
    // To all of the foreground group, and no other.
    pid_t member = fork_waiting();
    pid_t stranger = fork_waiting();
    CHECK_CALL(setpgid(stranger, stranger));
    handle(SIGINT, 0);
    ask("control c");
    await_signal();
    CHECK_EQ(last, SIGINT);
    CHECK_KILLED(member, SIGINT);
    int status;
    CHECK_EQ(waitpid(stranger, &status, WNOHANG), 0);
    kill(stranger, SIGKILL);
    CHECK_KILLED(stranger, SIGKILL);
    ask("quit");
    await_signal();
    CHECK_EQ(last, SIGQUIT);
}

TEST(control_z_stops_the_foreground) {
    take_terminal();
    pid_t child = fork_child();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(0, getpid());
        ask("suspend");
        for (;;) {
            pause();
        }
    }
    int status;
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), SIGTSTP);
    signal(SIGTTOU, SIG_IGN);
    CHECK_CALL(tcsetpgrp(0, getpgrp()));
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
}

TEST(the_background_may_not_read) {
    take_terminal();
    pid_t child = fork_child();
    if (child == 0) {
        setpgid(0, 0);
        char byte;
        read(0, &byte, 1);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), SIGTTIN);
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
    child = fork_child();  // one that does not want to be stopped gets an error
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTTIN, SIG_IGN);
        char byte;
        CHECK_FAILS(read(0, &byte, 1), EIO);
        end_child();
    }
    CHECK_EXIT(child, 0);
}

TEST(the_background_may_write_unless_told_otherwise) {
    take_terminal();
    for (int round = 0; round < 2; ++round) {
        struct termios changed = before;
        if (round == 1) {
            changed.c_lflag |= TOSTOP;
        }
        CHECK_CALL(tcsetattr(0, TCSANOW, &changed));
        pid_t child = fork_child();
        if (child == 0) {
            setpgid(0, 0);
            CHECK_EQ(write(0, "(from the background)\n", 22), 22);
            end_child();
        }
        int status;
        CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
        if (round == 0) {
            CHECK_EQ(status, 0);
        } else {
            CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
            kill(child, SIGKILL);
            CHECK_KILLED(child, SIGKILL);
        }
    }
    CHECK_CALL(tcsetattr(0, TCSANOW, &before));
    // To change its modes, or its foreground, it may never.
    for (int round = 0; round < 2; ++round) {
        pid_t child = fork_child();
        if (child == 0) {
            setpgid(0, 0);
            if (round == 0) {
                tcsetattr(0, TCSANOW, &before);
            } else {
                tcsetpgrp(0, getpgrp());
            }
            _exit(0);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
        CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
        kill(child, SIGKILL);
        CHECK_KILLED(child, SIGKILL);
    }
}

TEST(the_foreground_is_a_group_of_the_session) {
    take_terminal();
    CHECK_FAILS(tcsetpgrp(0, 99999), ESRCH);
    CHECK_FAILS(tcsetpgrp(0, -1), EINVAL);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_CALL(setsid());
        CHECK_FAILS(open("/dev/tty", O_RDWR), ENXIO);  // a new session has no terminal
        CHECK_FAILS(tcgetpgrp(0), ENOTTY);
        CHECK_FAILS(tcsetpgrp(0, getpgrp()), ENOTTY);
        end_child();
    }
    CHECK_EXIT(child, 0);
}
