#include "kernel/memory/page_arrivals.hpp"

#include "kernel/memory/slow_pages.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/thread.hpp"
#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

StaticStorage<WaitQueue>
    arrivals;  // never destroyed: threads may stand in it when the machine is switched off
constinit PageWaitFigures figures{};

constinit SlowPages slow_pages;

// Run when the CPU has nothing else to do, and when a thread goes back to ring 3 after an interrupt or a fault of its
// own: by then it has had a turn.
constinit DeferredWork arrival_work{.pending = [] { return slow_pages.on_their_way(); },
                                    .run =
                                        [] {
                                            slow_pages.arrive();
                                            page_arrivals().wake_all();
                                        }};
constinit bool arrival_work_is_known = false;

}  // namespace

namespace detail {
constinit bool pages_are_slow = false;

bool is_slow_page(std::uintptr_t owner, std::uint32_t page) {
    if (slow_pages.on_their_way()) {
        request_attention();
    }
    return slow_pages.holds_up(owner, page);
}
}  // namespace detail

WaitQueue& page_arrivals() {
    return arrivals.get() != nullptr ? *arrivals.get() : arrivals.construct();
}

PageWait wait_for_page() {
    Schedule& schedule = current_thread().schedule;
    ++figures.waits;
    ++figures.waiting;
    Wake wake = Wake::kWoken;
    {
        const Waiter place(page_arrivals());
        schedule.awaits_page = true;
        wake = sleep(schedule.page_waits);
        schedule.awaits_page = false;
    }
    --figures.waiting;
    // Whoever woke it may have meant another queue that it stands in: it will look there again, too.
    schedule.woken = schedule.places != 0;
    return wake == Wake::kSignal ? PageWait::kKilled : PageWait::kLookAgain;
}

UnkillablePageWaits::UnkillablePageWaits() {
    current_thread().schedule.page_waits = Interruptible::kNo;
}

UnkillablePageWaits::~UnkillablePageWaits() {
    current_thread().schedule.page_waits = Interruptible::kByEnd;
}

PageWaitFigures page_wait_figures() {
    return figures;
}

void plant_slow_pages(std::uint32_t every) {
    if (!arrival_work_is_known) {
        add_deferred_work(arrival_work);
        arrival_work_is_known = true;
    }
    slow_pages.set(every);
    detail::pages_are_slow = every != 0;
    page_arrivals().wake_all();
}

}  // namespace kernel
