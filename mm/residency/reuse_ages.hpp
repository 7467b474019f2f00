// How long after its last use a page is used again, learned from the pages that were; and what follows: which
// page is worth its frame.
//
//   class   what happened to a page before: how long its last two waits for a use were, roughly
//   age     epochs since its last use, 0 .. kAges - 1, the last one standing for all that is longer
//   counts  of each class: how many waits ended at which age, and how many have not ended: pages that went
//
// A frame is spent on a page in the hope of a hit. Kept from age a up to the horizon h, the pages of a class cost,
// together, a frame for each epoch and page still waiting, and earn the uses at ages a+1 .. h. Their worth is
// earnings by cost, at the best of all horizons:
//
//   hits |              . P(h)     P(h) = (frame-epochs spent until h, uses until h): the steepest line from P(a) to
//        |         .               any point right of it is the worth at age a. All ages at once: the upper convex
//        |  . P(a)                 hull, built from the right.
//        +----------------- cost
//
// Nothing says "LRU" or "loop": uses that come ever more seldom with age make the oldest page worth least; a loop,
// whose uses all come at one age, makes the page worth least that has longest to wait.
//
// Worth is kept as a level, four levels a factor of two. Integers only. Cost: level() is one read, count_*() one
// write, learn() some 2,500 instructions. Below 3 KB. Knows of no page and no frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mm {

class ReuseAges {
  public:
    static constexpr std::uint32_t kAges = 32;
    static constexpr std::uint32_t kLevels = 64;
    /// What one wait was: none yet; below 1 epoch; below 4; below 16; longer.
    static constexpr std::uint32_t kWaits = 5;
    static constexpr std::uint32_t kClasses = kWaits * kWaits;

    using Class = std::uint8_t;
    static constexpr Class kNewPage = 0;
    /// The class of a page of class `before` that is used again at `age`.
    static Class after_use(Class before, std::uint32_t age);

    /// Knows what is usual: most waits are short.
    ReuseAges();

    /// A page of that class was used again at `age`; from kAges on, that is as good as never.
    void count_use(Class page_class, std::uint32_t age);
    /// A page of that class goes: as long as it does not come back, it waits in vain.
    void count_gone(Class page_class);
    /// One that had gone has come back; count_use() says when.
    void count_back(Class page_class);
    /// What was counted until now counts half.
    void forget_half();

    /// Works out the levels of a class from what was counted.
    void learn(Class page_class);
    /// What a page of that class is worth at `age`, when learn() last looked: 0 (nothing) .. kLevels - 1.
    [[nodiscard]] std::uint8_t level(Class page_class, std::uint32_t age) const {
        return levels_[page_class][age < kAges ? age : kAges - 1];
    }

  private:
    /// In sixteenths of an event. Halved when one is full: then a class has seen thousands.
    using Count = std::uint16_t;
    struct Waits {
        std::array<Count, kAges> used;
        Count gone;
    };

    static void add(Waits& waits, Count& count);
    static void halve(Waits& waits);

    std::array<Waits, kClasses> waits_;
    std::array<std::array<std::uint8_t, kAges>, kClasses> levels_;
};

}  // namespace mm
