// futex and clone without the C library: waking, waiting with time limits, requeueing, robust lists, and the words that
// the kernel clears at a thread's end.
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <time.h>

#include "check.h"

enum { kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM };

struct old_timespec {
    long seconds;
    long nanoseconds;
};

static long futex(volatile int* word, int operation, int value, const void* timeout, volatile int* second,
                  int third) {
    return raw(SYS_futex, word, operation, value, timeout, second, third);
}

static int* shared_words(void) {
    int* words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(words != MAP_FAILED);
    return words;
}

TEST(a_changed_word_is_not_waited_for) {
    int word = 5;
    CHECK_EQ(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), -EAGAIN);
    CHECK_EQ(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), -EAGAIN);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    const struct old_timespec little = {0, 20000000};
    CHECK_EQ(futex(&word, FUTEX_WAIT, 5, &little, NULL, 0), -ETIMEDOUT);
    const struct old_timespec none = {0, 0};
    CHECK_EQ(futex(&word, FUTEX_WAIT, 5, &none, NULL, 0), -ETIMEDOUT);
    const struct old_timespec bad = {0, 1000000000};
    CHECK_EQ(futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0), -EINVAL);
    const struct old_timespec past = {1, 0};  // an absolute time
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET, 5, &past, NULL, -1), -ETIMEDOUT);
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET, 5, &past, NULL, 0), -EINVAL);
}

TEST(bad_futex_arguments_are_refused) {
    int words[2] = {0, 0};
    volatile int* odd = (volatile int*)((char*)words + 1);
    CHECK_EQ(futex(odd, FUTEX_WAIT, 0, NULL, NULL, 0), -EINVAL);
    CHECK_EQ(futex(odd, FUTEX_WAKE, 1, NULL, NULL, 0), -EINVAL);
    CHECK_EQ(futex((int*)8, FUTEX_WAIT, 0, NULL, NULL, 0), -EFAULT);
    CHECK_EQ(futex((int*)USER_END, FUTEX_WAIT, 0, NULL, NULL, 0), -EFAULT);
    CHECK_EQ(futex((int*)0xFFFFFFFC, FUTEX_WAIT, 0, NULL, NULL, 0), -EFAULT);
    CHECK_EQ(futex(words, FUTEX_WAIT, 0, (void*)8, NULL, 0), -EFAULT);
    CHECK_EQ(futex(words, 77, 0, NULL, NULL, 0), -ENOSYS);
}

static pid_t waiter(int* word, int expected) {
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(futex(word, FUTEX_WAIT, expected, NULL, NULL, 0), 0);
        end_child();
    }
    return child;
}

/// Wakes until `wanted` have been woken: those that were still on their way to the wait are found in the end.
static void wake(int* word, int wanted) {
    while (wanted > 0) {
        long woken = futex(word, FUTEX_WAKE, wanted, NULL, NULL, 0);
        if (!CHECK(woken >= 0 && woken <= wanted)) {
            return;
        }
        wanted -= (int)woken;
        sched_yield();
    }
}

