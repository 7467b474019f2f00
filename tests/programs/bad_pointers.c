// Every system call that takes a pointer, with pointers that lead nowhere: EFAULT whatever the address, and no harm. F3
// The rows of bad_pointer_calls.h say which calls, which of their arguments, and what is done with it.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

#include "check.h"

enum use {
    kIn = 1,        // the kernel reads it
    kOut = 2,       // the kernel writes it
    kText = 4,      // a string
    kNullable = 8,  // a null pointer means something else
    kPartly = 16,   // what lies before a bad page may be transferred
    kByte = 32,     // one byte only: it cannot straddle
    kAligned = 64,  // an odd address is EINVAL first
};

enum { kFile = 40, kFolder, kPipeRead, kPipeWrite, kZero };

static char buffer[4 * PAGE];
static char text[] = "/tmp/bad_pointers.none";
static char there[] = "/tmp/bad_pointers.there";
static char root[] = "/";
static long no_time[4];

struct call {
    const char* name;
    int number;
    int use;
    int pointer;  // which of the arguments
    long arguments[6];
};

static const struct call kCalls[] = {
#include "bad_pointer_calls.h"
};
enum { kCallCount = sizeof kCalls / sizeof *kCalls };

static char* mapped;     // a page that can be written, and behind it
static char* unmapped;   // one that is not there
static char* forbidden;  // one without rights
static char* read_only;
static char* last_page;  // before the kernel's

