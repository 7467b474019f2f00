// The runnable threads that do not run, in the order in which they will: a queue for each nice level, twice.
//
//   active    nice -20 | A  |      the first of the best level runs next; it comes back to the end of its
//                  ... |    |      level as long as something of its time slice is left
//                    0 | B C|
//   expired          0 | D  |      whose slice is over waits here with a new one, until nobody is active: then
//                   19 | E  |      the two change places, so that nobody starves, however favoured the others are
//
// One thread alone is in no list, for that is how it mostly is: two that wait for each other in turn.
//
// T has a member `schedule` with the fields of Schedule (thread.hpp): next, nice, ticks_left, half. No
// hardware: tested on the host. Cost: O(1) each, but remove: O(threads of that level).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace kernel {

inline constexpr std::int8_t kBestNice = -20;
inline constexpr std::int8_t kWorstNice = 19;

/// How many ticks a thread of this standing runs at a time: 50 ms at nice 0, 150 ms at -20, 10 ms at 19.
constexpr std::int32_t slice_ticks(std::int8_t nice) {
    return nice <= 0 ? 5 - nice / 2 : 5 - (nice + 1) / 5;
}

template <typename T>
class RunQueue {
  public:
    [[nodiscard]] bool empty() const { return count_ == 0; }
    /// Threads in it.
    [[nodiscard]] std::uint32_t count() const { return count_; }

    /// Adds `thread` behind those of its level. With nothing left of its slice it gets a new one, and waits
    /// until the active ones have used theirs.
    void add(T& thread) {
        auto& schedule = thread.schedule;
        schedule.half = active_;
        if (schedule.ticks_left <= 0) [[unlikely]] {
            schedule.half = active_ ^ 1U;
            schedule.ticks_left = slice_ticks(schedule.nice);
        }
        if (count_++ == 0) {
            alone_ = &thread;
            return;
        }
        if (alone_ != nullptr) {
            insert(*std::exchange(alone_, nullptr));
        }
        insert(thread);
    }

    /// The same before those of its level, while something of its slice is left: for one that waited for a page, and
    /// would wait a slice of everybody's for each page otherwise.
    void add_first(T& thread) {
        if (thread.schedule.ticks_left <= 0 || count_ == 0) {
            add(thread);
            return;
        }
        thread.schedule.half = active_;
        ++count_;
        if (alone_ != nullptr) {
            insert(*std::exchange(alone_, nullptr));
        }
        Half& half = halves_[active_];
        Level& queue = half.levels[level_of(thread)];
        if (queue.first == nullptr) {
            insert(thread);
            return;
        }
        thread.schedule.next = queue.first;
        queue.first = &thread;
    }

    /// Takes `thread` out, which is in it.
    void remove(T& thread) {
        --count_;
        if (alone_ == &thread) {
            alone_ = nullptr;
            return;
        }
        Half& half = halves_[thread.schedule.half];
        const std::size_t level = level_of(thread);
        Level& queue = half.levels[level];
        T* before = nullptr;
        for (T* other = queue.first; other != &thread; other = other->schedule.next) {
            before = other;
        }
        (before != nullptr ? before->schedule.next : queue.first) = thread.schedule.next;
        if (queue.last == &thread) {
            queue.last = before;
        }
        note_departure(half, level);
    }

    /// Takes the one that is to run next; null when there is none.
    T* take() {
        if (count_ == 0) {
            return nullptr;
        }
        --count_;
        if (alone_ != nullptr) {
            return std::exchange(alone_, nullptr);
        }
        if ((halves_[active_].used[0] | halves_[active_].used[1]) == 0) [[unlikely]] {
            active_ ^= 1U;
        }
        Half& half = halves_[active_];
        const auto level = static_cast<std::size_t>(half.used[0] != 0 ? std::countr_zero(half.used[0])
                                                                      : 32 + std::countr_zero(half.used[1]));
        T* const thread = half.levels[level].first;
        half.levels[level].first = thread->schedule.next;
        note_departure(half, level);
        return thread;
    }

  private:
    static constexpr std::size_t kLevels = kWorstNice - kBestNice + 1;

    struct Level {
        T* first = nullptr;
        T* last = nullptr;
    };
    struct Half {
        std::array<Level, kLevels> levels{};
        std::array<std::uint32_t, 2> used{};  // a bit a level that is not empty
    };

    static std::size_t level_of(const T& thread) {
        return static_cast<std::size_t>(thread.schedule.nice - kBestNice);
    }

    void insert(T& thread) {
        Half& half = halves_[thread.schedule.half];
        const std::size_t level = level_of(thread);
        Level& queue = half.levels[level];
        thread.schedule.next = nullptr;
        if (queue.first != nullptr) {
            queue.last->schedule.next = &thread;
        } else {
            queue.first = &thread;
            half.used[level / 32] |= 1U << (level % 32);
        }
        queue.last = &thread;
    }
    static void note_departure(Half& half, std::size_t level) {
        if (half.levels[level].first == nullptr) {
            half.used[level / 32] &= ~(1U << (level % 32));
        }
    }

    std::array<Half, 2> halves_{};
    std::uint8_t active_ = 0;
    std::uint32_t count_ = 0;
    T* alone_ = nullptr;
};

}  // namespace kernel
