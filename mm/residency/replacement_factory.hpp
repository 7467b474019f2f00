// The replacement policies by name, and room for an instance of any of them.
//
// Each name of kReplacementNames is what a command line or /proc/sys/vm/replacement says, and what the
// policy's name() gives. To change a program's policy: stop() its slot, start() it with the other kind, tell
// the new instance of every page that is there (entered(), oldest first as far as known).
//
// Cost: start() a constructor; stop() lets go of each frame of the instance.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/residency/replacement_instance.hpp"

namespace mm {

enum class ReplacementKind : std::uint8_t {
    kFifo,
    kClock,
    kNru,
    kAging,
    kWsClock,
    kTwoQueue,
    kS3Fifo,
    kRandom,
    kHorizon
};

/// By ReplacementKind.
inline constexpr std::array<const char*, 9> kReplacementNames{"fifo", "clock",  "nru",    "aging",  "wsclock",
                                                              "2q",   "s3fifo", "random", "horizon"};
/// What runs where nobody asked for another.
inline constexpr ReplacementKind kDefaultReplacement = ReplacementKind::kS3Fifo;

constexpr const char* name_of(ReplacementKind kind) {
    return kReplacementNames[static_cast<std::size_t>(kind)];
}
/// The policy of that name (without a terminating zero), if there is one.
std::optional<ReplacementKind> replacement_named(std::span<const char> name);

/// Room for one instance, of whichever policy; no heap. Ends the instance with itself.
class ReplacementSlot {
  public:
    ReplacementSlot() = default;
    ReplacementSlot(const ReplacementSlot&) = delete;
    ReplacementSlot& operator=(const ReplacementSlot&) = delete;
    ~ReplacementSlot() { stop(); }

    /// Begins an instance, which knows of no page. None may be there.
    ReplacementPolicy& start(ReplacementKind kind, const ReplacementSetup& setup);
    /// Ends the instance, if there is one; its frames are nobody's.
    void stop();
    /// The instance; null when there is none.
    [[nodiscard]] ReplacementPolicy* policy() const { return policy_; }

  private:
    static constexpr std::size_t kRoom = 4096;

    template <typename Policy>
    ReplacementPolicy& construct(const ReplacementSetup& setup);

    alignas(std::max_align_t) std::array<std::byte, kRoom> room_;
    ReplacementPolicy* policy_ = nullptr;
};

}  // namespace mm
