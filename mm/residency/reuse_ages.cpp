#include "mm/residency/reuse_ages.hpp"

#include <bit>

namespace mm {

namespace {

constexpr std::uint16_t kEvent = 16;

/// Eight times the binary logarithm of `value`, which is not 0, the part behind the point from the three bits after
/// the highest one.
constexpr std::int32_t log2_in_eighths(std::uint32_t value) {
    const auto whole = static_cast<std::int32_t>(std::bit_width(value)) - 1;
    const std::uint32_t top = whole >= 3 ? value >> (whole - 3) : value << (3 - whole);
    return 8 * whole + static_cast<std::int32_t>(top & 7);
}

/// Uses until some age, and twice the frame-epochs spent until then, both in the units of the counts.
struct Point {
    std::uint32_t cost;
    std::uint32_t uses;
};

/// Whether the line from `from` to `near` is no steeper than that from `near` to `far`: then `near` is below the hull.
constexpr bool is_below_hull(const Point& from, const Point& near, const Point& far) {
    return std::uint64_t{near.uses - from.uses} * (far.cost - near.cost) <=
           std::uint64_t{far.uses - near.uses} * (near.cost - from.cost);
}

/// Uses a frame and epoch from `from` to `to`, as a level: the worth of 2^-14 and less is 0, the highest is 2.
constexpr std::uint8_t level_of(const Point& from, const Point& to) {
    if (to.uses == from.uses) {
        return 0;
    }
    constexpr std::int32_t kOne = 14 * 8;
    // One more factor of two: the costs are doubled.
    const std::int32_t worth =
        log2_in_eighths(to.uses - from.uses) + 8 - log2_in_eighths(to.cost - from.cost) + kOne;
    constexpr std::int32_t kHighest = ReuseAges::kLevels - 1;
    return static_cast<std::uint8_t>(worth < 0 ? 0 : worth / 2 > kHighest ? kHighest : worth / 2);
}

constexpr std::uint8_t wait_of(std::uint32_t age) {
    if (age == 0) {
        return 1;
    }
    return age < 4 ? 2 : age < 16 ? 3 : 4;
}

}  // namespace

ReuseAges::Class ReuseAges::after_use(Class before, std::uint32_t age) {
    return static_cast<Class>(wait_of(age) * kWaits + before / kWaits);
}

ReuseAges::ReuseAges() {
    // As if 32 waits of each class had been seen: 15 % in vain, the others ended at age a in proportion to 1 / (a + 1)^2
    // (whose sum is 1.6). A few dozen events of the class itself outweigh it.
    constexpr std::uint32_t kUsed = 32 * kEvent * 85 / 100 * 10 / 16;
    for (std::uint32_t page_class = 0; page_class < kClasses; ++page_class) {
        Waits& waits = waits_[page_class];
        for (std::uint32_t age = 0; age < kAges; ++age) {
            waits.used[age] = static_cast<Count>(kUsed / ((age + 1) * (age + 1)));
        }
        waits.gone = 32 * kEvent * 15 / 100;
        learn(static_cast<Class>(page_class));
    }
}

void ReuseAges::count_use(Class page_class, std::uint32_t age) {
    Waits& waits = waits_[page_class];
    add(waits, age < kAges ? waits.used[age] : waits.gone);
}

void ReuseAges::count_gone(Class page_class) {
    add(waits_[page_class], waits_[page_class].gone);
}

void ReuseAges::count_back(Class page_class) {
    Count& gone = waits_[page_class].gone;
    gone = static_cast<Count>(gone < kEvent ? 0 : gone - kEvent);
}

void ReuseAges::forget_half() {
    for (Waits& waits : waits_) {
        halve(waits);
    }
}

void ReuseAges::add(Waits& waits, Count& count) {
    if (count > UINT16_MAX - kEvent) {
        halve(waits);
    }
    count = static_cast<Count>(count + kEvent);
}

void ReuseAges::halve(Waits& waits) {
    for (Count& count : waits.used) {
        count /= 2;
    }
    waits.gone /= 2;
}

void ReuseAges::learn(Class page_class) {
    const Waits& waits = waits_[page_class];
    std::array<std::uint8_t, kAges>& levels = levels_[page_class];
    std::uint32_t uses = 0;
    for (const Count used : waits.used) {
        uses += used;
    }
    std::uint32_t waiting = waits.gone;
    std::uint32_t cost = 0x8000'0000;

    // From the oldest age down, so that the points of the hull to the right of each are known; all distances are
    // differences, so counting down from a large number does as well as counting up from 0.
    std::array<Point, kAges> hull;
    std::size_t size = 0;
    for (std::uint32_t age = kAges; age-- != 0;) {
        const Point here{cost, uses};
        while (size >= 2 && is_below_hull(here, hull[size - 1], hull[size - 2])) {
            --size;
        }
        levels[age] = size == 0 ? 0 : level_of(here, hull[size - 1]);
        hull[size++] = here;
        // The wait through this age: whole for who waits on, half for whom a use came. At least something.
        cost -= 2 * waiting + waits.used[age] + 1;
        waiting += waits.used[age];
        uses -= waits.used[age];
    }
}

}  // namespace mm
