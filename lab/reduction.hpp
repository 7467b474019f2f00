// Makes a trace shorter without changing what LRU and OPT do with it, for all memories of at least `frames` frames.
//
// Of three references to a page, the middle one goes when fewer than `frames` other pages were referenced between the
// first and the last: the page is resident throughout, under LRU because so few were used since, under OPT because it
// never needs to evict a page that is used again before `frames` others are. Without the middle one, the page has the same
// place in LRU's order once it is old enough to be evicted, and OPT, which looks ahead only, sees the same future.
// (Kaplan, Smaragdakis, Wilson: "Flexible reference trace reduction for VM simulations", 2003: safely allowed drop.)
//
// A policy that samples accessed bits can see a difference: it may clear the bit after the first reference and look again
// before the last. docs/measurements.md says how much that is.
//
// Streaming: O(1) a reference; room for the pages seen and the references kept.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace lab {

class Reduction {
  public:
    explicit Reduction(std::uint32_t frames) : frames_(frames) {}

    /// The program's next reference, to the page of that number.
    void reference(std::uint64_t page);
    /// What is left, in order. Ends the object's use.
    [[nodiscard]] std::vector<std::uint64_t> finish();
    /// References until now, consecutive ones to one page counted once.
    [[nodiscard]] std::uint64_t reference_count() const { return now_; }

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    static constexpr std::size_t kNowhere = SIZE_MAX;

    /// A page, in a list of all by their last reference, newest first.
    struct Page {
        std::uint64_t number;
        std::uint64_t last = 0;     ///< When it was referenced last: the reference that may still go,
        std::size_t at = kNowhere;  ///< which is there in kept_;
        std::uint64_t before = 0;   ///< and when the one before that was.
        std::uint32_t newer = kNone;
        std::uint32_t older = kNone;
        bool recent = false;  ///< One of the `frames` newest.
    };

    std::uint32_t page_of(std::uint64_t number);
    void move_to_front(std::uint32_t page);
    [[nodiscard]] bool are_few_since(std::uint64_t time, std::uint32_t page) const;

    std::uint32_t frames_;
    std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
    std::vector<Page> pages_;
    std::vector<std::uint32_t> kept_;  ///< kNone: gone.
    std::uint64_t now_ = 0;
    std::uint32_t newest_ = kNone;
    std::uint32_t oldest_ = kNone;
    std::uint32_t boundary_ = kNone;  ///< The oldest of the `frames` newest, once there are so many.
    std::uint32_t recent_count_ = 0;
};

}  // namespace lab