TEST(processes_wait_on_shared_memory) {
    int* words = shared_words();
    pid_t children[3];
    for (size_t i = 0; i < 3; ++i) {
        children[i] = waiter(words, 0);
    }
    wake(words, 1);
    wake(words, 2);
    for (size_t i = 0; i < 3; ++i) {
        CHECK_EXIT(children[i], 0);
    }
    CHECK_EQ(futex(words, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
}

TEST(requeued_waiters_wait_elsewhere) {
    int* words = shared_words();
    pid_t children[4];
    for (size_t i = 0; i < 4; ++i) {
        children[i] = waiter(&words[0], 0);
    }
    CHECK_EQ(futex(&words[0], FUTEX_CMP_REQUEUE, 1, (void*)1, &words[1], 5), -EAGAIN);  // the word is not 5
    // Until all are waiting on the second word, but the one that each call wakes at most.
    int moved = 0;
    while (moved < 4) {
        long result = futex(&words[0], FUTEX_CMP_REQUEUE, 0, (void*)INT_MAX, &words[1], 0);
        if (!CHECK(result >= 0)) {
            return;
        }
        moved += (int)result;
        sched_yield();
    }
    CHECK_EQ(futex(&words[0], FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&words[1], FUTEX_REQUEUE, 1, (void*)0, &words[2], 0), 1);
    CHECK_EQ(futex(&words[1], FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 3);
    for (size_t i = 0; i < 4; ++i) {
        CHECK_EXIT(children[i], 0);
    }
}

TEST(a_private_page_is_no_meeting_place_after_fork) {
    static int word;
    pid_t child = fork_child();
    if (child == 0) {
        const struct old_timespec little = {0, 100000000};
        CHECK_EQ(futex(&word, FUTEX_WAIT, 0, &little, NULL, 0), -ETIMEDOUT);
        end_child();
    }
    for (int i = 0; i < 20; ++i) {
        CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
        sleep_ms(2);
    }
    CHECK_EXIT(child, 0);
}

TEST(a_signal_ends_a_wait) {
    int* words = shared_words();
    pid_t child = waiter(words, 0);
    sleep_ms(20);
    kill(child, SIGTERM);
    CHECK_KILLED(child, SIGTERM);
    CHECK_EQ(futex(words, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);  // the dead do not wait
}

TEST(wake_op_changes_one_word_and_wakes_two) {
    int* words = shared_words();
    words[1] = 3;
    CHECK_EQ(futex(&words[0], FUTEX_WAKE_OP, 1, (void*)1, &words[1],
                   FUTEX_OP(FUTEX_OP_ADD, 4, FUTEX_OP_CMP_EQ, 3)),
             0);
    CHECK_EQ(words[1], 7);
    pid_t child = waiter(&words[1], 7);
    int woken = 0;
    while (woken == 0) {
        words[1] = 7;  // it waits only while it is 7; SET writes the same
        woken = (int)futex(&words[0], FUTEX_WAKE_OP, 1, (void*)1, &words[1],
                           FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 7));
        sched_yield();
    }
    CHECK_EQ(woken, 1);
    CHECK_EXIT(child, 0);
}

static volatile int thread_word;
static volatile int thread_ran;

static int run_and_end(void* argument) {
    thread_ran = *(volatile int*)argument;
    return 0;
}

static char* new_stack(void) {
    return map_pages(8, PROT_READ | PROT_WRITE) + 8 * PAGE;
}

TEST(clone_sets_and_clears_words) {
    static volatile int parent_word;
    int argument = 9;
    thread_word = -1;
    int number = clone(run_and_end, new_stack(), kThreadFlags | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
                       &argument, &parent_word, NULL, &thread_word);
    CHECK(number > 0);
    CHECK_EQ(parent_word, number);
    while (thread_word == -1) {  // the kernel clears it at the end, and wakes whoever waits
        futex(&thread_word, FUTEX_WAIT, -1, NULL, NULL, 0);
    }
    CHECK_EQ(thread_word, 0);
    CHECK_EQ(thread_ran, 9);
    for (int i = 0; i < 2000 && raw(SYS_tgkill, getpid(), number, 0) == 0; ++i) {
        sleep_ms(1);
    }
    CHECK_EQ(raw(SYS_tgkill, getpid(), number, 0), -ESRCH);
}

TEST(bad_clone_flags_are_refused) {
    CHECK_EQ(raw(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), -EINVAL);  // needs CLONE_VM
    CHECK_EQ(raw(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), -EINVAL);   // needs CLONE_SIGHAND
    CHECK_EQ(raw(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0), -EINVAL);
}

TEST(set_tid_address_is_cleared_at_the_end) {
    int* words = shared_words();
    words[0] = 5;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(raw(SYS_set_tid_address, words), getpid());
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(words[0], 5);  // nobody shares the memory with the child as a whole: Linux leaves it
    // A bad address is no reason to die of.
    child = fork_child();
    if (child == 0) {
        raw(SYS_set_tid_address, USER_END);
        end_child();
    }
    CHECK_EXIT(child, 0);
}

TEST(a_child_that_shares_memory_can_be_a_process) {
    int argument = 3;
    thread_ran = 0;
    int child = clone(run_and_end, new_stack(), CLONE_VM | SIGCHLD, &argument);
    CHECK(child > 0);
    CHECK_EXIT(child, 0);
    CHECK_EQ(thread_ran, 3);
}

/// A robust list as the kernel reads it.
struct robust_entry {
    struct robust_entry* next;
    volatile int lock;
};

struct robust_head {
    struct robust_entry* first;
    long offset;
    struct robust_entry* pending;
};

TEST(a_robust_list_is_walked_at_the_end) {
    char* memory = (char*)shared_words();
    struct robust_head* head = (struct robust_head*)memory;
    struct robust_entry* entry = (struct robust_entry*)(memory + 64);
    pid_t child = fork_child();
    if (child == 0) {
        head->first = entry;
        head->offset = offsetof(struct robust_entry, lock);
        head->pending = NULL;
        entry->next = (struct robust_entry*)head;
        entry->lock = getpid() | (int)FUTEX_WAITERS;
        CHECK_EQ(raw(SYS_set_robust_list, head, sizeof *head), 0);
        CHECK_EQ(raw(SYS_set_robust_list, head, 5), -EINVAL);
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(entry->lock, (int)(FUTEX_WAITERS | FUTEX_OWNER_DIED));
}

TEST(a_bad_robust_list_hurts_nobody) {
    char* memory = (char*)shared_words();
    struct robust_entry* circle = (struct robust_entry*)(memory + 128);
    circle->next = circle;  // without end: the kernel must stop by itself
    struct robust_head* heads = (struct robust_head*)memory;
    heads[0] = (struct robust_head){circle, 4, NULL};
    heads[1] = (struct robust_head){(struct robust_entry*)USER_END, 4, NULL};
    heads[2] = (struct robust_head){(struct robust_entry*)8, -8, (struct robust_entry*)1};
    heads[3] = (struct robust_head){circle, 0x7FFFFFF0, circle};
    for (size_t i = 0; i < 6; ++i) {
        pid_t child = fork_child();
        if (child == 0) {
            const void* head = i < 4 ? (void*)&heads[i] : i == 4 ? (void*)8 : (void*)0xFFFFFFF0;
            raw(SYS_set_robust_list, head, 12);
            end_child();
        }
        CHECK_EXIT(child, 0);
    }
}

TEST(thread_areas_are_checked) {
    struct {
        unsigned entry;
        unsigned base;
        unsigned limit;
        unsigned flags;
    } area = {(unsigned)-1, (unsigned)&thread_word, 0xFFFFF, 0x51};
    thread_word = 0x12345;
    long result = raw(SYS_set_thread_area, &area);
    CHECK_EQ(result, 0);
    CHECK(area.entry != (unsigned)-1);
    uint32_t value;
    __asm__ volatile("pushl %%fs; movw %w1, %%fs; movl %%fs:0, %0; popl %%fs"
                     : "=&r"(value)
                     : "r"(area.entry * 8 + 3));
    CHECK_EQ(value, 0x12345);
    sched_yield();
    unsigned entry = area.entry;
    memset(&area, 0, sizeof area);
    area.entry = entry;
    CHECK_EQ(raw(SYS_get_thread_area, &area), 0);
    CHECK_EQ(area.base, (unsigned)&thread_word);
    area.entry = 1;  // the kernel's
    CHECK_EQ(raw(SYS_set_thread_area, &area), -EINVAL);
    area.entry = 9999;
    CHECK_EQ(raw(SYS_set_thread_area, &area), -EINVAL);
    CHECK_EQ(raw(SYS_set_thread_area, 8), -EFAULT);
    CHECK_EQ(raw(SYS_set_thread_area, USER_END), -EFAULT);
}
