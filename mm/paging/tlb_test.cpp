#include "mm/paging/tlb.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "mm/paging/layout_i686.hpp"
#include "tests/doubles/layout_four_level.hpp"
#include "tests/doubles/paged_machine.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using host::Use;
constexpr PageFlags kWrite = page_flags::kWritable;

/// A planted bug: a Tlb that forgets to forget one page.
template <typename Cpu>
struct ForgetfulTlb {
    Cpu& cpu;
    VirtAddr overlooked;
    void forget_page(VirtAddr page) {
        if (page != overlooked) {
            cpu.forget_page(page);
        }
    }
    void forget_all() { cpu.forget_all(); }
};

/// A planted bug: a Tlb that does nothing.
struct IdleTlb {
    void forget_page(VirtAddr) {}
    void forget_all() {}
};

template <typename Layout>
class TlbTest : public testing::Test {
  protected:
    using Machine = host::PagedMachine<Layout>;
    static constexpr VirtAddr page(std::size_t n) { return VirtAddr(0x4000'0000 + n * kPageSize); }

    FrameNumber map_and_touch(VirtAddr at) {
        OwnedFrame frame = machine.take();
        const FrameNumber number = frame.number();
        EXPECT_TRUE(machine.tables.map(at, std::move(frame), kWrite).has_value());
        EXPECT_NE(machine.cpu.touch(at, Use::kWrite), nullptr);
        return number;
    }

    Machine machine{128};
};
using Layouts = testing::Types<LayoutI686, host::LayoutFourLevel>;
TYPED_TEST_SUITE(TlbTest, Layouts);

TYPED_TEST(TlbTest, no_frame_comes_back_before_the_flush) {  // C5
    const FrameNumber frame = this->map_and_touch(this->page(0));
    const FrameCount free = this->machine.account.frames_of(FrameOwner::kFree);
    UnmapBatch batch;
    ASSERT_TRUE(this->machine.tables.unmap(this->page(0), batch).has_value());
    EXPECT_EQ(this->machine.account.frames_of(FrameOwner::kFree), free);
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kKernelHeap);
    EXPECT_TRUE(this->machine.cpu.reaches(frame)) << "or this test shows nothing";
    flush(this->machine.cpu, this->machine.tables.frames(), batch, [](OwnedFrame&&) {});
    EXPECT_FALSE(this->machine.cpu.reaches(frame));
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kFree);
    EXPECT_EQ(this->machine.account.frames_of(FrameOwner::kFree), free + TypeParam::kLevels);
}

TYPED_TEST(TlbTest, the_taker_of_a_flush_gets_the_frame_in_hand) {
    const FrameNumber frame = this->map_and_touch(this->page(0));
    UnmapBatch batch;
    ASSERT_TRUE(this->machine.tables.unmap(this->page(0), batch).has_value());
    std::optional<OwnedFrame> kept;
    flush(this->machine.cpu, this->machine.tables.frames(), batch, [&](OwnedFrame&& back) {
        EXPECT_FALSE(this->machine.cpu.reaches(back.number()));
        if (back.owner() == FrameOwner::kKernelHeap) {
            kept.emplace(std::move(back));
        }
    });
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->number(), frame);
    EXPECT_EQ(this->machine.account.owner_of(frame), FrameOwner::kKernelHeap);
    EXPECT_EQ(this->machine.account.frames_of(FrameOwner::kPageTable), 0u) << "not moved from: released";
    // The same frame at another page: nothing stale is in the way.
    ASSERT_TRUE(this->machine.tables.map(this->page(9), std::move(*kept), kWrite).has_value());
    EXPECT_EQ(this->machine.cpu.touch(this->page(9), Use::kWrite), this->machine.memory.raw(frame));
}

TYPED_TEST(TlbTest, a_flushed_batch_can_be_used_again) {
    UnmapBatch batch;
    for (std::size_t round = 0; round < 3; ++round) {
        this->map_and_touch(this->page(0));
        ASSERT_TRUE(this->machine.tables.unmap(this->page(0), batch).has_value());
        std::size_t frames = 0;
        flush(this->machine.cpu, this->machine.tables.frames(), batch, [&](OwnedFrame&&) { ++frames; });
        EXPECT_EQ(frames, TypeParam::kLevels);
        flush(this->machine.cpu, this->machine.tables.frames(), batch, [](OwnedFrame&&) { FAIL(); });
    }
}

