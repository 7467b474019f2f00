// Memory objects: pages that appear at their first touch, however far apart, and their index.
#include "mm/space/memory_object.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "tests/doubles/space_machine.hpp"

namespace mm {
namespace {

using Machine = host::SpaceMachine<LayoutI686>;
using Object = host::SharedObject<Machine>;

/// A page under each kind of index, and at each one's ends: 8 direct, 1,024 behind one index, the rest behind two.
const std::vector<std::uint32_t> kPlaces{0, 7, 8, 1031, 1032, 2055, 2056, 500'000, 0xffffe};

class MemoryObjectTest : public testing::Test {
  protected:
    FrameCount of(FrameOwner owner) { return machine.account().frames_of(owner); }

    Machine machine{128};
    FrameCount free = machine.free_frames();
};

TEST_F(MemoryObjectTest, holes_read_as_nothing_and_written_pages_begin_with_zeros) {
    Object object(machine, Object::kMostPages);
    for (const std::uint32_t index : kPlaces) {
        EXPECT_EQ(object.frame_for_read(index).value(), std::nullopt);
        EXPECT_FALSE(object.is_resident(index));
    }
    EXPECT_EQ(machine.free_frames(), free) << "looking takes nothing";
    std::map<std::uint32_t, FrameNumber> frames;
    for (const std::uint32_t index : kPlaces) {
        frames[index] = object.frame_for_write(index).value();
        EXPECT_EQ(machine.paged.memory.raw(frames[index])[index % kPageSize], std::byte{0});
    }
    for (const std::uint32_t index : kPlaces) {
        EXPECT_EQ(object.frame_for_read(index).value(), frames[index]);
        EXPECT_EQ(object.frame_for_write(index), frames[index]);
        EXPECT_EQ(object.page(index, PageUse::kRead)->frame, frames[index]);
        EXPECT_EQ(machine.account().table()[frames[index]].references, 1u);
    }
    EXPECT_EQ(object.resident_pages(), kPlaces.size());
    EXPECT_EQ(of(FrameOwner::kSharedMemory), kPlaces.size());
    EXPECT_EQ(of(FrameOwner::kObjectIndex), 6u);  // One; and the double one, with four below it.
    std::map<FrameOwner, FrameCount> visited;
    object.for_each_frame([&](FrameNumber frame, FrameOwner owner) {
        EXPECT_EQ(machine.account().owner_of(frame), owner);
        ++visited[owner];
    });
    EXPECT_EQ(visited[FrameOwner::kSharedMemory], kPlaces.size());
    EXPECT_EQ(visited[FrameOwner::kObjectIndex], 6u);
}

TEST_F(MemoryObjectTest, the_end_frees_everything) {
    {
        Object object(machine, Object::kMostPages);
        for (const std::uint32_t index : kPlaces) {
            EXPECT_TRUE(object.frame_for_write(index).has_value());
        }
    }
    EXPECT_EQ(machine.free_frames(), free);
}

TEST_F(MemoryObjectTest, beyond_the_end_is_nothing_and_longer_is_zeros) {
    Object object(machine, 9);
    EXPECT_EQ(object.frame_for_write(9), failure(Error::kOutOfRange));
    EXPECT_EQ(object.page(9, PageUse::kWrite).error(), Error::kOutOfRange);
    EXPECT_EQ(object.frame_for_read(9).value(), std::nullopt);
    EXPECT_EQ(object.resize(Object::kMostPages + 1), failure(Error::kOutOfRange));
    std::memset(machine.paged.memory.raw(object.frame_for_write(8).value()), 7, kPageSize);
    ASSERT_TRUE(object.resize(8).has_value());
    ASSERT_TRUE(object.resize(9).has_value());
    EXPECT_EQ(object.frame_for_read(8).value(), std::nullopt);
    EXPECT_EQ(machine.paged.memory.raw(object.frame_for_write(8).value())[0], std::byte{0});
}

TEST_F(MemoryObjectTest, what_gets_shorter_gives_back_the_index_that_it_no_longer_needs) {
    Object object(machine, Object::kMostPages);
    for (const std::uint32_t index : kPlaces) {
        EXPECT_TRUE(object.frame_for_write(index).has_value());
    }
    for (const auto& [count, pages, indexes] : std::vector<std::array<std::uint32_t, 3>>{{500'001, 8, 5},
                                                                                         {2057, 7, 4},
                                                                                         {2056, 6, 3},
                                                                                         {1033, 5, 3},
                                                                                         {1032, 4, 1},
                                                                                         {9, 3, 1},
                                                                                         {8, 2, 0},
                                                                                         {0, 0, 0}}) {
        ASSERT_TRUE(object.resize(count).has_value());
        EXPECT_EQ(object.page_count(), count);
        EXPECT_EQ(object.resident_pages(), pages) << count;
        EXPECT_EQ(of(FrameOwner::kObjectIndex), indexes) << count;
    }
    EXPECT_EQ(machine.free_frames(), free);
}

TEST_F(MemoryObjectTest, each_allocation_may_fail_and_changes_nothing) {
    for (std::uint32_t failing = 1; failing <= 5; ++failing) {
        Machine small(64, failing);
        const FrameCount before = small.free_frames();
        {
            Object object(small, Object::kMostPages);
            unsigned refused = 0;
            for (const std::uint32_t index : {5U, 20U, 5000U}) {
                const Result<FrameNumber> frame = object.frame_for_write(index);
                refused += frame ? 0 : 1;
                EXPECT_EQ(object.has_page(index), frame.has_value());
                EXPECT_TRUE(object.frame_for_write(index).has_value()) << "the next try has memory";
            }
            EXPECT_EQ(refused, 1u) << failing;
        }
        EXPECT_EQ(small.free_frames(), before);
    }
}

TEST_F(MemoryObjectTest, random_work_agrees_with_a_map) {
    std::mt19937 random(3);
    Object object(machine, 3000);
    std::map<std::uint32_t, FrameNumber> model;
    for (int step = 0; step < 20'000; ++step) {
        const std::uint32_t index = static_cast<std::uint32_t>(random() % 3000);
        switch (random() % 40) {
            case 0:
                ASSERT_TRUE(object.resize(index).has_value());
                model.erase(model.lower_bound(index), model.end());
                ASSERT_TRUE(object.resize(3000).has_value());
                break;
            case 1:
                object.discard(index, index + 300);
                model.erase(model.lower_bound(index), model.lower_bound(index + 300));
                break;
            default:
                if (const Result<FrameNumber> frame = object.frame_for_write(index)) {
                    ASSERT_TRUE(model.emplace(index, *frame).second || model[index] == *frame);
                } else {
                    ASSERT_EQ(machine.free_frames(), 0u);
                }
        }
        const auto found = model.find(index);
        ASSERT_EQ(object.frame_for_read(index).value(),
                  found != model.end() ? std::optional(found->second) : std::nullopt);
        ASSERT_EQ(object.resident_pages(), model.size());
    }
}

}  // namespace
}  // namespace mm
