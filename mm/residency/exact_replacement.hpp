// Replacement algorithms that see every reference. No kernel can run them; they are what the others are
// measured by.
//
// Each is given a whole trace of dense page numbers (0 .. pages - 1) and a number of frames, and walks it
// reference by reference. Conventions: frames are empty at first, and the first reference to a page is a
// fault.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mm {

inline constexpr std::uint32_t kNoPage = UINT32_MAX;

/// What one reference led to.
struct ExactStep {
    enum class Outcome : std::uint8_t { kHit, kFault };
    Outcome outcome;
    std::uint32_t evicted = kNoPage;  ///< The page that made room, if one had to.
};

/// `step`  makes the next reference of the trace.
/// `done`  whether there is none left.
template <typename T>
concept ExactReplacement = requires(T replacement, const T& view) {
    { replacement.step() } -> std::same_as<ExactStep>;
    { view.done() } -> std::same_as<bool>;
};

/// Faults in what is left of the trace.
template <ExactReplacement Replacement>
std::uint64_t count_faults(Replacement& replacement) {
    std::uint64_t faults = 0;
    while (!replacement.done()) {
        faults += replacement.step().outcome == ExactStep::Outcome::kFault ? 1 : 0;
    }
    return faults;
}

}  // namespace mm
