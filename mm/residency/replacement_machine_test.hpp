// A machine of a few frames that makes references under any replacement policy, and counts its faults.
//
// Conventions, of all tests that use it: frames are empty at first and given out from 0 up; every reference
// sets the accessed bit, the one that faulted (just after entered()) included; a page is clean when it comes
// in.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "mm/residency/exact_lru.hpp"
#include "mm/residency/exact_opt.hpp"
#include "mm/residency/replacement_factory.hpp"

namespace mm::simulated {

/// The bits of each frame's page, and how often they were asked for.
class Bits final : public UseBits {
  public:
    explicit Bits(std::size_t frames) : accessed(frames), dirty(frames) {}

    bool take_accessed(FrameIndex frame) override {
        ++questions;
        const bool was = accessed.at(frame);
        accessed.at(frame) = false;
        return was;
    }
    bool is_dirty(FrameIndex frame) override {
        ++questions;
        return dirty.at(frame);
    }

    std::vector<bool> accessed;
    std::vector<bool> dirty;
    std::uint64_t questions = 0;
};

/// Records and ghosts of a machine, for any number of instances.
struct Memory {
    explicit Memory(std::size_t frames) : records(frames), ghost_entries(frames), ghosts(ghost_entries) {}
    [[nodiscard]] ReplacementSetup setup(InstanceId instance = 1, const ReplacementTuning& tuning = {},
                                         std::uint32_t seed = 1) {
        return {.memory = {.records = records, .ghosts = &ghosts},
                .instance = instance,
                .seed = seed,
                .tuning = tuning};
    }

    std::vector<ResidentRecord> records;
    std::vector<GhostEntry> ghost_entries;
    GhostTable ghosts;
};

enum class Access : std::uint8_t { kRead, kWrite };

/// One program, all of whose references go through `policy`.
class Machine {
  public:
    Machine(ReplacementPolicy& policy, std::uint32_t frames)
        : bits(frames), policy_(policy), pages_(frames) {}

    /// Makes one reference, which takes `time` of CPU; gives whether it was a fault.
    bool reference(std::uint32_t page, Access access = Access::kRead, CpuTime time = 100) {
        const auto found = frame_of_.find(page);
        const bool fault = found == frame_of_.end();
        const FrameIndex frame = fault ? bring_in(page) : found->second;
        bits.accessed[frame] = true;
        bits.dirty[frame] = bits.dirty[frame] || access == Access::kWrite;
        now_ += time;
        return fault;
    }
    void tick() { policy_.tick(now_, bits); }

    [[nodiscard]] bool is_resident(std::uint32_t page) const { return frame_of_.contains(page); }
    [[nodiscard]] FrameIndex frame_of(std::uint32_t page) const { return frame_of_.at(page); }
    [[nodiscard]] std::optional<std::uint32_t> last_evicted() const { return last_evicted_; }

    Bits bits;

  private:
    FrameIndex bring_in(std::uint32_t page) {
        FrameIndex frame = used_;
        const PageId id{1, page};
        if (used_ < pages_.size()) {
            ++used_;
        } else {
            const std::optional<FrameIndex> victim = policy_.choose(id, now_, bits);
            if (!victim || *victim >= pages_.size()) {
                throw std::logic_error("the policy gave no frame, or one that does not exist");
            }
            frame = *victim;
            last_evicted_ = pages_[frame];
            frame_of_.erase(pages_[frame]);
            policy_.left(frame, ReplacementPolicy::Departure::kEvicted);
        }
        bits.accessed[frame] = false;
        bits.dirty[frame] = false;
        pages_[frame] = page;
        frame_of_[page] = frame;
        policy_.entered(frame, id, now_, bits);
        return frame;
    }

    ReplacementPolicy& policy_;
    std::vector<std::uint32_t> pages_;
    std::map<std::uint32_t, FrameIndex> frame_of_;
    std::optional<std::uint32_t> last_evicted_;
    std::uint32_t used_ = 0;
    CpuTime now_ = 0;
};

using Trace = std::vector<std::uint32_t>;

/// Faults of `trace` with `frames` frames; a tick each `references_a_tick`.
inline std::uint64_t faults_of(ReplacementKind kind, const Trace& trace, std::uint32_t frames,
                               std::size_t references_a_tick = 4, const ReplacementTuning& tuning = {}) {
    Memory memory(frames);
    ReplacementSlot slot;
    Machine machine(slot.start(kind, memory.setup(1, tuning)), frames);
    std::uint64_t faults = 0;
    for (std::size_t i = 0; i < trace.size(); ++i) {
        faults += machine.reference(trace[i]) ? 1 : 0;
        if ((i + 1) % references_a_tick == 0) {
            machine.tick();
        }
    }
    EXPECT_TRUE(slot.policy()->check_invariants()) << slot.policy()->name();
    EXPECT_TRUE(memory.ghosts.check_invariants());
    return faults;
}

inline std::uint32_t page_count(const Trace& trace) {
    return trace.empty() ? 0 : *std::max_element(trace.begin(), trace.end()) + 1;
}

inline std::uint64_t lru_faults(const Trace& trace, std::uint32_t frames) {
    std::vector<ExactLru::Page> pages(page_count(trace));
    ExactLru lru(trace, frames, pages);
    return count_faults(lru);
}

inline std::uint64_t opt_faults(const Trace& trace, std::uint32_t frames) {
    std::vector<std::uint32_t> next(trace.size());
    std::vector<std::uint32_t> pages(page_count(trace));
    std::vector<std::uint64_t> words(ExactOpt::words_for(trace.size()));
    ExactOpt opt(trace, frames, {.next_use = next, .pages = pages, .words = words});
    return count_faults(opt);
}

/// By any algorithm's name: those of the kernel, "lru" and "opt".
inline std::uint64_t faults_of(std::string_view name, const Trace& trace, std::uint32_t frames) {
    if (name == "lru") {
        return lru_faults(trace, frames);
    }
    return name == "opt" ? opt_faults(trace, frames)
                         : faults_of(replacement_named(name).value(), trace, frames);
}

}  // namespace mm::simulated
