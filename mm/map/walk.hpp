// Range-for over a cursor. Lists that are worked out as they are read (memory_map.hpp) have no array to point
// into; they have a cursor with `std::optional<Value> next()`, and a Walk makes that readable as
//
//   for (const FrameRange range : map.usable()) ...
//
// A Walk holds no state of its own: each `begin()` starts anew. What the cursor reads must outlive the loop
// and not change during it.
#pragma once

#include <optional>
#include <utility>

namespace mm {

template <typename Cursor>
class Walk {
  public:
    using Value = typename decltype(std::declval<Cursor&>().next())::value_type;

    struct End {};

    class Iterator {
      public:
        explicit constexpr Iterator(const Cursor& start) : cursor_(start), current_(cursor_.next()) {}
        [[nodiscard]] constexpr const Value& operator*() const { return *current_; }
        constexpr Iterator& operator++() {
            current_ = cursor_.next();
            return *this;
        }
        friend constexpr bool operator==(const Iterator& at, End) { return !at.current_; }

      private:
        Cursor cursor_;
        std::optional<Value> current_;
    };

    explicit constexpr Walk(const Cursor& start) : start_(start) {}
    [[nodiscard]] constexpr Iterator begin() const { return Iterator(start_); }
    [[nodiscard]] constexpr End end() const { return {}; }

  private:
    Cursor start_;
};

}  // namespace mm
