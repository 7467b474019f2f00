#include "mm/space/reverse_map.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "mm/space/memory_object.hpp"
#include "tests/doubles/space_machine.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Machine = host::SpaceMachine<LayoutI686>;
using Program = host::Program<Machine>;
using Space = Program::Space;
constexpr VirtAddr kArena{0x4000'0000};
constexpr Protection kReadWrite = protection::kRead | protection::kWrite;
constexpr SlotNumber kSlot{77};

/// A store that never gives anything back: it counts who lets go of which slot.
class CountingStore final : public PageStore {
  public:
    [[nodiscard]] Error shortage() const override { return Error::kNoMemory; }
    Result<Restored> restore(SlotNumber) override { return failure(Error::kWouldWait); }
    void claim(FrameNumber, FrameOwner, std::uint32_t, std::uint32_t, PageObject*) override {}
    Result<void> share(SlotNumber) override { return {}; }
    void release(SlotNumber slot) override { ++released[slot.value()]; }
    void entered(FrameNumber, PageObject*) override {}
    void becomes_writable(FrameNumber) override {}
    void dirtied(FrameNumber) override {}

    std::map<std::uint32_t, unsigned> released;
};

/// A parent with three pages, its child, who has changed the last one, and a stranger.
class ReverseMapTest : public testing::Test {
  protected:
    struct Spaces {
        std::vector<Space*>* spaces;
        [[nodiscard]] Space* find(std::uint32_t id) const {
            const auto found =
                std::ranges::find_if(*spaces, [id](const Space* its) { return its->id() == id; });
            return found != spaces->end() ? *found : nullptr;
        }
        template <typename Visit>
        void for_each(Visit visit) const {
            for (Space* const space : *spaces) {
                if (!visit(*space)) {
                    return;
                }
            }
        }
    };

    ReverseMapTest() {
        machine.page_store = &store;
        for (Program* const program : {stranger.get(), parent.get()}) {
            EXPECT_TRUE(program->space.map({.address = kArena, .page_count = 3, .protection = kReadWrite}));
            for (PageCount i = 0; i < 3; ++i) {
                EXPECT_TRUE(program->write(page(i), 1));
            }
        }
        EXPECT_TRUE(parent->space.fork_into(child->space));
        EXPECT_TRUE(child->write(page(2), 2));
        spaces = {&stranger->space, &child->space, &parent->space};
    }
    ~ReverseMapTest() override {
        // Frames whose page was stored are the residency's, which this test is.
        for (Program* const program : {stranger.get(), parent.get(), child.get()}) {
            if (program != nullptr) {
                program->space.clear();
            }
        }
        for (const FrameNumber frame : stored) {
            EXPECT_TRUE(machine.account().release(frame, machine.account().owner_of(frame)));
        }
    }

    static VirtAddr page(PageCount index) { return kArena + index * kPageSize; }
    static FrameNumber frame_of(const Program& program, PageCount index) {
        return program.space.frame_at(page(index)).value();
    }
    static PageFlags flags_of(Program& program, PageCount index) {
        PageFlags flags;
        program.space.page_tables().for_each_used_page(
            page(index), page(index), [&flags](VirtAddr, const Mapping& mapping) { flags = mapping.flags; });
        return flags;
    }
    std::uint16_t put_away(FrameNumber frame, PageObject* its_object = nullptr) {
        stored.push_back(frame);
        return map.store(frame, its_object, kSlot);
    }

    Machine machine{128};
    CountingStore store;
    host::SharedObject<Machine> object{machine, 8};
    std::unique_ptr<Program> parent = Program::make(machine, 1);
    std::unique_ptr<Program> child = Program::make(machine, 2);
    std::unique_ptr<Program> stranger = Program::make(machine, 3);
    std::vector<Space*> spaces;
    std::vector<FrameNumber> stored;
    ReverseMap<Space, Spaces> map{machine.account(), Spaces{&spaces}};
};

TEST_F(ReverseMapTest, a_use_by_any_of_those_who_share_counts_once) {
    const FrameNumber frame = frame_of(*parent, 0);
    ASSERT_EQ(frame, frame_of(*child, 0));
    static_cast<void>(map.take_accessed(frame, nullptr));
    EXPECT_FALSE(map.take_accessed(frame, nullptr));
    EXPECT_EQ(child->read(page(0)), 1u);
    EXPECT_TRUE(map.take_accessed(frame, nullptr));
    EXPECT_FALSE(map.take_accessed(frame, nullptr));
    // The CPU sets the bit again, though it knew the page.
    EXPECT_EQ(child->read(page(0)), 1u);
    EXPECT_EQ(parent->read(page(0)), 1u);
    EXPECT_TRUE(map.take_accessed(frame, nullptr));
    EXPECT_FALSE(flags_of(*parent, 0).has(page_flags::kAccessed));
    EXPECT_FALSE(flags_of(*child, 0).has(page_flags::kAccessed));
    EXPECT_TRUE(flags_of(*stranger, 0).has(page_flags::kAccessed));
}

TEST_F(ReverseMapTest, a_page_is_dirty_where_one_entry_says_so) {
    EXPECT_TRUE(map.is_dirty(frame_of(*child, 2), nullptr));
    ASSERT_TRUE(parent->space.map({.address = page(8), .page_count = 1, .protection = kReadWrite}));
    EXPECT_EQ(parent->reach(page(8), host::Use::kRead) != nullptr, true);
    EXPECT_TRUE(parent->write(page(8), 1));
    EXPECT_TRUE(map.is_dirty(frame_of(*parent, 8), nullptr));
    // Read-only copies of an entry tell what was done before.
    EXPECT_TRUE(map.is_dirty(frame_of(*parent, 0), nullptr));
}

TEST_F(ReverseMapTest, all_who_share_a_page_name_its_slot_and_nobody_else_does) {
    const FrameNumber frame = frame_of(*parent, 1);
    EXPECT_EQ(put_away(frame), 2u);
    for (Program* const program : {parent.get(), child.get()}) {
        EXPECT_TRUE(flags_of(*program, 1).has(page_flags::kStored));
        EXPECT_EQ(program->space.stored_pages(), 1u);
        EXPECT_EQ(program->space.resident().anonymous, 2u);
        EXPECT_EQ(program->reach(page(1), host::Use::kRead), nullptr);
        EXPECT_EQ(program->outcome, FaultOutcome::kWaiting);
    }
    EXPECT_EQ(stranger->read(page(1)), 1u);
    EXPECT_EQ(machine.account().table()[frame].references, 0u);
    parent->space.clear();
    child->space.clear();
    EXPECT_EQ(store.released[kSlot.value()], 2u);
}

TEST_F(ReverseMapTest, a_page_of_one_alone_leaves_the_other_ones_alone) {
    EXPECT_EQ(put_away(frame_of(*child, 2)), 1u);
    EXPECT_EQ(child->space.stored_pages(), 1u);
    EXPECT_EQ(parent->read(page(2)), 1u);
}

TEST_F(ReverseMapTest, a_page_is_found_though_its_holder_has_let_go_of_it) {
    const FrameNumber frame = frame_of(*child, 0);
    parent->space.clear();
    ASSERT_EQ(machine.account().table()[frame].holder, 0u);
    EXPECT_TRUE(map.take_accessed(frame, nullptr));
    EXPECT_EQ(put_away(frame), 1u);
    EXPECT_EQ(child->space.stored_pages(), 1u);
}

TEST_F(ReverseMapTest, a_page_that_nobody_may_use_is_found) {
    ASSERT_TRUE(child->space.protect({page(0).page(), page(3).page()}, protection::kNone));
    EXPECT_TRUE(map.is_dirty(frame_of(*parent, 0), nullptr));
    EXPECT_EQ(put_away(frame_of(*parent, 0)), 2u);
    EXPECT_TRUE(flags_of(*child, 0).has(page_flags::kStored));
    EXPECT_FALSE(flags_of(*child, 0).has(page_flags::kParked));
    EXPECT_EQ(child->reach(page(0), host::Use::kRead), nullptr);
    EXPECT_EQ(child->outcome, FaultOutcome::kForbidden);
}

TEST_F(ReverseMapTest, a_slot_is_not_taken_for_the_frame_with_its_number) {
    const FrameNumber frame = frame_of(*stranger, 0);
    stored.push_back(frame_of(*parent, 0));
    // Parent and child have at this page a slot with the number of the stranger's frame.
    EXPECT_EQ(map.store(stored.back(), nullptr, SlotNumber(frame.value())), 2u);
    machine.account().table()[frame].holder = 0;  // So that all are looked at.
    spaces = {&parent->space, &child->space, &stranger->space};
    EXPECT_EQ(put_away(frame), 1u);
    EXPECT_EQ(stranger->space.stored_pages(), 1u);
    EXPECT_EQ(parent->space.stored_pages(), 1u);
}

TEST_F(ReverseMapTest, an_entry_that_cannot_be_found_is_a_bug) {
    const FrameNumber frame = frame_of(*parent, 0);
    ++machine.account().table()[frame].references;
    EXPECT_THROW(static_cast<void>(map.store(frame, nullptr, kSlot)), host::Panic);
    machine.account().table()[frame].references = 0;
    stored.push_back(frame);
}

TEST_F(ReverseMapTest, a_page_of_an_object_is_found_in_every_region_that_has_it) {
    const auto attach = [&](Program& program, PageCount at, std::uint32_t first, Sharing sharing) {
        EXPECT_TRUE(program.space.map({.address = page(at),
                                       .page_count = 4,
                                       .protection = kReadWrite,
                                       .sharing = sharing,
                                       .object = &object,
                                       .object_page = first}));
    };
    attach(*parent, 16, 0, Sharing::kShared);    // Object's page 3: page 19,
    attach(*parent, 32, 2, Sharing::kShared);    // 33,
    attach(*child, 64, 3, Sharing::kPrivate);    // 64,
    attach(*stranger, 16, 4, Sharing::kShared);  // nowhere.
    attach(*child, 32, 0, Sharing::kPrivate);    // 35, where a copy will stand.
    ASSERT_TRUE(parent->write(page(19), 9));
    EXPECT_EQ(parent->read(page(33)), 9u);
    EXPECT_EQ(child->read(page(64)), 9u);
    ASSERT_TRUE(child->write(page(35), 8));
    ASSERT_TRUE(stranger->write(page(16), 7));
    const FrameNumber frame = frame_of(*parent, 19);
    EXPECT_EQ(machine.account().table()[frame].references, 4u);
    EXPECT_TRUE(map.is_dirty(frame, &object));
    EXPECT_TRUE(map.take_accessed(frame, &object));
    EXPECT_FALSE(map.take_accessed(frame, &object));
    EXPECT_EQ(put_away(frame, &object), 1u);  // The object's index alone names the slot.
    EXPECT_EQ(object.stored_pages(), 1u);
    EXPECT_EQ(object.resident_pages(), 1u);
    EXPECT_FALSE(parent->space.frame_at(page(19)) || parent->space.frame_at(page(33)) ||
                 child->space.frame_at(page(64)));
    EXPECT_EQ(parent->space.resident().shared, 0u);
    EXPECT_EQ(parent->space.stored_pages(), 0u);
    EXPECT_EQ(child->read(page(35)), 8u);
    EXPECT_EQ(stranger->read(page(16)), 7u);
    parent->space.clear();
    child->space.clear();
    stranger->space.clear();
    ASSERT_TRUE(object.resize(0));
    EXPECT_EQ(store.released[kSlot.value()], 1u);
}

}  // namespace
}  // namespace mm
