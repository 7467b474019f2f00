#include "kernel/files/locks.hpp"

#include <new>
#include <utility>

#include "kernel/files/inode.hpp"
#include "kernel/programs/wait.hpp"

namespace kernel {
namespace {

struct FileLock {
    LockRequest lock;
    FileLock* next = nullptr;
};

bool overlap(LockRange a, LockRange b) {
    return a.begin <= b.last && b.begin <= a.last;
}

bool conflict(const LockRequest& held, const LockRequest& wanted) {
    return held.family == wanted.family && !(held.owner == wanted.owner) &&
           (held.mode == LockMode::kExclusive || wanted.mode == LockMode::kExclusive) &&
           overlap(held.range, wanted.range);
}

/// A table's thread that waits, and whom it waits for: what a circle is made of.
struct Waiting {
    LockOwner owner;
    LockOwner blocker;
    Waiting* next;
    bool is_followed = false;           // waits_for's: it has come by,
    Waiting* next_to_follow = nullptr;  // and will go on from here
};
Waiting* waiting = nullptr;

/// Whether `blocker` waits, over any number of others, for `owner`. A table's threads may wait in several places: all
/// of its waits are followed, each once, because the ways through them may be more than anybody could walk.
bool waits_for(LockOwner blocker, LockOwner owner) {
    for (Waiting* at = waiting; at != nullptr; at = at->next) {
        at->is_followed = false;
    }
    Waiting* to_follow = nullptr;
    while (!(blocker == owner)) {
        for (Waiting* at = waiting; at != nullptr; at = at->next) {
            if (!at->is_followed && at->owner == blocker) {
                at->is_followed = true;
                at->next_to_follow = std::exchange(to_follow, at);
            }
        }
        if (to_follow == nullptr) {
            return false;
        }
        blocker = to_follow->blocker;
        to_follow = to_follow->next_to_follow;
    }
    return true;
}

/// Stands in the list of those who wait, for as long as this lives.
class WaitingPlace {
  public:
    WaitingPlace(LockOwner owner, LockOwner blocker) : place_{owner, blocker, waiting} { waiting = &place_; }
    WaitingPlace(const WaitingPlace&) = delete;
    WaitingPlace& operator=(const WaitingPlace&) = delete;
    ~WaitingPlace() {
        Waiting** link = &waiting;
        while (*link != &place_) {
            link = &(*link)->next;
        }
        *link = place_.next;
    }

  private:
    Waiting place_;
};

}  // namespace

class FileLocks {
  public:
    FileLocks() = default;
    FileLocks(const FileLocks&) = delete;
    FileLocks& operator=(const FileLocks&) = delete;
    ~FileLocks() = default;

    [[nodiscard]] const LockRequest* find_conflict(const LockRequest& wanted) const {
        for (const FileLock* at = first_; at != nullptr; at = at->next) {
            if (conflict(at->lock, wanted)) {
                return &at->lock;
            }
        }
        return nullptr;
    }

    /// Makes I2 true with `wanted` in it. `spare` are two nodes; the unused ones stay.
    void apply(LockRequest wanted, FileLock* (&spare)[2]) {
        merge_touching(wanted);
        cut_out(wanted, spare);
        if (wanted.mode != LockMode::kNone) {
            insert(wanted, spare);
        }
        released_.wake_all();
    }

    void remove_all(LockOwner owner) {
        for (FileLock** link = &first_; *link != nullptr;) {
            if ((*link)->lock.owner == owner) {
                remove(link);
            } else {
                link = &(*link)->next;
            }
        }
        released_.wake_all();
    }

    [[nodiscard]] bool is_idle() const { return first_ == nullptr && released_.empty(); }
    WaitQueue& released() { return released_; }

  private:
    static void remove(FileLock** link) { delete std::exchange(*link, (*link)->next); }

    static bool same_owner(const FileLock& lock, const LockRequest& wanted) {
        return lock.lock.family == wanted.family && lock.lock.owner == wanted.owner;
    }

