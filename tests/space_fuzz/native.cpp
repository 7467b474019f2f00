// The Linux side of the fuzzer, a static 32-bit program: does what the shared block says, with real system
// calls in real processes.
//
//   space_fuzz_native BLOCK-DESCRIPTOR
//
// One process, the zygote, plugs all of its address space but the arena; each sequence runs in a fork of it
// and that one's children. Calls no libc function that could map or allocate once the plugs are in.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/space_fuzz/native_arena.hpp"
#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {
namespace {

static_assert(sizeof(void*) == 4, "the program must be a 32-bit one");

SharedBlock* block;
sigjmp_buf fault_return;
volatile int accessing;
bool break_in_arena;
pid_t zygote;

void on_fault(int signal, siginfo_t* info, void*) {
    if (!accessing) {
        dprintf(2, "space_fuzz_native: signal %d at %p outside a test access\n", signal, info->si_addr);
        _exit(1);
    }
    accessing = 0;
    int access = kOtherFault;
    if (signal == SIGSEGV) {
        access = info->si_code == SEGV_MAPERR   ? kSegvNoRegion
                 : info->si_code == SEGV_ACCERR ? kSegvForbidden
                                                : kOtherFault;
    } else if (signal == SIGBUS && info->si_code == BUS_ADRERR) {
        access = kBusBeyond;
    }
    siglongjmp(fault_return, access);
}

int read_word(std::uint32_t address, std::uint32_t& word) {
    if (const int fault = sigsetjmp(fault_return, 0); fault != 0) {
        return fault;
    }
    accessing = 1;
    word = *static_cast<volatile std::uint32_t*>(address_of(address));
    accessing = 0;
    return kFine;
}

int write_word(std::uint32_t address, std::uint32_t word) {
    if (const int fault = sigsetjmp(fault_return, 0); fault != 0) {
        return fault;
    }
    accessing = 1;
    *static_cast<volatile std::uint32_t*>(address_of(address)) = word;
    accessing = 0;
    return kFine;
}

/// What the call returned, errors as negated numbers.
std::int32_t result(long returned) {
    return returned == -1 ? -errno : static_cast<std::int32_t>(returned);
}

Outcome residency(std::uint32_t address, std::uint32_t length) {
    constexpr unsigned char kUntouched = 0x5a;
    memset(block->residency, kUntouched, sizeof block->residency);
    const std::int32_t value = result(syscall(SYS_mincore, address, length, block->residency));
    for (std::uint8_t& answer : block->residency) {
        answer = answer == kUntouched ? kNoAnswer : answer & 1;
    }
    return {value, 0};
}

/// (Not by a loop of read_word: a volatile access and a jump buffer for each word take too long.)
std::uint32_t contents(std::uint32_t address) {
    Hash hash;
    const auto* words = static_cast<const std::uint32_t*>(address_of(address));
    for (std::uint32_t i = 0; i < kPageBytes / 4; ++i) {
        hash.add(words[i]);
    }
    return hash.value;
}

void sweep() {
    for (std::uint32_t page = 0; page < kArenaPages; ++page) {
        const std::uint32_t address = kArenaBegin + page * kPageBytes;
        unsigned char resident;
        PageState state{};
        state.mapped = syscall(SYS_mincore, address, kPageBytes, &resident) == 0;
        if (state.mapped) {
            std::uint32_t word = 0;
            state.read = static_cast<std::uint8_t>(read_word(address, word));
            if (state.read == kFine) {
                state.contents = contents(address);
                state.write = static_cast<std::uint8_t>(write_word(address, word));
            }
        }
        block->sweep[page] = state;
    }
}

/// A file in memory of `pages` pages, with the words that `word_at` tells; holes where `is_hole` says so.
template <typename WordAt, typename IsHole>
int make_file(std::uint32_t pages, WordAt word_at, IsHole is_hole) {
    const int file = static_cast<int>(syscall(SYS_memfd_create, "arena", 0U));
    if (file < 0 || ftruncate(file, static_cast<off_t>(pages * kPageBytes)) != 0) {
        give_up("memfd_create");
    }
    static std::uint32_t words[kPageBytes / 4];
    for (std::uint32_t page = 0; page < pages; ++page) {
        for (std::uint32_t i = 0; i < kPageBytes / 4; ++i) {
            words[i] = word_at(page * kPageBytes + i * 4);
        }
        if (!is_hole(page) &&
            pwrite(file, words, sizeof words, static_cast<off_t>(page * kPageBytes)) != kPageBytes) {
            give_up("pwrite");
        }
    }
    return file;
}

/// Makes `descriptor` another opening of `file`.
void open_again(int file, int flags, int descriptor) {
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    const int opened = open(name, flags);
    if (opened < 0 || dup2(opened, descriptor) < 0) {
        give_up("opening a file again");
    }
    close(opened);
}

void make_files() {
    const int file = make_file(kFilePages, file_word, [](std::uint32_t page) { return page % 2 == 1; });
    open_again(file, O_RDWR, kReadWriteFile);
    open_again(file, O_RDONLY, kReadFile);
    open_again(file, O_WRONLY, kWriteFile);
    close(file);
    const int module = make_file(kModulePages, module_word, [](std::uint32_t) { return false; });
    open_again(module, O_RDONLY, kModuleFile);
    close(module);
    close(kNoFile);
}

[[noreturn]] void serve(std::uint32_t process, std::uint32_t seen);

/// A child that carries out the orders for process `number`.
std::int32_t start_process(std::uint32_t number) {
    const std::uint32_t seen = __atomic_load_n(&block->orders[number], __ATOMIC_ACQUIRE);
    const pid_t child = static_cast<pid_t>(syscall(SYS_fork));
    if (child == 0) {
        serve(number, seen);
    }
    return child < 0 ? -errno : 0;
}

Outcome carry_out(const Operation& operation) {
    const std::uint32_t(&a)[6] = operation.arguments;
    const bool accesses = operation.kind == Kind::kRead || operation.kind == Kind::kWrite;
    if ((accesses && a[2] != 0 && mapping_above(a[0]).end != a[2]) ||
        (operation.kind == Kind::kProtect && a[3] != 0 && mapping_above(a[0]).begin != a[3])) {
        return {kNotMade, 0};
    }
    switch (operation.kind) {
        case Kind::kMap:
            return {result(syscall(SYS_mmap2, a[0], a[1], a[2], a[3], a[4], a[5])), 0};
        case Kind::kUnmap:
            return {result(syscall(SYS_munmap, a[0], a[1])), 0};
        case Kind::kProtect:
            return {result(syscall(SYS_mprotect, a[0], a[1], a[2])), 0};
        case Kind::kRemap:
            if (a[1] != 0 && is_one_mapping(a[0], a[1]) != (a[5] != 0)) {
                return {kNotMade, 0};
            }
            return {result(syscall(SYS_mremap, a[0], a[1], a[2], a[3], a[4])), 0};
        case Kind::kAdvise:
            return {result(syscall(SYS_madvise, a[0], a[1], a[2])), 0};
        case Kind::kResidency:
            return residency(a[0], a[1]);
        case Kind::kSync:
            return {result(syscall(SYS_msync, a[0], a[1], a[2])), 0};
        case Kind::kBreak:
            return {static_cast<std::int32_t>(syscall(SYS_brk, a[0])), 0};
        case Kind::kRead: {
            Outcome outcome{};
            outcome.value = read_word(a[0], outcome.detail);
            return outcome;
        }
        case Kind::kWrite:
            return {write_word(a[0], a[1]), 0};
        case Kind::kFork:
            return {start_process(a[0]), 0};
        case Kind::kFileWrite:
            return {result(pwrite(kReadWriteFile, &a[1], 4, static_cast<off_t>(a[0]))), 0};
        case Kind::kFileRead: {
            Outcome outcome{};
            outcome.value = result(pread(kReadWriteFile, &outcome.detail, 4, static_cast<off_t>(a[0])));
            return outcome;
        }
        case Kind::kFileResize:
            return {result(ftruncate(kReadWriteFile, static_cast<off_t>(a[0] * kPageBytes))), 0};
        case Kind::kSweep:
            sweep();
            return {};
        case Kind::kStart:
            make_files();
            return {start_process(0), break_in_arena ? 1U : 0U};
        case Kind::kFinish:
            while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
            }
            return {};
        default:
            return {-ENOSYS, 0};
    }
}