static void set_up(void) {
    int fd = (int)CHECK_CALL(open(there, O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK_EQ(write(fd, buffer, 200), 200);
    CHECK_EQ(dup2(fd, kFile), kFile);
    CHECK_EQ(dup2((int)CHECK_CALL(open("/", O_RDONLY | O_DIRECTORY)), kFolder), kFolder);
    int ends[2];
    CHECK_CALL(pipe(ends));
    CHECK_EQ(write(ends[1], buffer, 100), 100);
    CHECK_EQ(dup2(ends[0], kPipeRead), kPipeRead);
    CHECK_EQ(dup2(ends[1], kPipeWrite), kPipeWrite);
    CHECK_EQ(dup2((int)CHECK_CALL(open("/dev/zero", O_RDWR)), kZero), kZero);
    mapped = map_pages(2, PROT_READ | PROT_WRITE);
    memset(mapped, 'a', 2 * PAGE);
    unmapped = mapped + PAGE;
    CHECK_CALL(munmap(unmapped, PAGE));
    forbidden = map_pages(1, PROT_NONE);
    read_only = map_pages(1, PROT_READ);
    // The last page below the kernel, where it is free: only what lies behind it is bad.
    last_page = mmap((void*)(USER_END - PAGE), PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

/// The call with `address` in place of its pointer, in which case it must be EFAULT.
static void try_call(const struct call* call, uint32_t address, bool part_is_good) {
    if ((call->use & kAligned) && address % 4 != 0) {
        return;
    }
    // No end of a string before the bad page: calls before may have written there.
    memset(unmapped - 128, 'a', 128);
    if (last_page != MAP_FAILED) {
        memset(last_page + PAGE - 128, 'a', 128);
    }
    long arguments[6];
    memcpy(arguments, call->arguments, sizeof arguments);
    arguments[call->pointer] = (long)address;
    long result = raw6(call->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                       arguments[5]);
    if (part_is_good && (call->use & kPartly) && result > 0) {
        return;
    }
    if (result == -ENOSYS) {
        return;  // reported by another test
    }
    if (result != -EFAULT) {
        say("%s, argument %d, at %#x:", call->name, call->pointer, address);
        CHECK_EQ(result, -EFAULT);
    } else {
        CHECK(true);
    }
}

TEST(the_kernels_addresses_are_efault) {
    set_up();
    static const uint32_t kThere[] = {USER_END,   USER_END + 4, USER_END + 0x100000, USER_END + 0x101000,
                                      0xD0000000, 0xE0000000,   0xFF800000,          0xFFC00000,
                                      0xFFFFE000, 0xFFFFF000,   0xFFFFFFFC,          0xFFFFFFFF};
    for (size_t row = 0; row < kCallCount; ++row) {
        for (size_t i = 0; i < sizeof kThere / sizeof *kThere; ++i) {
            try_call(&kCalls[row], kThere[i], false);
        }
    }
}

TEST(unmapped_and_forbidden_pages_are_efault) {
    set_up();
    for (size_t row = 0; row < kCallCount; ++row) {
        try_call(&kCalls[row], (uint32_t)unmapped, false);
        try_call(&kCalls[row], (uint32_t)unmapped + PAGE - 1, false);
        try_call(&kCalls[row], (uint32_t)forbidden + 64, false);
        try_call(&kCalls[row], 16, false);
        if (!(kCalls[row].use & kNullable)) {
            try_call(&kCalls[row], 0, false);
        }
    }
}

TEST(read_only_pages_are_efault_for_results) {
    set_up();
    CHECK_EQ(*read_only, 0);
    for (size_t row = 0; row < kCallCount; ++row) {
        if (kCalls[row].use & kOut) {
            try_call(&kCalls[row], (uint32_t)read_only + 64, false);
        }
    }
    for (size_t at = 0; at < PAGE; ++at) {
        if (read_only[at] != 0) {
            CHECK_EQ(at, -1);
            return;
        }
    }
}

TEST(what_straddles_the_end_is_efault) {
    set_up();
    for (size_t row = 0; row < kCallCount; ++row) {
        if (!(kCalls[row].use & kByte)) {
            try_call(&kCalls[row], (uint32_t)unmapped - 2, true);
            try_call(&kCalls[row], USER_END - 2, true);
            // Aligned, where only the second half is bad; strings are long enough for it.
            if (kCalls[row].use & kText) {
                try_call(&kCalls[row], (uint32_t)unmapped - 100, true);
                try_call(&kCalls[row], USER_END - 100, true);
            }
        }
    }
}

TEST(good_pointers_are_not_efault) {
    set_up();
    size_t missing = 0;
    for (size_t row = 0; row < kCallCount; ++row) {
        const struct call* call = &kCalls[row];
        if (call->number == SYS_rt_sigsuspend || call->number == SYS_sigsuspend) {
            continue;  // would wait
        }
        pid_t child = fork_child();  // some change what a process is
        if (child == 0) {
            memset(buffer, 0, sizeof buffer);
            long arguments[6];
            memcpy(arguments, call->arguments, sizeof arguments);
            arguments[call->pointer] = (long)(call->use & kText ? text : buffer);
            long result = raw6(call->number, arguments[0], arguments[1], arguments[2], arguments[3],
                               arguments[4], arguments[5]);
            if (result == -EFAULT) {
                say("%s, argument %d: good, and EFAULT", call->name, call->pointer);
            }
            _exit(result == -EFAULT ? 1 : result == -ENOSYS ? 2 : 0);
        }
        int status = wait_status(child);
        CHECK(status == 0 || status == 2 << 8);
        if (status == 2 << 8) {
            say("note: %s is not there", call->name);
            ++missing;
        }
    }
    CHECK(missing < kCallCount / 4);
    unlink(text);
}

TEST(a_refused_call_leaves_nothing_behind) {
    set_up();
    int before = (int)CHECK_CALL(dup(kFile));
    close(before);
    for (int round = 0; round < 2000; ++round) {
        raw(SYS_pipe, unmapped);
        raw(SYS_pipe2, read_only, O_CLOEXEC);
        raw(SYS_open, unmapped, O_RDONLY);
    }
    int after = (int)CHECK_CALL(dup(kFile));
    CHECK_EQ(after, before);
    // A pipe's contents stay when they cannot be delivered.
    CHECK_EQ(raw(SYS_read, kPipeRead, unmapped, 50), -EFAULT);
    CHECK_EQ(raw(SYS_read, kPipeRead, read_only, 50), -EFAULT);
    CHECK_EQ(read(kPipeRead, buffer, sizeof buffer), 100);
    // A file's offset stays where what was read ends.
    CHECK_EQ(lseek(kFile, 0, SEEK_SET), 0);
    CHECK_EQ(raw(SYS_read, kFile, unmapped, 50), -EFAULT);
    CHECK_EQ(lseek(kFile, 0, SEEK_CUR), 0);
}

TEST(lengths_that_wrap_are_refused) {
    set_up();
    // A length beyond the address space must not let the kernel touch more than there is.
    long result = raw(SYS_read, kZero, mapped, 0x7FFFF000);
    CHECK(result == -EFAULT || result == (long)PAGE);
    result = raw(SYS_read, kZero, mapped, 0xFFFFFFFF);
    CHECK(result == -EFAULT || result == -EINVAL || result == (long)PAGE);
    result = raw(SYS_write, kPipeWrite, unmapped, 0xFFFFFFF0);
    CHECK(result == -EFAULT || result == -EINVAL);
    const struct iovec bad[3] = {{mapped, 8}, {mapped, 0xFFFFFFFF}, {mapped, 8}};
    CHECK_EQ(raw(SYS_readv, kZero, bad, 3), -EINVAL);
    CHECK_EQ(raw(SYS_writev, kPipeWrite, bad, 3), -EINVAL);
    CHECK_EQ(raw(SYS_readv, kZero, bad, 1025), -EINVAL);
    CHECK_EQ(raw(SYS_readv, kZero, bad, -1), -EINVAL);
    CHECK_EQ(raw(SYS_readv, kZero, mapped + PAGE - 4, 1), -EFAULT);
    CHECK_EQ(raw(SYS_readv, kZero, 8, 0), 0);
    const struct iovec second[2] = {{mapped, 8}, {unmapped, 8}};
    result = raw(SYS_readv, kZero, second, 2);
    CHECK(result == 8 || result == -EFAULT);
    const struct iovec kernel[2] = {{mapped, 8}, {(void*)USER_END, 8}};
    result = raw(SYS_writev, kPipeWrite, kernel, 2);
    CHECK(result == 8 || result == -EFAULT);
    CHECK_EQ(raw(SYS_poll, mapped, 0x40000000, 0), -EINVAL);
}

TEST(a_bad_status_pointer_still_reaps) {
    set_up();
    pid_t child = fork_child();
    if (child == 0) {
        _exit(1);
    }
    CHECK_EQ(raw(SYS_wait4, child, unmapped, 0, 0), -EFAULT);
    CHECK_EQ(raw(SYS_wait4, child, 0, 0, 0), -ECHILD);  // as on Linux: gone all the same
}

static volatile bool done;

static void* flicker(void* page) {
    unsigned round = 0;
    while (!done) {
        switch (round++ % 3) {
            case 0:
                munmap(page, PAGE);
                break;
            case 1:
                mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
                break;
            default:
                mprotect(page, PAGE, PROT_READ);
                break;
        }
        if (round % 5 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

TEST(memory_unmapped_meanwhile_is_efault_or_done) {
    set_up();
    char* page = map_pages(1, PROT_READ | PROT_WRITE);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, flicker, page), 0);
    size_t good = 0;
    size_t bad = 0;
    size_t wrong = 0;
    for (int round = 0; round < 20000; ++round) {
        long result;
        switch (round % 6) {
            case 0:
                result = raw(SYS_read, kZero, page, PAGE);
                break;
            case 1:
                result = raw(SYS_pread64, kFile, page, 200, 0, 0);
                break;
            case 2:
                result = raw(SYS_getcwd, page, PAGE);
                break;
            case 3:
                result = raw(SYS_fstat64, kFile, page + 4000);
                break;
            case 4:
                result = raw(SYS_pwrite64, kFile, page, 200, 0, 0);
                break;
            default:
                result = raw(SYS_uname, page);
                break;
        }
        good += result >= 0;
        bad += result == -EFAULT;
        wrong += result < 0 && result != -EFAULT;
        if (round % 50 == 0) {
            sched_yield();
        }
    }
    done = true;
    pthread_join(thread, NULL);
    CHECK_EQ(wrong, 0);
    CHECK_EQ(good + bad, 20000);
}
