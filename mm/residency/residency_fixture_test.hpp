// What the tests of residency share: a small machine with a swap disk, and programs with some pages on it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/doubles/swapping_machine.hpp"

namespace mm {

class ResidencyTest : public testing::Test {
  protected:
    using World = host::SwapWorld;
    using Program = World::Program;
    static constexpr VirtAddr kArena{0x4000'0000};
    static constexpr Protection kReadWrite = protection::kRead | protection::kWrite;

    static constexpr VirtAddr page(PageCount index) { return kArena + index * kPageSize; }
    static PageRange pages(PageCount begin, PageCount end) {
        return {kArena.page() + begin, kArena.page() + end};
    }

    ~ResidencyTest() override {
        if (world != nullptr) {
            end(child);
            end(program);
            if (object != nullptr) {
                world->end(std::move(object));
            }
            world->disk.finish_all();
            world->audit();
            EXPECT_EQ(world->machine.account().frames_of(FrameOwner::kReading), 0u);
            EXPECT_EQ(world->machine.account().frames_of(FrameOwner::kWriting), 0u);
        }
    }
    void end(std::unique_ptr<Program>& ending) {
        if (ending != nullptr) {
            world->end(std::move(ending));
        }
    }

    /// A machine, and a program that has written 10 + i to the page i of `count`.
    void begin(PageCount count, FrameCount frames = 64, std::uint32_t slots = 128) {
        world = std::make_unique<World>(frames, slots);
        program = world->make_program();
        ASSERT_TRUE(program->space.map({.address = kArena, .page_count = count, .protection = kReadWrite}));
        for (PageCount i = 0; i < count; ++i) {
            ASSERT_TRUE(world->write(*program, page(i), 10 + i));
        }
    }
    /// The same with a memory object of `count` pages behind the region.
    void begin_shared(PageCount count) {
        world = std::make_unique<World>(64, 128);
        object = world->make_object(count);
        program = world->make_program();
        ASSERT_TRUE(program->space.map({.address = kArena,
                                        .page_count = count,
                                        .protection = kReadWrite,
                                        .sharing = Sharing::kShared,
                                        .object = object.get()}));
        for (PageCount i = 0; i < count; ++i) {
            ASSERT_TRUE(world->write(*program, page(i), 10 + i));
        }
    }
    void fork() {
        child = world->make_program();
        ASSERT_TRUE(program->space.fork_into(child->space));
    }

    std::optional<unsigned> read(PageCount index) { return world->read(*program, page(index)); }
    std::optional<unsigned> read_child(PageCount index) { return world->read(*child, page(index)); }
    bool write(PageCount index, unsigned value) { return world->write(*program, page(index), value); }
    bool write_child(PageCount index, unsigned value) { return world->write(*child, page(index), value); }
    /// Starts the read of a page that is on the disk, and leaves it in flight.
    void begin_read(Program& reader, PageCount index) {
        EXPECT_EQ(reader.reach(page(index), host::Use::kRead), nullptr);
        ASSERT_EQ(reader.outcome, FaultOutcome::kWaiting);
        ASSERT_EQ(world->disk.transfers().size(), 1u);
    }
    /// The slot that the entry of a program's page names.
    SlotNumber slot_of(Program& owner, PageCount index) {
        std::optional<SlotNumber> slot;
        owner.space.page_tables().for_each_used_page(page(index), page(index),
                                                     [&](VirtAddr, const Mapping& mapping) {
                                                         if (mapping.flags.has(page_flags::kStored)) {
                                                             slot = SlotNumber(mapping.frame.value());
                                                         }
                                                     });
        EXPECT_TRUE(slot.has_value()) << "page " << index << " is not stored";
        return slot.value_or(SlotNumber(0));
    }
    SlotState state_of(SlotNumber slot) { return world->residency().slots()[slot].state; }
    [[nodiscard]] const ResidencyFigures& figures() const { return world->residency().figures(); }

    std::unique_ptr<World> world;
    std::unique_ptr<World::Object> object;
    std::unique_ptr<Program> program;
    std::unique_ptr<Program> child;
};

}  // namespace mm
