// What tells one policy from another, in examples; and what all of them refuse.
#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "mm/residency/replacement_machine_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Departure = ReplacementPolicy::Departure;

/// A machine whose frames all have a page: page i in frame i, and every accessed bit is clear.
class FullMachine {
  public:
    FullMachine(ReplacementKind kind, std::uint32_t frames, const ReplacementTuning& tuning = {})
        : memory(frames), policy(slot.start(kind, memory.setup(1, tuning))), bits(frames) {
        for (FrameIndex frame = 0; frame < frames; ++frame) {
            policy.entered(frame, {1, frame}, 0, bits);
        }
    }
    std::uint32_t choose(CpuTime now = 0) { return policy.choose({1, 1'000}, now, bits).value(); }
    /// Evicts what the policy chooses for `page`; gives the frame.
    FrameIndex replace(std::uint32_t page, CpuTime now = 0) {
        const FrameIndex frame = policy.choose({1, page}, now, bits).value();
        policy.left(frame, Departure::kEvicted);
        policy.entered(frame, {1, page}, now, bits);
        bits.accessed[frame] = true;
        bits.dirty[frame] = false;
        return frame;
    }

    simulated::Memory memory;
    ReplacementSlot slot;
    ReplacementPolicy& policy;
    simulated::Bits bits;
};

TEST(ReplacementNames, each_names_the_policy_that_says_so) {
    simulated::Memory memory(1);
    for (const std::string_view name : kReplacementNames) {
        ReplacementSlot slot;
        const std::optional<ReplacementKind> kind = replacement_named(name);
        ASSERT_TRUE(kind.has_value()) << name;
        EXPECT_EQ(slot.start(*kind, memory.setup()).name(), name);
        EXPECT_EQ(name_of(*kind), name);
    }
    for (const std::string_view name : {"", "cloc", "clocks", "Clock", "lru"}) {
        EXPECT_FALSE(replacement_named(name).has_value()) << name;
    }
}

TEST(WsClock, an_idle_clean_page_goes_before_an_idle_dirty_one) {
    FullMachine machine(ReplacementKind::kWsClock, 4, {.working_set_us = 100});
    machine.bits.dirty[0] = true;
    EXPECT_EQ(machine.choose(101), 1u);
}

TEST(WsClock, an_idle_dirty_page_goes_before_one_of_the_working_set) {
    FullMachine machine(ReplacementKind::kWsClock, 3, {.working_set_us = 100});
    machine.bits.accessed[0] = machine.bits.accessed[2] = true;
    machine.bits.dirty[1] = true;
    EXPECT_EQ(machine.choose(101), 1u);
}

TEST(WsClock, of_a_working_set_larger_than_memory_the_longest_idle_goes) {
    FullMachine machine(ReplacementKind::kWsClock, 3, {.working_set_us = 100});
    machine.bits.accessed[0] = true;
    EXPECT_EQ(machine.choose(50), 1u);  // Which found page 0 in use, at 50.
    machine.bits.accessed[1] = true;
    EXPECT_EQ(machine.choose(90), 2u);
    machine.bits.accessed[2] = true;
    EXPECT_EQ(machine.choose(95), 0u);
}

TEST(WsClock, time_may_wrap) {
    FullMachine machine(ReplacementKind::kWsClock, 2, {.working_set_us = 100});
    machine.bits.accessed[0] = machine.bits.accessed[1] = true;
    machine.choose(0xFFFF'FFF0);      // Both in use, just before the wrap.
    machine.bits.accessed[0] = true;  // And this one after it.
    EXPECT_EQ(machine.choose(0x60), 1u);
}

TEST(WsClock, looks_at_no_more_pages_than_it_may) {
    FullMachine machine(ReplacementKind::kWsClock, 100, {.working_set_us = 100, .working_set_scan = 8});
    machine.bits.questions = 0;
    machine.choose(50);
    EXPECT_EQ(machine.bits.questions, 8u);
}

TEST(Clock, looks_at_no_more_pages_than_it_may) {
    FullMachine machine(ReplacementKind::kClock, 100, {.scan_limit = 8});
    machine.bits.accessed.assign(100, true);
    machine.bits.questions = 0;
    EXPECT_EQ(machine.choose(), 8u);
    EXPECT_EQ(machine.bits.questions, 8u);
}

TEST(TwoQueue, a_page_that_comes_back_soon_survives_a_scan) {
    FullMachine machine(ReplacementKind::kTwoQueue, 20);
    EXPECT_EQ(machine.replace(100), 0u);  // Page 0 goes, and is remembered.
    EXPECT_EQ(machine.replace(0), 1u);    // It is back: in frame 1, in main.
    for (std::uint32_t page = 200; page < 400; ++page) {
        EXPECT_NE(machine.replace(page), 1u);
    }
}

TEST(TwoQueue, new_pages_go_in_order_accessed_or_not) {
    FullMachine machine(ReplacementKind::kTwoQueue, 20);
    machine.bits.accessed.assign(20, true);
    EXPECT_EQ(machine.replace(100), 0u);
    EXPECT_EQ(machine.replace(101), 1u);
}

TEST(TwoQueue, a_page_that_ended_is_not_remembered) {
    FullMachine machine(ReplacementKind::kTwoQueue, 20);
    machine.policy.left(0, Departure::kEnded);
    EXPECT_EQ(machine.memory.ghosts.count(), 0u);
    machine.policy.left(1, Departure::kEvicted);
    EXPECT_EQ(machine.memory.ghosts.count(), 1u);
}

TEST(S3Fifo, what_only_its_own_fault_accessed_goes_before_what_was_used_again) {
    FullMachine machine(ReplacementKind::kS3Fifo, 20);
    std::vector<FrameIndex> scanned;
    for (std::uint32_t page = 100; page < 104; ++page) {  // Each fault sets the bit, as a page table does.
        scanned.push_back(machine.replace(page));
    }
    const FrameIndex kept = scanned[1];
    machine.bits.accessed[kept] = true;  // Long after its fault: no longer young, its bit had been cleared.
    std::set<FrameIndex> gone;
    for (std::uint32_t page = 200; page < 300; ++page) {
        gone.insert(machine.replace(page));
        machine.bits.accessed[kept] = true;
    }
    EXPECT_TRUE(gone.contains(scanned[0]));
    EXPECT_TRUE(gone.contains(scanned[2]));
    EXPECT_FALSE(gone.contains(kept));
}

TEST(S3Fifo, accesses_while_young_do_not_count) {
    FullMachine machine(ReplacementKind::kS3Fifo, 20, {.s3_deferred_percent = 10});
    const FrameIndex young = machine.replace(100);
    machine.bits.accessed[young] = true;
    machine.replace(101);
    EXPECT_TRUE(machine.bits.accessed[young]);
    machine.replace(102);  // 10 % of 20 frames: after two faults more.
    EXPECT_FALSE(machine.bits.accessed[young]);
}

TEST(Random, every_page_is_as_likely_as_the_others) {
    constexpr std::uint32_t kFrames = 37;
    constexpr int kChoices = 100 * kFrames;
    FullMachine machine(ReplacementKind::kRandom, kFrames);
    std::array<int, kFrames> chosen{};
    for (int i = 0; i < kChoices; ++i) {
        ++chosen.at(machine.choose());
    }
    for (FrameIndex frame = 0; frame < kFrames; ++frame) {
        EXPECT_NEAR(chosen.at(frame), 100, 45) << frame;  // 4.5 standard deviations, always of the same dice.
    }
}

TEST(Random, the_seed_decides) {
    const auto choices = [](std::uint32_t seed) {
        simulated::Memory memory(50);
        ReplacementSlot slot;
        ReplacementPolicy& policy = slot.start(ReplacementKind::kRandom, memory.setup(1, {}, seed));
        simulated::Bits bits(50);
        std::vector<FrameIndex> victims;
        for (FrameIndex frame = 0; frame < 50; ++frame) {
            policy.entered(frame, {1, frame}, 0, bits);
            victims.push_back(policy.choose({}, 0, bits).value());
        }
        return victims;
    };
    EXPECT_EQ(choices(7), choices(7));
    EXPECT_NE(choices(7), choices(8));
}

TEST(Aging, what_was_read_ahead_and_never_used_goes_first) {
    FullMachine machine(ReplacementKind::kAging, 3);
    machine.bits.accessed[0] = machine.bits.accessed[2] = true;
    machine.policy.tick(0, machine.bits);
    EXPECT_EQ(machine.choose(), 1u);
}

TEST(Aging, looks_at_each_so_many_ticks) {
    FullMachine machine(ReplacementKind::kAging, 3, {.ticks_per_look = 2});
    machine.policy.tick(0, machine.bits);
    EXPECT_EQ(machine.bits.questions, 0u);
    machine.policy.tick(0, machine.bits);
    EXPECT_EQ(machine.bits.questions, 3u);
}

TEST(ReplacementSlot, the_frames_of_an_instance_that_ends_are_free_for_the_next) {
    simulated::Memory memory(8);
    simulated::Bits bits(8);
    for (std::size_t i = 0; i < kReplacementNames.size(); ++i) {
        ReplacementSlot slot;
        ReplacementPolicy& policy = slot.start(static_cast<ReplacementKind>(i), memory.setup());
        for (FrameIndex frame = 0; frame < 8; ++frame) {
            policy.entered(frame, {1, frame}, 0, bits);
        }
        policy.refused(policy.choose({}, 0, bits).value());
        policy.left(policy.choose({}, 0, bits).value(), Departure::kEvicted);
        slot.stop();
        EXPECT_EQ(slot.policy(), nullptr);
        for (const ResidentRecord& record : memory.records) {
            EXPECT_EQ(record.instance, 0u) << kReplacementNames[i];
        }
        EXPECT_EQ(memory.ghosts.count(), 0u);
    }
}

TEST(Replacement, bugs_of_the_caller_are_caught) {
    simulated::Bits bits(4);
    for (std::size_t i = 0; i < kReplacementNames.size(); ++i) {
        simulated::Memory memory(4);
        ReplacementSlot slot;
        ReplacementSlot other;
        ReplacementPolicy& policy = slot.start(static_cast<ReplacementKind>(i), memory.setup(1));
        ReplacementPolicy& second = other.start(static_cast<ReplacementKind>(i), memory.setup(2));
        policy.entered(0, {1, 0}, 0, bits);
        EXPECT_THROW(policy.entered(0, {1, 1}, 0, bits), host::Panic) << policy.name();
        EXPECT_THROW(policy.entered(4, {1, 1}, 0, bits), host::Panic) << policy.name();
        EXPECT_THROW(second.entered(0, {2, 0}, 0, bits), host::Panic) << policy.name();
        EXPECT_THROW(second.left(0, Departure::kEnded), host::Panic) << policy.name();
        EXPECT_THROW(second.refused(0), host::Panic) << policy.name();
        EXPECT_THROW(policy.left(1, Departure::kEnded), host::Panic) << policy.name();
        EXPECT_THROW(slot.start(ReplacementKind::kFifo, memory.setup(3)), host::Panic);
        EXPECT_TRUE(policy.check_invariants());
    }
}

TEST(Replacement, damage_to_a_record_is_seen) {
    using Damage = void (*)(ResidentRecord&);
    constexpr std::array<Damage, 4> kDamages{
        [](ResidentRecord& record) { record.instance = 2; }, [](ResidentRecord& record) { record.queue = 0; },
        [](ResidentRecord& record) { record.previous = record.previous == 5 ? kNoFrame : 5; },
        [](ResidentRecord& record) { record.next = record.next == 3 ? 4 : 3; }};
    for (std::size_t kind = 0; kind < kReplacementNames.size(); ++kind) {
        for (const Damage damage : kDamages) {
            FullMachine machine(static_cast<ReplacementKind>(kind), 6);
            EXPECT_TRUE(machine.policy.check_invariants());
            ResidentRecord& record = machine.memory.records[1];  // In the middle of a list, or of the tree.
            const ResidentRecord whole = record;
            damage(record);
            EXPECT_FALSE(machine.policy.check_invariants()) << machine.policy.name();
            record = whole;
        }
    }
}

}  // namespace
}  // namespace mm
