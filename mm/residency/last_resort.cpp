#include "mm/residency/last_resort.hpp"

namespace mm {
namespace {

constexpr std::uint32_t kFirstProcess = 1;

std::int32_t adjustment(const LastResortCandidate& candidate) {
    if (candidate.score_adjustment < kNeverKilled) {
        return kNeverKilled;
    }
    return candidate.score_adjustment > kKilledFirst ? kKilledFirst : candidate.score_adjustment;
}

bool is_exempt(const LastResortCandidate& candidate) {
    return candidate.id == kFirstProcess || adjustment(candidate) == kNeverKilled ||
           candidate.state == LastResortCandidate::State::kEnding;
}

}  // namespace

std::int64_t badness(const LastResortCandidate& candidate, std::uint64_t total) {
    const auto pages = std::int64_t{candidate.resident} + candidate.swapped + candidate.tables;
    return pages + static_cast<std::int64_t>(total) * adjustment(candidate) / 1000;
}

std::uint32_t oom_score(const LastResortCandidate& candidate, std::uint64_t total) {
    const std::int64_t points = badness(candidate, total);
    if (is_exempt(candidate) || points <= 0 || total == 0) {
        return 0;
    }
    const std::uint64_t thousandths = static_cast<std::uint64_t>(points) * 1000 / total;
    return thousandths < 2000 ? static_cast<std::uint32_t>(thousandths) : 2000;
}

std::optional<std::uint32_t> last_resort(std::span<const LastResortCandidate> candidates,
                                         std::uint64_t total) {
    const LastResortCandidate* worst = nullptr;
    std::int64_t most = 0;
    for (const LastResortCandidate& candidate : candidates) {
        if (is_exempt(candidate)) {
            continue;
        }
        const std::int64_t points = badness(candidate, total);
        if (worst == nullptr || points > most || (points == most && candidate.id > worst->id)) {
            worst = &candidate;
            most = points;
        }
    }
    return worst == nullptr ? std::nullopt : std::optional(worst->id);
}

}  // namespace mm
