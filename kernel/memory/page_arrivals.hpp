// Where threads wait for a page that is on its way, or for a frame that is to become free.
//
//   fault: kWaiting --> wait_for_page() --> asleep ("D") --> page_arrivals().wake_all() --> fault again, from the start
//
// There is one queue: whoever wakes it need not know who waits for what, and whoever is woken looks again. Nothing
// between the look and the sleep lets others run, so no arrival is missed. A wait ends by an arrival, or because the
// process is to end: then the access fails, and the thread dies on its way to ring 3.
//
// Never with a window handle open or under NoPageWaits (user_memory.hpp). Main line only. Cost: a switch each way.
#pragma once

#include <cstdint>

#include "kernel/programs/wait.hpp"

namespace kernel {

/// To be woken (wake_all, on the main line) whenever a page has arrived, has failed to, or frames have become free.
WaitQueue& page_arrivals();

/// Why a wait for a page ended.
enum class PageWait : std::uint8_t {
    kLookAgain,  ///< Something has arrived: it may be the page.
    kKilled,     ///< A signal ends the process: the access fails.
};

/// Sleeps until something has arrived.
PageWait wait_for_page();

/// The running thread's waits end by an arrival alone while this lives: for what it does while it ends, and still owes
/// to others.
class UnkillablePageWaits {
  public:
    UnkillablePageWaits();
    UnkillablePageWaits(const UnkillablePageWaits&) = delete;
    UnkillablePageWaits& operator=(const UnkillablePageWaits&) = delete;
    ~UnkillablePageWaits();
};

/// For /proc.
struct PageWaitFigures {
    std::uint32_t waits;    ///< Since boot. Wraps.
    std::uint32_t waiting;  ///< Threads, at this moment.
};
PageWaitFigures page_wait_figures();

/// For /proc/plant: every `every`-th fault on a page of a program, and every `every`-th look of the kernel at a page of
/// a file in memory, is answered as if the page came from a disk, and it arrives when others have had their turn. 0: none.
void plant_slow_pages(std::uint32_t every);

namespace detail {
extern bool pages_are_slow;
bool is_slow_page(std::uintptr_t owner, std::uint32_t page);
}  // namespace detail

/// Whether page `page` of `owner` (of an address space, an object) is to be waited for because of that.
inline bool is_slow_page(std::uintptr_t owner, std::uint32_t page) {
    return detail::pages_are_slow && detail::is_slow_page(owner, page);
}

}  // namespace kernel
