#include "kernel/programs/futex.hpp"

#include <array>
#include <utility>

#include "kernel/programs/process.hpp"
#include "mm/space/page_object.hpp"

namespace kernel {
namespace {

/// Which word it is, whoever maps it where.
struct Key {
    mm::PageObject* object = nullptr;       // of shared memory; null in an address space's own
    const ProgramMemory* memory = nullptr;  // that address space
    std::uint64_t place = 0;                // in bytes

    friend bool operator==(const Key&, const Key&) = default;
};

FileResult<Key> key_of(UserAddress address) {
    ProgramMemory* const memory = current_process().memory.get();
    if (address % sizeof(std::uint32_t) != 0) {
        return file_error(Errno::kInvalid);
    }
    if (memory == nullptr || address >= ProgramMemory::kEnd) {
        return file_error(Errno::kFault);
    }
    const mm::Region* const region = memory->space().region_at(mm::VirtAddr(address));
    if (region != nullptr && region->sharing == mm::Sharing::kShared && region->object != nullptr) {
        const std::uint64_t page = region->object_page_at(mm::VirtAddr(address).page());
        return Key{.object = region->object, .place = page * mm::kPageSize + address % mm::kPageSize};
    }
    return Key{.memory = memory, .place = address};
}

class Sleeper;

struct Sleepers {
    Sleeper* first = nullptr;
    Sleeper* last = nullptr;
};

constinit std::array<Sleepers, 64> table{};

Sleepers& sleepers_of(const Key& key) {
    const auto owner = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(key.object) ^
                                                  reinterpret_cast<std::uintptr_t>(key.memory));
    const auto hash = (owner >> 4 ^ static_cast<std::uint32_t>(key.place) >> 2) * 0x9E37'79B1U;
    return table[hash >> 26];
}

/// One thread's place, on its kernel stack for as long as it sleeps. Keeps the object: the program may unmap it
/// meanwhile, and another one at the same address in the kernel must not take this for a sleeper of its own.
class Sleeper {
  public:
    Sleeper(const Key& key, std::uint32_t bits) : key_(key), bits_(bits) {
        keep(key_);
        enter();
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() {
        if (!woken_) {
            leave();
        }
        let_go(key_);
    }

    [[nodiscard]] bool sleeps_on(const Key& key) const { return key_ == key; }
    [[nodiscard]] bool listens_to(std::uint32_t bits) const { return (bits_ & bits) != 0; }
    [[nodiscard]] Sleeper* next() const { return next_; }
    [[nodiscard]] bool woken() const { return woken_; }

    void wake() {
        leave();
        woken_ = true;
        queue_.wake_one();
    }
    void move(const Key& key) {
        leave();
        keep(key);
        let_go(std::exchange(key_, key));
        enter();
    }

  private:
    static void keep(const Key& key) {
        if (key.object != nullptr) {
            key.object->retain();
        }
    }
    static void let_go(const Key& key) {
        if (key.object != nullptr) {
            key.object->release();
        }
    }
    void enter() {
        Sleepers& list = sleepers_of(key_);
        next_ = nullptr;
        previous_ = list.last;
        (list.last != nullptr ? list.last->next_ : list.first) = this;
        list.last = this;
    }
    void leave() {
        Sleepers& list = sleepers_of(key_);
        (previous_ != nullptr ? previous_->next_ : list.first) = next_;
        (next_ != nullptr ? next_->previous_ : list.last) = previous_;
    }

    Key key_;
    std::uint32_t bits_;
    bool woken_ = false;
    Sleeper* next_ = nullptr;
    Sleeper* previous_ = nullptr;
    WaitQueue queue_;
    Waiter place_{queue_};
};

std::uint32_t wake(const Key& key, std::uint32_t most, std::uint32_t bits) {
    std::uint32_t woken = 0;
    Sleeper* sleeper = sleepers_of(key).first;
    while (sleeper != nullptr && woken < most) {
        Sleeper& candidate = *std::exchange(sleeper, sleeper->next());
        if (candidate.sleeps_on(key) && candidate.listens_to(bits)) {
            candidate.wake();
            ++woken;
        }
    }
    return woken;
}

// Of a robust lock's word, and of the list.
constexpr std::uint32_t kHolder = 0x3FFF'FFFF;
constexpr std::uint32_t kHolderDied = 0x4000'0000;
constexpr std::uint32_t kSomebodyWaits = 0x8000'0000;
constexpr std::uint32_t kMostRobustLocks = 2048;

/// struct robust_list_head
struct RobustListHead {
    UserAddress first;
    std::int32_t lock_offset;
    UserAddress pending;
};

/// Replaces the word by change(word), atomically towards other threads; the word it was. Error: kFault.
template <typename Change>
FileResult<std::uint32_t> change_word(UserAddress address, Change change) {
    std::uint32_t seen = 0;
    if (!read_user(seen, address)) {
        return file_error(Errno::kFault);
    }
    for (;;) {
        const FileResult<std::uint32_t> was = compare_exchange_user(address, seen, change(seen));
        if (!was || *was == seen) {
            return was;
        }
        seen = *was;  // Others ran while the page was waited for.
    }
}

void release_robust_lock(UserAddress lock, ThreadId holder) {
    const auto is_held = [holder](std::uint32_t word) {
        return static_cast<ThreadId>(word & kHolder) == holder;
    };
    std::uint32_t word = 0;
    if (lock % sizeof(word) != 0 || !read_user(word, lock) || !is_held(word)) {
        return;
    }
    const FileResult<std::uint32_t> was = change_word(lock, [&is_held](std::uint32_t seen) {
        return is_held(seen) ? (seen & kSomebodyWaits) | kHolderDied : seen;
    });
    if (was && is_held(*was) && (*was & kSomebodyWaits) != 0) {
        wake_futex(lock, 1);
    }
}

}  // namespace

FileResult<void> wait_for_futex(UserAddress address, std::uint32_t expected, std::uint32_t bits,
                                Moment deadline) {
    if (bits == 0 || address % sizeof(std::uint32_t) != 0) {
        return file_error(Errno::kInvalid);
    }
    std::uint32_t word = 0;
    if (!read_user(word, address)) {
        return file_error(Errno::kFault);
    }
    // Only now, for the word's page may have been waited for; from here to the sleep nobody comes between.
    const FileResult<Key> key = key_of(address);
    if (!key) {
        return file_error(key.error());
    }
    if (word != expected) {
        return file_error(Errno::kAgain);
    }
    Sleeper sleeper(*key, bits);  // NOLINT(misc-const-correctness): the list leads to it
    while (!sleeper.woken()) {
        const Wake why = sleep(Interruptible::kYes, deadline);
        if (sleeper.woken() || why == Wake::kWoken) {
            continue;
        }
        if (why == Wake::kTimedOut) {
            return file_error(Errno::kTimedOut);
        }
        return file_error(deadline == kNever ? Errno::kRestart : Errno::kRestartNoHandler);
    }
    return {};
}

std::uint32_t wake_futex(UserAddress address, std::uint32_t most, std::uint32_t bits) {
    const FileResult<Key> key = key_of(address);
    return key ? wake(*key, most, bits) : 0;
}

FileResult<std::uint32_t> requeue_futex(UserAddress from, std::uint32_t most, UserAddress to,
                                        std::uint32_t most_moved) {
    const FileResult<Key> source = key_of(from);
    const FileResult<Key> target = key_of(to);
    if (!source || !target) {
        return file_error(source ? target.error() : source.error());
    }
    const std::uint32_t woken = wake(*source, most, kAnyFutexBits);
    if (*source == *target) {
        return woken;
    }
    std::uint32_t moved = 0;
    Sleeper* sleeper = sleepers_of(*source).first;
    while (sleeper != nullptr && moved < most_moved) {
        Sleeper& candidate = *std::exchange(sleeper, sleeper->next());
        if (candidate.sleeps_on(*source)) {
            candidate.move(*target);
            ++moved;
        }
    }
    return woken + moved;
}

FileResult<std::uint32_t> wake_futex_operation(UserAddress first, std::uint32_t most, UserAddress second,
                                               std::uint32_t most_second, std::uint32_t operation) {
    FileResult<Key> key = key_of(first);
    FileResult<Key> second_key = key_of(second);
    if (!key || !second_key) {
        return file_error(key ? second_key.error() : key.error());
    }
    const FileResult<FutexOperation> wanted = FutexOperation::decode(operation);
    if (!wanted) {
        return file_error(wanted.error());
    }
    const FileResult<std::uint32_t> old =
        change_word(second, [&wanted](std::uint32_t word) { return wanted->changed(word); });
    if (!old) {
        return file_error(Errno::kFault);
    }
    // Once more: the page may have been waited for, and the program may have mapped something else meanwhile.
    key = key_of(first);
    second_key = key_of(second);
    if (!key || !second_key) {
        return file_error(Errno::kFault);
    }
    std::uint32_t woken = wake(*key, most, kAnyFutexBits);
    if (wanted->holds(*old)) {
        woken += wake(*second_key, most_second, kAnyFutexBits);
    }
    return woken;
}

void release_robust_list(Thread& thread) {
    const UserAddress list = std::exchange(thread.robust_list, 0);
    RobustListHead head{};
    if (list == 0 || !read_user(head, list)) {
        return;
    }
    const auto lock_at = [&head](UserAddress entry) {
        return entry + static_cast<std::uint32_t>(head.lock_offset);
    };
    // The lowest bit of an entry marks locks that lend priority.
    UserAddress entry = head.first & ~1U;
    const UserAddress pending = head.pending & ~1U;
    for (std::uint32_t i = 0; i < kMostRobustLocks && entry != list; ++i) {
        UserAddress next = 0;
        const bool more = read_user(next, entry).has_value();
        if (entry != pending) {
            release_robust_lock(lock_at(entry), thread.id());
        }
        if (!more) {
            break;
        }
        entry = next & ~1U;
    }
    if (pending != 0) {
        release_robust_lock(lock_at(pending), thread.id());
    }
}

}  // namespace kernel
