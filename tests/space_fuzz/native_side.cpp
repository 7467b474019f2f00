#include "tests/space_fuzz/native_side.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace space_fuzz {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// How long an order may take. (A sweep of 2,560 pages takes a few milliseconds.)
constexpr std::timespec kPatience{20, 0};

}  // namespace

NativeSide::NativeSide(const std::string& program) {
    const int descriptor = memfd_create("space_fuzz", 0);
    if (descriptor < 0 || ftruncate(descriptor, sizeof(SharedBlock)) != 0) {
        fail("shared memory");
    }
    void* const memory =
        mmap(nullptr, sizeof(SharedBlock), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) {
        fail("shared memory");
    }
    block_ = static_cast<SharedBlock*>(memory);
    program_ = fork();
    if (program_ < 0) {
        fail("fork");
    }
    if (program_ == 0) {
        // Without it, the break is somewhere else, and not tested; not every container allows it.
        static_cast<void>(personality(ADDR_NO_RANDOMIZE));
        std::array<char, 16> number{};
        std::snprintf(number.data(), number.size(), "%d", descriptor);
        execl(program.c_str(), program.c_str(), number.data(), nullptr);
        _exit(127);
    }
    close(descriptor);
}

NativeSide::~NativeSide() {
    kill(program_, SIGKILL);
    waitpid(program_, nullptr, 0);
    munmap(block_, sizeof(SharedBlock));
}

void NativeSide::start() {
    const Outcome started = order(kZygote, {Kind::kStart, kZygote, {}});
    if (started.value != 0) {
        throw std::runtime_error("the native side cannot fork");
    }
    has_break_ = started.detail != 0;
}

void NativeSide::finish() {
    order(kZygote, {Kind::kFinish, kZygote, {}});
}

Outcome NativeSide::order(std::uint32_t process, const Operation& operation) {
    const std::atomic_ref<std::uint32_t> answers(block_->answers);
    const std::atomic_ref<std::uint32_t> orders(block_->orders[process]);
    const std::uint32_t before = answers.load();
    block_->operation = operation;
    orders.fetch_add(1);
    syscall(SYS_futex, &block_->orders[process], FUTEX_WAKE, 1, nullptr, nullptr, 0);
    while (answers.load() == before) {
        const long waited = syscall(SYS_futex, &block_->answers, FUTEX_WAIT, before, &kPatience, nullptr, 0);
        if (waited != 0 && errno == ETIMEDOUT) {
            throw std::runtime_error("a process of the native side does not answer");
        }
    }
    return block_->outcome;
}

}  // namespace space_fuzz