TYPED_TEST(TlbTest, few_pages_are_forgotten_one_by_one_and_many_at_once) {
    for (const std::size_t count : {std::size_t{3}, UnmapBatch::kCapacity}) {
        const std::size_t pages_before = this->machine.cpu.pages_forgotten();
        const std::size_t all_before = this->machine.cpu.all_forgotten();
        UnmapBatch batch;
        for (std::size_t n = 0; n < count; ++n) {
            this->map_and_touch(this->page(n));
        }
        for (std::size_t n = 0; n < count; ++n) {
            ASSERT_TRUE(batch.has_room());
            ASSERT_TRUE(this->machine.tables.unmap(this->page(n), batch).has_value());
        }
        EXPECT_EQ(batch.has_room(), count < UnmapBatch::kCapacity);
        flush(this->machine.cpu, this->machine.tables.frames(), batch, [](OwnedFrame&&) {});
        this->machine.cpu.expect_nothing_stale();
        const bool each = count == 3;
        EXPECT_EQ(this->machine.cpu.pages_forgotten() - pages_before, each ? count : 0);
        EXPECT_EQ(this->machine.cpu.all_forgotten() - all_before, each ? 0u : 1u);
    }
}

TYPED_TEST(TlbTest, unmapping_into_a_full_batch_is_a_bug_and_changes_nothing) {
    UnmapBatch batch;
    // Each page in a table of its own: the batch is full of frames before it is full of pages.
    std::size_t n = 0;
    const auto own_table = [](std::size_t i) { return VirtAddr(i * TypeParam::entry_span(1)); };
    for (; n < 24; ++n) {
        this->map_and_touch(own_table(n));
    }
    for (n = 0; batch.has_room(); ++n) {
        ASSERT_TRUE(this->machine.tables.unmap(own_table(n), batch).has_value());
    }
    EXPECT_LT(n, 24u);
    EXPECT_THROW((void)this->machine.tables.unmap(own_table(n), batch), host::Panic);
    EXPECT_TRUE(this->machine.tables.lookup(own_table(n)).has_value());
    flush(this->machine.cpu, this->machine.tables.frames(), batch, [](OwnedFrame&&) {});
}

TYPED_TEST(TlbTest, an_overlooked_page_is_caught_when_its_frame_is_released) {  // C5, planted
    this->map_and_touch(this->page(0));
    this->map_and_touch(this->page(1));
    UnmapBatch batch;
    ASSERT_TRUE(this->machine.tables.unmap(this->page(0), batch).has_value());
    ForgetfulTlb tlb{this->machine.cpu, this->page(0)};
    flush(tlb, this->machine.tables.frames(), batch, [](OwnedFrame&&) {});
    EXPECT_EQ(this->machine.cpu.violations().take().size(), 1u);
    // ... when the program goes on using the page ...
    EXPECT_NE(this->machine.cpu.touch(this->page(0), Use::kWrite), nullptr);
    EXPECT_EQ(this->machine.cpu.violations().take().size(), 1u);
    // ... when the frame is handed out again ...
    {
        const OwnedFrame again = this->machine.take();
    }
    EXPECT_EQ(this->machine.cpu.violations().take().size(), 2u) << "at the hand-out, and at the release";
    // ... and by a look at all translations.
    this->machine.cpu.expect_nothing_stale();
    EXPECT_EQ(this->machine.cpu.violations().take().size(), 1u);
}

TYPED_TEST(TlbTest, an_overlooked_page_table_is_caught_when_its_frame_is_released) {  // C5, planted
    this->map_and_touch(this->page(0));
    UnmapBatch batch;
    ASSERT_TRUE(this->machine.tables.unmap(this->page(0), batch).has_value());
    ForgetfulTlb tlb{this->machine.cpu, this->page(0)};
    flush(tlb, this->machine.tables.frames(), batch, [](OwnedFrame&&) {});
    EXPECT_EQ(this->machine.cpu.violations().take().size(), TypeParam::kLevels) << "the page and its tables";
}

TYPED_TEST(TlbTest, a_flush_of_everything_that_does_nothing_is_caught) {  // C5, planted
    UnmapBatch batch;
    for (std::size_t n = 0; n < UnmapBatch::kCapacity; ++n) {
        this->map_and_touch(this->page(n));
    }
    for (std::size_t n = 0; n < UnmapBatch::kCapacity; ++n) {
        ASSERT_TRUE(this->machine.tables.unmap(this->page(n), batch).has_value());
    }
    IdleTlb tlb;
    flush(tlb, this->machine.tables.frames(), batch, [](OwnedFrame&&) {});
    EXPECT_EQ(this->machine.cpu.violations().take().size(), UnmapBatch::kCapacity + TypeParam::kLevels - 1);
}

TEST(UnmapBatchDeathTest, a_batch_that_is_never_flushed_is_a_bug) {  // C5
    // A destructor cannot throw on: the panic ends the process, on the host as in the kernel.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            UnmapBatch batch;
            batch.add_page(VirtAddr(0x1000));
        },
        "never flushed");
}

}  // namespace
}  // namespace mm