long futex(std::uint32_t* word, int call, std::uint32_t value) {
    static const timespec patience{2, 0};
    return syscall(SYS_futex, word, call, value, call == FUTEX_WAIT ? &patience : nullptr, nullptr, 0);
}

void answer(Outcome outcome) {
    block->outcome = outcome;
    __atomic_add_fetch(&block->answers, 1, __ATOMIC_RELEASE);
    futex(&block->answers, FUTEX_WAKE, 1);
}

void serve(std::uint32_t process, std::uint32_t seen) {
    for (;;) {
        while (__atomic_load_n(&block->orders[process], __ATOMIC_ACQUIRE) == seen) {
            futex(&block->orders[process], FUTEX_WAIT, seen);
            if (process != kZygote && kill(zygote, 0) != 0) {
                _exit(1);
            }
        }
        ++seen;
        const Operation operation = block->operation;
        if (operation.kind == Kind::kExit) {
            answer({});
            _exit(0);
        }
        answer(carry_out(operation));
    }
}

/// The stack must have grown as far as it ever will before what is below it is plugged.
[[gnu::noinline]] void touch_stack() {
    volatile char room[128 * 1024];
    for (std::size_t i = 0; i < sizeof room; i += kPageBytes) {
        room[i] = 1;
    }
}

int run(int descriptor) {
    void* const shared =
        mmap(nullptr, sizeof(SharedBlock), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (shared == MAP_FAILED) {
        give_up("the shared block");
    }
    block = static_cast<SharedBlock*>(shared);

    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
    const rlimit stack{kStackPages * kPageBytes, kStackPages * kPageBytes};
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_STACK, &stack) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) {
        give_up("limits");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        give_up("prctl");
    }
    zygote = getpid();
    touch_stack();
    const auto heap_end =
        (reinterpret_cast<std::uint32_t>(sbrk(0)) + kPageBytes - 1) / kPageBytes * kPageBytes;
    break_in_arena = place_break();
    plug_all_but_arena(heap_end, break_in_arena);
    serve(kZygote, 0);
}

}  // namespace
}  // namespace space_fuzz

int main(int count, char** words) {
    if (count != 2) {
        dprintf(2, "usage: %s BLOCK-DESCRIPTOR (started by space_fuzz)\n", words[0]);
        return 2;
    }
    if (const auto heap = reinterpret_cast<std::uint32_t>(sbrk(0));
        heap > space_fuzz::kArenaBegin && heap <= space_fuzz::kArenaEnd) {
        execv("/proc/self/exe", words);  // Linux put the heap into the arena by chance: another throw.
    }
    return space_fuzz::run(atoi(words[1]));
}
