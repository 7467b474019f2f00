#include "mm/residency/replacement_factory.hpp"

#include <new>

#include "mm/residency/aging.hpp"
#include "mm/residency/clock.hpp"
#include "mm/residency/fifo.hpp"
#include "mm/residency/horizon.hpp"
#include "mm/residency/not_recently_used.hpp"
#include "mm/residency/random.hpp"
#include "mm/residency/s3fifo.hpp"
#include "mm/residency/two_queue.hpp"
#include "mm/residency/wsclock.hpp"

namespace mm {

namespace {

bool is_same(const char* known, std::span<const char> name) {
    for (const char letter : name) {
        if (*known == '\0' || *known != letter) {
            return false;
        }
        ++known;
    }
    return *known == '\0';
}

}  // namespace

std::optional<ReplacementKind> replacement_named(std::span<const char> name) {
    for (std::size_t i = 0; i < kReplacementNames.size(); ++i) {
        if (is_same(kReplacementNames[i], name)) {
            return static_cast<ReplacementKind>(i);
        }
    }
    return std::nullopt;
}

template <typename Policy>
ReplacementPolicy& ReplacementSlot::construct(const ReplacementSetup& setup) {
    static_assert(sizeof(Policy) <= kRoom && alignof(Policy) <= alignof(std::max_align_t));
    policy_ = new (room_.data()) Policy(setup);
    return *policy_;
}

ReplacementPolicy& ReplacementSlot::start(ReplacementKind kind, const ReplacementSetup& setup) {
    expect(policy_ == nullptr, "replacement: a slot that has an instance");
    switch (kind) {
        case ReplacementKind::kFifo:
            return construct<Fifo>(setup);
        case ReplacementKind::kClock:
            return construct<Clock>(setup);
        case ReplacementKind::kNru:
            return construct<NotRecentlyUsed>(setup);
        case ReplacementKind::kAging:
            return construct<Aging>(setup);
        case ReplacementKind::kWsClock:
            return construct<WsClock>(setup);
        case ReplacementKind::kTwoQueue:
            return construct<TwoQueue>(setup);
        case ReplacementKind::kS3Fifo:
            return construct<S3Fifo>(setup);
        case ReplacementKind::kRandom:
            return construct<Random>(setup);
        case ReplacementKind::kHorizon:
            return construct<Horizon>(setup);
    }
    panic({"replacement: no such policy", __FILE__, __LINE__});
}

void ReplacementSlot::stop() {
    if (policy_ != nullptr) {
        policy_->~ReplacementPolicy();
        policy_ = nullptr;
    }
}

}  // namespace mm
