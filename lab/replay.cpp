#include "lab/replay.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "mm/residency/exact_lru.hpp"
#include "mm/residency/exact_opt.hpp"
#include "mm/residency/replacement_factory.hpp"

namespace lab {

namespace {

class Bits final : public mm::UseBits {
  public:
    explicit Bits(std::uint32_t frames) : accessed(frames) {}
    bool take_accessed(mm::FrameIndex frame) override {
        const bool was = accessed[frame] != 0;
        accessed[frame] = 0;
        ++read;
        cleared += was ? 1 : 0;
        return was;
    }
    bool is_dirty(mm::FrameIndex) override { return false; }

    std::vector<std::uint8_t> accessed;
    std::uint64_t read = 0;
    std::uint64_t cleared = 0;
};

Outcome replay_policy(const Trace& trace, mm::ReplacementKind kind, std::uint32_t frames,
                      const mm::ReplacementTuning& tuning) {
    constexpr std::uint32_t kOwner = 1;
    std::vector<mm::ResidentRecord> records(frames);
    std::vector<mm::GhostEntry> ghost_entries(frames);
    mm::GhostTable ghosts(ghost_entries);
    mm::ReplacementSlot slot;
    mm::ReplacementPolicy& policy = slot.start(
        kind,
        {.memory = {.records = records, .ghosts = &ghosts}, .instance = 1, .seed = 1, .tuning = tuning});

    Bits bits(frames);
    std::vector<mm::FrameIndex> frame_of(trace.numbers, mm::kNoFrame);
    std::vector<std::uint32_t> page_in(frames);
    const std::uint32_t faults_a_tick = std::max(frames / 16, 1U);
    std::uint32_t used = 0;
    std::uint64_t faults = 0;
    mm::CpuTime now = 0;
    for (const std::uint32_t page : trace.references) {
        now += kReferenceTime;
        mm::FrameIndex frame = frame_of[page];
        if (frame != mm::kNoFrame) {
            bits.accessed[frame] = 1;
            continue;
        }
        ++faults;
        if (used < frames) {
            frame = used++;
        } else {
            frame = policy.choose({kOwner, page}, now, bits).value();
            frame_of[page_in[frame]] = mm::kNoFrame;
            policy.left(frame, mm::ReplacementPolicy::Departure::kEvicted);
        }
        page_in[frame] = page;
        frame_of[page] = frame;
        bits.accessed[frame] = 0;
        policy.entered(frame, {kOwner, page}, now, bits);
        bits.accessed[frame] = 1;
        if (faults % faults_a_tick == 0) {
            policy.tick(now, bits);
        }
    }
    return {.faults = faults, .bits_read = bits.read, .bits_cleared = bits.cleared};
}

std::uint64_t lru_faults(const Trace& trace, std::uint32_t frames) {
    std::vector<mm::ExactLru::Page> pages(trace.numbers);
    mm::ExactLru lru(trace.references, frames, pages);
    return mm::count_faults(lru);
}

std::uint64_t opt_faults(const Trace& trace, std::uint32_t frames) {
    std::vector<std::uint32_t> next_use(trace.references.size());
    std::vector<std::uint32_t> pages(trace.numbers);
    std::vector<std::uint64_t> words(mm::ExactOpt::words_for(trace.references.size()));
    mm::ExactOpt opt(trace.references, frames, {.next_use = next_use, .pages = pages, .words = words});
    return mm::count_faults(opt);
}

}  // namespace

Outcome replay(const Trace& trace, std::string_view policy, std::uint32_t frames,
               const mm::ReplacementTuning& tuning) {
    if (policy == "lru") {
        return {.faults = lru_faults(trace, frames)};
    }
    if (policy == "opt") {
        return {.faults = opt_faults(trace, frames)};
    }
    const std::optional<mm::ReplacementKind> kind = mm::replacement_named(policy);
    if (!kind) {
        throw std::invalid_argument("there is no policy " + std::string(policy));
    }
    return replay_policy(trace, *kind, frames, tuning);
}

std::uint64_t exact_s3fifo_faults(const Trace& trace, std::uint32_t frames) {
    enum class Place : std::uint8_t { kNowhere, kSmall, kMain };
    struct Page {
        Place place = Place::kNowhere;
        std::uint8_t uses = 0;
        std::uint64_t went = 0;  ///< The number of its eviction from the small queue; 0: not remembered.
    };
    constexpr std::uint8_t kMostUses = 3;
    std::vector<Page> pages(trace.numbers);
    std::deque<std::uint32_t> small;
    std::deque<std::uint32_t> main;
    const std::size_t small_most = std::max(frames / 10, 1U);
    std::uint64_t evictions = 0;
    std::uint64_t faults = 0;

    const auto evict_one = [&] {
        while (true) {
            const bool from_small = small.size() >= small_most || main.empty();
            std::deque<std::uint32_t>& queue = from_small ? small : main;
            const std::uint32_t number = queue.front();
            Page& page = pages[number];
            queue.pop_front();
            if (from_small && page.uses > 1) {
                page = {.place = Place::kMain};
                main.push_back(number);
            } else if (from_small) {
                page = {.went = ++evictions};
                return;
            } else if (page.uses != 0) {
                --page.uses;
                main.push_back(number);
            } else {
                page = {};
                return;
            }
        }
    };
    for (const std::uint32_t number : trace.references) {
        Page& page = pages[number];
        if (page.place != Place::kNowhere) {
            page.uses = std::min<std::uint8_t>(page.uses + 1, kMostUses);
            continue;
        }
        ++faults;
        const bool remembered = page.went != 0 && evictions - page.went < frames - small_most;
        if (small.size() + main.size() == frames) {
            evict_one();
        }
        page = {.place = remembered ? Place::kMain : Place::kSmall};
        (remembered ? main : small).push_back(number);
    }
    return faults;
}

}  // namespace lab
