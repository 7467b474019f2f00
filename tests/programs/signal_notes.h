// What programs about signals share: handlers that note what came, and sets of one.
#pragma once

#include "check.h"

static volatile int count;  // of handlers entered
static volatile int last;
static siginfo_t last_info;

static void on_signal(int number) {
    ++count;
    last = number;
}

static void on_siginfo(int number, siginfo_t* info, void* context) {
    (void)context;
    ++count;
    last = number;
    last_info = *info;
}

static void handle(int number, int flags) {
    struct sigaction action = {.sa_flags = flags};
    if (flags & SA_SIGINFO) {
        action.sa_sigaction = on_siginfo;
    } else {
        action.sa_handler = on_signal;
    }
    CHECK_CALL(sigaction(number, &action, NULL));
}

static sigset_t set_of(int number) {
    sigset_t set;
    sigemptyset(&set);
    if (number != 0) {
        sigaddset(&set, number);
    }
    return set;
}

static void block(int number) {
    sigset_t set = set_of(number);
    CHECK_CALL(sigprocmask(SIG_BLOCK, &set, NULL));
}
