// Threads as the C library makes them: start and end, locks, conditions, their own variables, cancellation, and what a
// process does as a whole when one of them execs, exits, forks or is killed.
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include "check.h"

enum { kThreads = 8 };

static void start(pthread_t* thread, void* (*run)(void*), void* argument) {
    CHECK_EQ(pthread_create(thread, NULL, run, argument), 0);
}

static void* join(pthread_t thread) {
    void* result = NULL;
    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

static void* twice(void* argument) {
    return (void*)(2 * (intptr_t)argument);
}

TEST(threads_start_and_end) {
    pthread_t threads[kThreads];
    for (intptr_t i = 0; i < kThreads; ++i) {
        start(&threads[i], twice, (void*)i);
    }
    for (intptr_t i = 0; i < kThreads; ++i) {
        CHECK_EQ((intptr_t)join(threads[i]), 2 * i);
    }
    size_t wrong = 0;
    for (intptr_t i = 0; i < 500; ++i) {  // one after the other: what they held is given back
        pthread_t thread;
        wrong += pthread_create(&thread, NULL, twice, (void*)i) != 0;
        void* result = NULL;
        wrong += pthread_join(thread, &result) != 0 || (intptr_t)result != 2 * i;
    }
    CHECK_EQ(wrong, 0);
}

static pid_t thread_numbers[kThreads];

static void* note_number(void* argument) {
    intptr_t which = (intptr_t)argument;
    thread_numbers[which] = (pid_t)raw(SYS_gettid);
    return (void*)(intptr_t)getpid();
}

TEST(each_thread_has_a_number_and_all_one_process) {
    pthread_t threads[kThreads];
    for (intptr_t i = 0; i < kThreads; ++i) {
        start(&threads[i], note_number, (void*)i);
    }
    for (intptr_t i = 0; i < kThreads; ++i) {
        CHECK_EQ((intptr_t)join(threads[i]), getpid());
    }
    for (size_t i = 0; i < kThreads; ++i) {
        CHECK(thread_numbers[i] != getpid() && thread_numbers[i] > 0);
    }
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned counter;

static void* count_up(void* argument) {
    for (int i = 0; i < 20000; ++i) {
        pthread_mutex_lock(&mutex);
        unsigned was = counter;
        if (i % 500 == 0) {
            sched_yield();
        }
        counter = was + 1;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

TEST(a_mutex_excludes) {
    pthread_t threads[4];
    for (size_t i = 0; i < 4; ++i) {
        start(&threads[i], count_up, NULL);
    }
    for (size_t i = 0; i < 4; ++i) {
        join(threads[i]);
    }
    CHECK_EQ(counter, 4 * 20000);
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;

static void* play(void* argument) {
    int mine = (int)(intptr_t)argument;
    for (int i = 0; i < 300; ++i) {
        pthread_mutex_lock(&mutex);
        while (turn != mine) {
            pthread_cond_wait(&condition, &mutex);
        }
        turn = (turn + 1) % 3;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST(conditions_pass_the_turn) {
    pthread_t threads[3];
    for (intptr_t i = 0; i < 3; ++i) {
        start(&threads[i], play, (void*)i);
    }
    for (size_t i = 0; i < 3; ++i) {
        join(threads[i]);
    }
    CHECK_EQ(turn, 0);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 30000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK_EQ(pthread_cond_timedwait(&condition, &mutex, &soon), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static __thread int own = 7;
static __thread char own_array[5000];

static void* use_own(void* argument) {
    int mine = (int)(intptr_t)argument;
    CHECK_EQ(own, 7);
    own = mine;
    memset(own_array, mine, sizeof own_array);
    for (int i = 0; i < 100; ++i) {
        sched_yield();
        if (own != mine || own_array[4999] != (char)mine) {
            return (void*)1;
        }
        errno = mine;
        sched_yield();
        if (errno != mine) {
            return (void*)2;
        }
    }
    return NULL;
}

TEST(each_thread_has_its_own_variables) {
    pthread_t threads[kThreads];
    for (intptr_t i = 0; i < kThreads; ++i) {
        start(&threads[i], use_own, (void*)(i + 100));
    }
    for (size_t i = 0; i < kThreads; ++i) {
        CHECK(join(threads[i]) == NULL);
    }
    CHECK_EQ(own, 7);
    own = 8;
    pid_t child = fork_child();  // a forked child goes on with the forking thread's
    if (child == 0) {
        CHECK_EQ(own, 8);
        end_child();
    }
    CHECK_EXIT(child, 0);
}

static sem_t started;
static volatile int cleaned;

static void clean(void* argument) {
    cleaned += (int)(intptr_t)argument;
}

static void* wait_to_be_cancelled(void* argument) {
    pthread_cleanup_push(clean, (void*)5);
    sem_post(&started);
    for (;;) {
        pause();
    }
    pthread_cleanup_pop(0);
    return argument;
}

static void* compute_for_ever(void* argument) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&started);
    for (;;) {
        __asm__ volatile("");
    }
    return argument;
}

TEST(threads_can_be_cancelled) {
    sem_init(&started, 0, 0);
    pthread_t thread;
    start(&thread, wait_to_be_cancelled, NULL);
    sem_wait(&started);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK(join(thread) == PTHREAD_CANCELED);
    CHECK_EQ(cleaned, 5);
    start(&thread, compute_for_ever, NULL);
    sem_wait(&started);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK(join(thread) == PTHREAD_CANCELED);
}

static void* exit_all(void* argument) {
    _exit((int)(intptr_t)argument);
}

static void* crash(void* argument) {
    *(volatile int*)8 = 1;
    return argument;
}

static void* for_ever(void* argument) {
    for (;;) {
        pause();
    }
    return argument;
}

static void* work_for_ever(void* argument) {
    volatile char* memory = argument;
    for (unsigned i = 0;; i += PAGE) {
        memory[i % (64 * PAGE)] = 1;
        if (i % (64 * PAGE) == 0) {
            madvise(argument, 64 * PAGE, MADV_DONTNEED);
        }
    }
    return NULL;
}

/// A child with waiting and working threads, and one that runs `last`.
static pid_t crowd(void* (*last)(void*), void* argument) {
    pid_t child = fork_child();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; ++i) {
            start(&thread, for_ever, NULL);
            start(&thread, work_for_ever, map_pages(64, PROT_READ | PROT_WRITE));
        }
        start(&thread, last, argument);
        for_ever(NULL);
    }
    return child;
}

TEST(one_thread_ends_all) {
    for (int round = 0; round < 10; ++round) {
        CHECK_EXIT(crowd(exit_all, (void*)6), 6);
        CHECK_KILLED(crowd(crash, NULL), SIGSEGV);
    }
    pid_t child = crowd(for_ever, NULL);
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
    child = crowd(for_ever, NULL);
    sleep_ms(20);
    kill(child, SIGTERM);
    CHECK_KILLED(child, SIGTERM);
}

static void* outlive(void* argument) {
    sleep_ms(50);
    _exit((int)(intptr_t)argument);
}

TEST(the_process_lives_on_without_its_first_thread) {
    pid_t child = fork_child();
    if (child == 0) {
        pthread_t thread;
        start(&thread, outlive, (void*)3);
        pthread_exit(NULL);
    }
    CHECK_EXIT(child, 3);
    // The last thread's end is the process's, with status 0.
    child = fork_child();
    if (child == 0) {
        pthread_t thread;
        start(&thread, twice, NULL);
        pthread_detach(thread);
        raw(SYS_exit, 4);
    }
    int status = wait_status(child);
    CHECK(status == 4 << 8 || status == 0);
}

static void* fork_here(void* argument) {
    pid_t child = fork();
    if (child == 0) {
        _exit(raw(SYS_gettid) == raw(SYS_getpid) ? 0 : 1);
    }
    CHECK_EXIT(child, 0);
    return argument;
}

TEST(a_thread_forks_itself_alone) {
    pthread_t others[2];
    static pthread_t threads[4];
    for (size_t i = 0; i < 2; ++i) {
        start(&others[i], for_ever, NULL);
    }
    for (size_t i = 0; i < 4; ++i) {
        start(&threads[i], fork_here, NULL);
    }
    for (size_t i = 0; i < 4; ++i) {
        join(threads[i]);
    }
}

static volatile pid_t handled_by;

static void note_thread(int number) {
    (void)number;
    handled_by = (pid_t)raw(SYS_gettid);
}

static void* block_and_wait(void* argument) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    if (argument != NULL) {
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    }
    thread_numbers[argument != NULL] = (pid_t)raw(SYS_gettid);
    sem_post(&started);
    for_ever(NULL);
    return NULL;
}

static void await_handler(pid_t thread) {
    for (int i = 0; i < 2000 && handled_by != thread; ++i) {
        sleep_ms(1);
    }
    CHECK_EQ(handled_by, thread);
    handled_by = 0;
}

TEST(signals_find_their_thread) {
    sem_init(&started, 0, 0);
    signal(SIGUSR1, note_thread);
    pthread_t blocking;
    pthread_t open;
    start(&blocking, block_and_wait, (void*)1);
    start(&open, block_and_wait, NULL);
    sem_wait(&started);
    sem_wait(&started);
    CHECK_EQ(pthread_kill(open, SIGUSR1), 0);
    await_handler(thread_numbers[0]);
    // To the process: whoever has it open.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    await_handler(thread_numbers[0]);
    // To a thread that blocks it: it stays with that one.
    CHECK_EQ(pthread_kill(blocking, SIGUSR1), 0);
    sleep_ms(20);
    CHECK_EQ(handled_by, 0);
    // A masks is a thread's, a handler everybody's.
    CHECK_EQ(raw(SYS_tgkill, getpid(), getpid(), SIGUSR1), 0);
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1));
}

TEST(a_stop_stops_every_thread) {
    volatile unsigned* shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork_child();
    if (child == 0) {
        pthread_t thread;
        start(&thread, for_ever, NULL);
        for (;;) {
            ++*shared;
        }
    }
    while (*shared == 0) {
        sched_yield();
    }
    kill(child, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    unsigned at = *shared;
    sleep_ms(30);
    CHECK_EQ(*shared, at);
    kill(child, SIGCONT);
    while (*shared == at) {
        sched_yield();
    }
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
}

TEST(a_stop_right_after_going_on_is_told_too) {
    volatile unsigned* shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork_child();
    if (child == 0) {
        pthread_t thread;
        start(&thread, for_ever, NULL);
        *shared = 1;
        for_ever(NULL);
    }
    while (*shared == 0) {
        sched_yield();
    }
    kill(child, SIGSTOP);
    int status;
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    for (int i = 0; i < 3; ++i) {
        kill(child, SIGCONT);
        kill(child, SIGTSTP);  // before any of its threads has run
        CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
        CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    }
    kill(child, SIGKILL);
    CHECK_KILLED(child, SIGKILL);
}

static pthread_barrier_t barrier;
static char* shared_pages;

static void* touch_all(void* argument) {
    pthread_barrier_wait(&barrier);
    for (size_t page = 0; page < 256; ++page) {  // the same pages, at the same time
        __sync_fetch_and_add((int*)(shared_pages + page * PAGE), 1);
    }
    return argument;
}

TEST(threads_touch_the_same_new_pages) {
    for (int round = 0; round < 10; ++round) {
        shared_pages = map_pages(256, PROT_READ | PROT_WRITE);
        pthread_barrier_init(&barrier, NULL, 4);
        pthread_t threads[4];
        for (size_t i = 0; i < 4; ++i) {
            start(&threads[i], touch_all, NULL);
        }
        for (size_t i = 0; i < 4; ++i) {
            join(threads[i]);
        }
        size_t wrong = 0;
        for (size_t page = 0; page < 256; ++page) {
            wrong += *(int*)(shared_pages + page * PAGE) != 4;
        }
        CHECK_EQ(wrong, 0);
        CHECK_CALL(munmap(shared_pages, 256 * PAGE));
    }
}

TEST(as_many_threads_as_there_are) {
    enum { kMany = 200 };
    static pthread_t threads[kMany];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 32768);
    sem_init(&started, 0, 0);
    size_t made = 0;
    while (made < kMany && pthread_create(&threads[made], &small, wait_to_be_cancelled, NULL) == 0) {
        ++made;
    }
    CHECK(made >= 50);
    for (size_t i = 0; i < made; ++i) {
        sem_wait(&started);
    }
    for (size_t i = 0; i < made; ++i) {
        pthread_cancel(threads[i]);
    }
    for (size_t i = 0; i < made; ++i) {
        CHECK(join(threads[i]) == PTHREAD_CANCELED);
    }
}
