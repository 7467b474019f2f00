// The auditor of address spaces proves itself: each thing that it must notice is done once behind the space's back.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "mm/space/address_space.hpp"
#include "tests/doubles/space_audit.hpp"
#include "tests/doubles/space_machine.hpp"

namespace mm {
namespace {

using Machine = host::SpaceMachine<LayoutI686>;
using Program = host::Program<Machine>;
constexpr VirtAddr kPage{0x4000'0000};

/// A program and its child, who share a page and have one each of their own, and an object that both map.
class PlantedTest : public testing::Test {
  protected:
    PlantedTest() {
        constexpr Protection kReadWrite = protection::kRead | protection::kWrite;
        EXPECT_TRUE(parent->space.map({.address = kPage, .page_count = 3, .protection = kReadWrite}));
        EXPECT_TRUE(parent->space.map({.address = kPage + 8 * kPageSize,
                                       .page_count = 2,
                                       .protection = kReadWrite,
                                       .sharing = Sharing::kShared,
                                       .object = &object}));
        EXPECT_TRUE(parent->write(kPage, 1));
        EXPECT_TRUE(parent->write(kPage + kPageSize, 2));
        EXPECT_TRUE(parent->write(kPage + 8 * kPageSize, 3));
        EXPECT_TRUE(parent->space.fork_into(child->space));
        EXPECT_TRUE(child->write(kPage, 4));
    }

    /// The findings of an audit.
    int findings() {
        testing::TestPartResultArray failures;
        {
            const testing::ScopedFakeTestPartResultReporter reporter(
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
            host::SpaceAudit<Machine> audit(machine);
            audit.add(parent->space);
            audit.add(child->space);
            audit.add(object);
            audit.check();
            EXPECT_TRUE(machine.tlb().violations().take().empty());
        }
        return failures.size();
    }
    /// Does `plant`, counts what the audit finds, and does `undo`.
    void expect_found(const std::function<void()>& plant, const std::function<void()>& undo) {
        EXPECT_EQ(findings(), 0);
        plant();
        EXPECT_GT(findings(), 0);
        undo();
        EXPECT_EQ(findings(), 0);
    }
    FrameRecord& record(VirtAddr page) {
        return machine.account().table()[parent->space.frame_at(page).value()];
    }
    LayoutI686::Entry& entry(VirtAddr page) {
        const FrameNumber leaf = parent->space.page_tables().find_leaf(page.page()).value();
        return reinterpret_cast<LayoutI686::Entry*>(
            machine.paged.memory.raw(leaf))[LayoutI686::index(page, 0)];
    }

    Machine machine{128};
    host::SharedObject<Machine> object{machine, 2};
    std::unique_ptr<Program> parent = Program::make(machine, 1);
    std::unique_ptr<Program> child = Program::make(machine, 2);
};

TEST_F(PlantedTest, a_reference_too_many_or_too_few) {
    for (const VirtAddr page : {kPage, kPage + kPageSize, kPage + 8 * kPageSize}) {
        expect_found([&] { ++record(page).references; }, [&] { --record(page).references; });
        expect_found([&] { --record(page).references; }, [&] { ++record(page).references; });
    }
}

TEST_F(PlantedTest, a_wrong_owner_holder_or_page) {
    FrameRecord& its = record(kPage);
    expect_found([&] { its.owner = FrameOwner::kSharedMemory; }, [&] { its.owner = FrameOwner::kAnonymous; });
    expect_found([&] { its.holder = 9; }, [&] { its.holder = 1; });
    expect_found([&] { ++its.page; }, [&] { --its.page; });
}

TEST_F(PlantedTest, a_leaked_frame) {
    std::unique_ptr<OwnedFrame> leaked;
    expect_found(
        [&] {
            leaked =
                std::make_unique<OwnedFrame>(std::move(*machine.account().allocate(FrameOwner::kAnonymous)));
        },
        [&] { leaked.reset(); });
}

TEST_F(PlantedTest, a_shared_page_that_one_may_write_to) {
    const LayoutI686::Entry was = entry(kPage + kPageSize);
    expect_found([&] { entry(kPage + kPageSize) |= LayoutI686::bits(page_flags::kWritable); },
                 [&] { entry(kPage + kPageSize) = was; });
}

TEST_F(PlantedTest, an_entry_outside_of_any_region) {
    const LayoutI686::Entry was = entry(kPage + 8 * kPageSize);
    expect_found([&] { std::swap(entry(kPage + 8 * kPageSize), entry(kPage + 7 * kPageSize)); },
                 [&] {
                     entry(kPage + 7 * kPageSize) = 0;
                     entry(kPage + 8 * kPageSize) = was;
                 });
}

TEST_F(PlantedTest, a_zero_frame_that_is_not) {
    std::byte& byte = machine.paged.memory.raw(machine.zero_frame())[99];
    expect_found([&] { byte = std::byte{1}; }, [&] { byte = std::byte{0}; });
}

}  // namespace
}  // namespace mm