    /// What the owner has in the same mode, overlapping or next to it, becomes a part of `wanted`.
    void merge_touching(LockRequest& wanted) {
        for (FileLock** link = &first_; *link != nullptr;) {
            const LockRange has = (*link)->lock.range;
            const bool touches = has.begin <= wanted.range.last + 1 && wanted.range.begin <= has.last + 1;
            if (same_owner(**link, wanted) && (*link)->lock.mode == wanted.mode && touches) {
                wanted.range.begin = has.begin < wanted.range.begin ? has.begin : wanted.range.begin;
                wanted.range.last = has.last > wanted.range.last ? has.last : wanted.range.last;
                remove(link);
            } else {
                link = &(*link)->next;
            }
        }
    }

    /// What the owner has there in another mode goes; what sticks out at either side stays.
    void cut_out(const LockRequest& wanted, FileLock* (&spare)[2]) {
        for (FileLock** link = &first_; *link != nullptr;) {
            LockRequest& has = (*link)->lock;
            if (!same_owner(**link, wanted) || !overlap(has.range, wanted.range)) {
                link = &(*link)->next;
                continue;
            }
            const bool keeps_front = has.range.begin < wanted.range.begin;
            const bool keeps_back = has.range.last > wanted.range.last;
            if (keeps_front && keeps_back) {
                LockRequest back = has;
                back.range.begin = wanted.range.last + 1;
                has.range.last = wanted.range.begin - 1;
                insert(back, spare);
            } else if (keeps_front) {
                has.range.last = wanted.range.begin - 1;
            } else if (keeps_back) {
                has.range.begin = wanted.range.last + 1;
            } else {
                remove(link);
                continue;
            }
            link = &(*link)->next;
        }
    }

    void insert(const LockRequest& lock, FileLock* (&spare)[2]) {
        FileLock*& taken = spare[0] != nullptr ? spare[0] : spare[1];
        FileLock* const node = std::exchange(taken, nullptr);
        *node = {lock, first_};
        first_ = node;
    }

    FileLock* first_ = nullptr;
    WaitQueue released_;
};

namespace {

void drop_if_idle(Inode& file) {
    if (file.locks != nullptr && file.locks->is_idle()) {
        delete std::exchange(file.locks, nullptr);
    }
}

/// Sleeps until a lock of `file` has gone. Errors: kDeadlock, kRestart.
FileResult<void> wait_for(Inode& file, const LockRequest& request, LockOwner blocker) {
    const bool can_circle =
        request.family == LockFamily::kRecord && request.owner.kind == LockOwner::Kind::kTable;
    if (can_circle && waits_for(blocker, request.owner)) {
        return file_error(Errno::kDeadlock);
    }
    const WaitingPlace place(request.owner, blocker);
    const Waiter waiter(file.locks->released());
    if (sleep(Interruptible::kYes) == Wake::kSignal) {
        return file_error(Errno::kRestart);
    }
    return {};
}

}  // namespace

FileResult<void> set_lock(Inode& file, const LockRequest& request, LockWait wait) {
    if (request.mode == LockMode::kNone && file.locks == nullptr) {
        return {};
    }
    FileLock* spare[2] = {new (std::nothrow) FileLock, new (std::nothrow) FileLock};
    FileResult<void> result;
    if (file.locks == nullptr) {
        file.locks = new (std::nothrow) FileLocks;
    }
    if (spare[0] == nullptr || spare[1] == nullptr || file.locks == nullptr) {
        result = file_error(Errno::kNoLocks);
    }
    while (result && request.mode != LockMode::kNone) {
        const LockRequest* const in_the_way = file.locks->find_conflict(request);
        if (in_the_way == nullptr) {
            break;
        }
        result = wait == LockWait::kYes ? wait_for(file, request, in_the_way->owner)
                                        : FileResult<void>(file_error(Errno::kAgain));
    }
    if (result) {
        file.locks->apply(request, spare);
    }
    delete spare[0];
    delete spare[1];
    drop_if_idle(file);
    return result;
}

std::optional<LockRequest> find_conflict(const Inode& file, const LockRequest& request) {
    const LockRequest* const found = file.locks == nullptr ? nullptr : file.locks->find_conflict(request);
    return found == nullptr ? std::nullopt : std::optional(*found);
}

void release_locks_of(Inode& file, LockOwner owner) {
    if (file.locks != nullptr) {
        file.locks->remove_all(owner);
        drop_if_idle(file);
    }
}

}  // namespace kernel
