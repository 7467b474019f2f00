// Pages that are made to arrive late, so that waiting for them can be tested without a disk.
//
// Every N-th page that is asked about is put on its way; it has arrived at the next arrive(), and is then there for the
// next who asks. What happens depends on nothing but the order of the calls. Owns a table of the pages on their way;
// one that nobody asks about again is forgotten when its place is needed. No hardware: tested on the host.
// Cost: O(pages on their way), 64 at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kernel {

class SlowPages {
  public:
    /// Every `every`-th page is late from now on; 0: none, and those on their way are there.
    void set(std::uint32_t every);
    [[nodiscard]] bool any_is_slow() const { return every_ != 0; }

    /// Whether page `page` of `owner` has to be waited for.
    bool holds_up(std::uintptr_t owner, std::uint32_t page);
    /// Whether something would arrive.
    [[nodiscard]] bool on_their_way() const { return on_their_way_ != 0; }
    /// All that is on its way is there.
    void arrive();

  private:
    enum class State : std::uint8_t { kUnused, kOnItsWay, kThere };
    struct Late {
        std::uintptr_t owner = 0;
        std::uint32_t page = 0;
        State state = State::kUnused;
    };

    Late* find(std::uintptr_t owner, std::uint32_t page);
    Late* place_for_one();

    std::array<Late, 64> late_{};
    std::size_t last_place_ = 0;
    std::uint32_t on_their_way_ = 0;
    std::uint32_t every_ = 0;
    std::uint32_t asked_ = 0;
};

}  // namespace kernel
