#include "kernel/programs/run_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

namespace kernel {
namespace {

struct Task {
    struct {
        Task* next = nullptr;
        std::int32_t ticks_left = 1;
        std::int8_t nice = 0;
        std::uint8_t half = 0;
    } schedule;

    Task() = default;
    explicit Task(std::int8_t nice) { schedule.nice = nice; }
};

TEST(RunQueue, equals_run_in_turn) {
    RunQueue<Task> queue;
    Task a;
    Task b;
    queue.add(a);
    queue.add(b);
    EXPECT_EQ(queue.take(), &a);
    queue.add(a);
    EXPECT_EQ(queue.take(), &b);
    EXPECT_EQ(queue.take(), &a);
    EXPECT_EQ(queue.take(), nullptr);
}

TEST(RunQueue, the_better_one_goes_first) {
    RunQueue<Task> queue;
    Task worst(kWorstNice);
    Task middle(0);
    Task best(kBestNice);
    for (Task* task : {&worst, &middle, &best}) {
        queue.add(*task);
    }
    EXPECT_EQ(queue.take(), &best);
    EXPECT_EQ(queue.take(), &middle);
    EXPECT_EQ(queue.take(), &worst);
}

TEST(RunQueue, nobody_starves_behind_a_better_one) {
    RunQueue<Task> queue;
    Task best(kBestNice);
    Task worst(kWorstNice);
    queue.add(worst);
    queue.add(best);
    int turns = 0;
    for (Task* running = queue.take(); running != &worst; running = queue.take()) {
        --running->schedule.ticks_left;
        queue.add(*running);
        ASSERT_LT(++turns, 1000);
    }
    EXPECT_EQ(best.schedule.ticks_left, slice_ticks(kBestNice));
}

TEST(RunQueue, who_waited_for_a_page_goes_before_its_equals_while_its_slice_lasts) {
    RunQueue<Task> queue;
    Task a;
    Task b;
    Task urgent;
    Task better(-5);
    queue.add(a);
    queue.add(b);
    queue.add_first(urgent);
    queue.add(better);
    EXPECT_EQ(queue.take(), &better);
    EXPECT_EQ(queue.take(), &urgent);
    queue.add_first(urgent);
    queue.remove(urgent);
    urgent.schedule.ticks_left = 0;
    queue.add_first(urgent);
    EXPECT_EQ(queue.take(), &a);
    EXPECT_EQ(queue.take(), &b);
    EXPECT_EQ(queue.take(), &urgent);
    EXPECT_TRUE(queue.empty());
}

TEST(RunQueue, slices_fall_with_standing_and_are_never_nothing) {
    for (std::int8_t nice = kBestNice; nice < kWorstNice; ++nice) {
        EXPECT_GE(slice_ticks(nice), slice_ticks(static_cast<std::int8_t>(nice + 1)));
    }
    EXPECT_EQ(slice_ticks(kBestNice), 15);
    EXPECT_EQ(slice_ticks(0), 5);
    EXPECT_EQ(slice_ticks(kWorstNice), 1);
}

/// What the head of run_queue.hpp says, with nothing clever in it.
class Model {
  public:
    void add(Task& task) {
        if (task.schedule.ticks_left <= 0) {
            task.schedule.ticks_left = slice_ticks(task.schedule.nice);
            expired_[task.schedule.nice].push_back(&task);
        } else {
            active_[task.schedule.nice].push_back(&task);
        }
    }
    Task* take() {
        if (active_.empty()) {
            active_.swap(expired_);
        }
        if (active_.empty()) {
            return nullptr;
        }
        auto& tasks = active_.begin()->second;
        Task* const task = tasks.front();
        tasks.pop_front();
        forget_empty();
        return task;
    }
    void remove(Task& task) {
        for (auto* half : {&active_, &expired_}) {
            for (auto& [nice, tasks] : *half) {
                std::erase(tasks, &task);
            }
        }
        forget_empty();
    }

  private:
    using Half = std::map<std::int8_t, std::deque<Task*>>;
    void forget_empty() {
        for (Half* half : {&active_, &expired_}) {
            std::erase_if(*half, [](const auto& level) { return level.second.empty(); });
        }
    }
    Half active_;
    Half expired_;
};

RC_GTEST_PROP(RunQueueModel, agrees_on_any_sequence, (const std::vector<std::uint16_t>& steps)) {
    RunQueue<Task> queue;
    Model model;
    std::vector<Task> tasks;
    std::vector<bool> queued(8, false);
    for (const int nice : {-20, -19, -1, 0, 0, 11, 12, 19}) {
        tasks.emplace_back(static_cast<std::int8_t>(nice));
    }
    for (const std::uint16_t step : steps) {
        const std::size_t index = step / 8 % 8;
        Task& task = tasks[index];
        if (step % 8 < 4 && !queued[index]) {
            task.schedule.ticks_left = step / 64 % 3;
            Task copy = task;
            queue.add(task);
            std::swap(copy.schedule.ticks_left, task.schedule.ticks_left);
            model.add(task);
            queued[index] = true;
        } else if (step % 8 == 4 && queued[index]) {
            queue.remove(task);
            model.remove(task);
            queued[index] = false;
        } else if (step % 8 > 4) {
            Task* const taken = queue.take();
            RC_ASSERT(taken == model.take());
            if (taken != nullptr) {
                queued[static_cast<std::size_t>(taken - tasks.data())] = false;
            }
        }
        RC_ASSERT(queue.count() ==
                  static_cast<std::uint32_t>(std::count(queued.begin(), queued.end(), true)));
    }
}

}  // namespace
}  // namespace kernel
