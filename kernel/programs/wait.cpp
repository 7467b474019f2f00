#include "kernel/programs/wait.hpp"

#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/thread.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

void wake(Thread& thread) {
    thread.schedule.woken = true;
    if (thread.state == ThreadState::kSleeping) {
        end_sleep_of(thread);
    }
}

}  // namespace

WaitQueue::~WaitQueue() {
    mm::expect(first_ == nullptr, "wait queue: destroyed while threads wait in it");
}

void WaitQueue::wake_all() {
    for (Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) {
        wake(*waiter->thread_);
    }
}

void WaitQueue::wake_one() {
    for (Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) {
        if (!waiter->thread_->schedule.woken) {
            wake(*waiter->thread_);
            return;
        }
    }
}

void Waiter::enter(WaitQueue& queue) {
    mm::expect(queue_ == nullptr, "waiter: in a queue already");
    queue_ = &queue;
    thread_ = &current_thread();
    ++thread_->schedule.places;
    next_ = nullptr;
    previous_ = queue.last_;
    (queue.last_ != nullptr ? queue.last_->next_ : queue.first_) = this;
    queue.last_ = this;
}

void Waiter::leave() {
    if (queue_ == nullptr) {
        return;
    }
    (previous_ != nullptr ? previous_->next_ : queue_->first_) = next_;
    (next_ != nullptr ? next_->previous_ : queue_->last_) = previous_;
    --thread_->schedule.places;
    queue_ = nullptr;
}

}  // namespace kernel
