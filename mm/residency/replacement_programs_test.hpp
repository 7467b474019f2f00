// Random events of a few programs, each with an instance of its own on the same records: faults, evictions,
// refusals, ends, ticks, and policies that follow one another. Optionally traced.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "mm/residency/replacement_machine_test.hpp"
#include "mm/residency/replacement_trace.hpp"

namespace mm::simulated {

inline std::vector<ReplacementKind> all_kinds() {
    std::vector<ReplacementKind> kinds;
    for (std::size_t i = 0; i < kReplacementNames.size(); ++i) {
        kinds.push_back(static_cast<ReplacementKind>(i));
    }
    return kinds;
}

class Programs {
  public:
    static constexpr std::uint32_t kFrames = 40;

    /// With policies of `kinds`; every call goes into `trace`, if there is one.
    explicit Programs(std::uint32_t seed, std::vector<ReplacementKind> kinds, TraceSink* trace = nullptr)
        : random_(seed), kinds_(std::move(kinds)), trace_(trace), memory_(kFrames), bits_(kFrames) {
        if (trace_ != nullptr) {
            trace_replacement_memory(*trace_, memory_.setup().memory);
        }
    }
    Programs(const Programs&) = delete;
    Programs& operator=(const Programs&) = delete;
    ~Programs() {
        for (Program& program : programs_) {
            end(program);
        }
    }

    void step() {
        now_ += pick(20'000);
        for (unsigned i = 0; i < 8; ++i) {
            const FrameIndex frame = pick(kFrames);
            bits_.accessed[frame] = true;
            bits_.dirty[frame] = pick(3) == 0;
        }
        Program& program = programs_[pick(kPrograms)];
        if (program.policy() == nullptr) {
            return begin(program);
        }
        switch (pick(32)) {
            case 0:
                return end(program);
            case 1:
            case 2:
                return program.policy()->tick(now_, bits_);
            case 3:
            case 4:
                return leave(program);
            case 5:
                return be_refused(program);
            default:
                return fault(program);
        }
    }

    void check() {
        std::size_t resident = 0;
        for (Program& program : programs_) {
            if (program.policy() != nullptr) {
                ASSERT_TRUE(program.policy()->check_invariants()) << program.policy()->name();
            }
            resident += program.frames.size();
        }
        std::size_t claimed = 0;
        for (const ResidentRecord& record : memory_.records) {
            claimed += record.instance != 0 ? 1 : 0;
        }
        ASSERT_EQ(claimed, resident);
        ASSERT_TRUE(memory_.ghosts.check_invariants());
    }

  private:
    static constexpr std::uint32_t kPrograms = 3;

    struct Program {
        [[nodiscard]] ReplacementPolicy* policy() {
            return traced ? static_cast<ReplacementPolicy*>(&*traced) : slot.policy();
        }
        ReplacementSlot slot;
        std::optional<TracedReplacement> traced;  ///< Stands before the slot's.
        std::set<FrameIndex> frames;
        InstanceId id = 0;
    };

    std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

    void begin(Program& program) {
        program.id = ++last_id_;
        const ReplacementSetup setup = memory_.setup(program.id, {}, last_id_ * 77U);
        ReplacementPolicy& policy =
            program.slot.start(kinds_[pick(static_cast<std::uint32_t>(kinds_.size()))], setup);
        if (trace_ != nullptr) {
            program.traced.emplace(*trace_, policy, setup);
        }
        ASSERT_FALSE(program.policy()->choose({}, now_, bits_).has_value());  // It knows of nothing yet.
    }
    void end(Program& program) {
        program.traced.reset();
        program.slot.stop();
        for (const FrameIndex frame : program.frames) {
            used_.erase(frame);
        }
        program.frames.clear();
    }
    void leave(Program& program) {
        if (!program.frames.empty()) {
            take_from(
                program, *std::next(program.frames.begin(), pick(size_of(program))),
                pick(2) == 0 ? ReplacementPolicy::Departure::kEnded : ReplacementPolicy::Departure::kEvicted);
        }
    }
    void take_from(Program& program, FrameIndex frame, ReplacementPolicy::Departure departure) {
        program.policy()->left(frame, departure);
        program.frames.erase(frame);
        used_.erase(frame);
    }
    std::optional<FrameIndex> chosen(Program& program) {
        const std::optional<FrameIndex> victim = program.policy()->choose({}, now_, bits_);
        EXPECT_EQ(victim.has_value(), !program.frames.empty());
        EXPECT_TRUE(!victim || program.frames.contains(*victim)) << program.policy()->name();
        return victim;
    }
    void be_refused(Program& program) {
        const std::optional<FrameIndex> victim = chosen(program);
        if (!victim) {
            return;
        }
        program.policy()->refused(*victim);
        if (program.frames.size() > 1) {
            EXPECT_NE(chosen(program), victim) << program.policy()->name();
        }
    }
    void fault(Program& program) {
        if (used_.size() == kFrames || (size_of(program) > 15 && pick(2) == 0)) {
            const std::optional<FrameIndex> victim = chosen(program);
            if (!victim) {
                return;
            }
            take_from(program, *victim, ReplacementPolicy::Departure::kEvicted);
        }
        FrameIndex frame = pick(kFrames);
        while (used_.contains(frame)) {
            frame = (frame + 1) % kFrames;
        }
        used_.insert(frame);
        program.frames.insert(frame);
        bits_.dirty[frame] = false;
        program.policy()->entered(frame, {program.id, pick(100)}, now_, bits_);
        bits_.accessed[frame] = true;
    }
    [[nodiscard]] std::uint32_t size_of(const Program& program) const {
        return static_cast<std::uint32_t>(program.frames.size());
    }

    std::mt19937 random_;
    std::vector<ReplacementKind> kinds_;
    TraceSink* trace_;
    Memory memory_;
    Bits bits_;
    std::array<Program, kPrograms> programs_;
    std::set<FrameIndex> used_;
    InstanceId last_id_ = 0;
    CpuTime now_ = 0xFFFF'0000;  // It wraps early on.
};

}  // namespace mm::simulated
