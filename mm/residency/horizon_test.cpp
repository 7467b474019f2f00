#include "mm/residency/horizon.hpp"

#include <gtest/gtest.h>

#include <random>

#include "mm/residency/replacement_machine_test.hpp"

namespace mm {
namespace {

using simulated::Trace;

/// `rounds` times 0 .. length - 1.
Trace loop(std::uint32_t length, std::uint32_t rounds) {
    Trace trace;
    for (std::uint32_t i = 0; i < length * rounds; ++i) {
        trace.push_back(i % length);
    }
    return trace;
}

std::uint64_t faults(const Trace& trace, std::uint32_t frames, const ReplacementTuning& tuning = {}) {
    return simulated::faults_of(ReplacementKind::kHorizon, trace, frames, 4, tuning);
}

TEST(Horizon, keeps_most_of_a_loop_that_does_not_fit) {
    for (const std::uint32_t frames : {50U, 100U, 300U}) {
        const Trace trace = loop(frames * 4 / 3, 40);
        const std::uint64_t best = simulated::opt_faults(trace, frames);
        EXPECT_EQ(simulated::faults_of("clock", trace, frames), trace.size());
        EXPECT_LE(faults(trace, frames), 2 * best) << frames;
    }
}

TEST(Horizon, a_scan_does_not_flush_what_is_used_again) {
    constexpr std::uint32_t kFrames = 120;
    constexpr std::uint32_t kHot = 80;
    std::mt19937 random(3);
    Trace trace;
    for (std::uint32_t i = 0; i < 40'000; ++i) {
        trace.push_back(static_cast<std::uint32_t>(random() % kHot));
        if (i % 4 == 0) {
            trace.push_back(kHot + i / 4);  // Never again.
        }
    }
    const std::uint64_t scanned = 10'000;
    const std::uint64_t of_hot = faults(trace, kFrames) - scanned;
    const std::uint64_t of_hot_by_clock = simulated::faults_of("clock", trace, kFrames) - scanned;
    EXPECT_LT(of_hot * 2, of_hot_by_clock);
    EXPECT_LT(of_hot, 600U);
}

TEST(Horizon, works_with_eight_frames) {
    EXPECT_LE(faults(loop(10, 50), 8), 350U);
    EXPECT_EQ(faults(loop(8, 50), 8), 8U);
}

TEST(Horizon, is_never_far_worse_than_clock) {
    std::mt19937 random(5);
    for (int round = 0; round < 4; ++round) {
        const std::uint32_t pages = 200;
        Trace trace;
        // Walks, loops and skewed accesses, one after the other.
        std::uint32_t place = 0;
        for (int part = 0; part < 8; ++part) {
            const auto kind = random() % 3;
            const auto length = 20 + static_cast<std::uint32_t>(random() % 120);
            const auto base = static_cast<std::uint32_t>(random() % (pages - 140));
            for (std::uint32_t i = 0; i < 1'500; ++i) {
                place = (place + pages - 3 + static_cast<std::uint32_t>(random() % 7)) % pages;
                const auto skewed =
                    static_cast<std::uint32_t>((random() % length) * (random() % length) / length);
                trace.push_back(kind == 0 ? place : base + (kind == 1 ? i % length : skewed));
            }
        }
        for (const std::uint32_t frames : {16U, 40U, 100U}) {
            const std::uint64_t by_clock = simulated::faults_of("clock", trace, frames);
            EXPECT_LE(faults(trace, frames), by_clock + by_clock / 10 + frames) << round << ", " << frames;
        }
    }
}

TEST(Horizon, looks_at_so_many_pages_a_fault_and_no_more) {
    constexpr std::uint32_t kFrames = 200;
    simulated::Memory memory(kFrames);
    ReplacementSlot slot;
    simulated::Machine machine(slot.start(ReplacementKind::kHorizon, memory.setup()), kFrames);
    std::uint64_t fault_count = 0;
    for (const std::uint32_t page : loop(300, 20)) {
        fault_count += machine.reference(page) ? 1 : 0;
    }
    const std::uint64_t at_most = fault_count * (ReplacementTuning{}.horizon_looks + 2);
    EXPECT_LE(machine.bits.questions, at_most);
    EXPECT_GE(machine.bits.questions, at_most / 2);
}

TEST(Horizon, does_without_ghosts) {
    constexpr std::uint32_t kFrames = 60;
    simulated::Memory memory(kFrames);
    ReplacementSetup setup = memory.setup();
    setup.memory.ghosts = nullptr;
    ReplacementSlot slot;
    simulated::Machine machine(slot.start(ReplacementKind::kHorizon, setup), kFrames);
    for (const std::uint32_t page : loop(80, 20)) {
        machine.reference(page);
    }
    EXPECT_TRUE(slot.policy()->check_invariants());
}

TEST(Horizon, epochs_that_come_round_do_no_harm) {
    // 70,000 epochs of one fault each: more than a record's 16 bits can tell apart.
    constexpr std::uint32_t kFrames = 8;
    simulated::Memory memory(kFrames);
    ReplacementSlot slot;
    simulated::Machine machine(slot.start(ReplacementKind::kHorizon, memory.setup()), kFrames);
    for (std::uint32_t i = 0; i < 135'000; ++i) {
        machine.reference(i % 2 == 0 ? 0 : 1 + i / 2 % 1'000);
        if (i % 10'000 == 0) {
            ASSERT_TRUE(slot.policy()->check_invariants());
        }
    }
    EXPECT_TRUE(machine.is_resident(0));
}

}  // namespace
}  // namespace mm
