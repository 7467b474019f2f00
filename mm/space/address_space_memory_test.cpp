// Address spaces when memory runs out: a scene with every call in it, in which each allocation of a frame and each of
// a region's node fails once. Nothing leaks, the account stays exact, what a program had it still has.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>

#include "mm/space/address_space.hpp"
#include "tests/doubles/layout_four_level.hpp"
#include "tests/doubles/space_audit.hpp"
#include "tests/doubles/space_machine.hpp"

namespace mm {
namespace {

using host::Use;
constexpr Protection kReadWrite = protection::kRead | protection::kWrite;
constexpr PageNumber kFirst{0x40400 - 8};

constexpr PageRange pages(PageCount begin, PageCount end) {
    return {kFirst + begin, kFirst + end};
}
constexpr VirtAddr page(PageCount n) {
    return (kFirst + n).address();
}

template <typename Layout>
class Scene {
  public:
    using Machine = host::SpaceMachine<Layout>;
    using Program = host::Program<Machine>;

    explicit Scene(Machine& machine) : machine_(machine) {}

    /// How many calls were refused for want of memory. What was not must have worked.
    unsigned play() {
        const FrameCount free = machine_.free_frames();
        {
            host::SharedObject<Machine> object(machine_, 2000);
            program_ = Program::make(machine_, 1);
            if (program_ == nullptr) {
                return 1;
            }
            play_with(object);
            child_.reset();
            program_.reset();
            EXPECT_TRUE(object.resize(0).has_value());
        }
        EXPECT_EQ(machine_.free_frames(), free);
        EXPECT_EQ(machine_.nodes.out(), 0u);
        EXPECT_TRUE(machine_.paged.adds_up());
        return refused_;
    }

  private:
    using Object = host::SharedObject<Machine>;

    void play_with(Object& object) {
        mm::AddressSpace<Machine>& space = program_->space;
        map(object, {.address = page(0), .page_count = 16, .protection = kReadWrite});
        for (const PageCount n : {0U, 5U, 9U, 15U}) {
            write(*program_, n);
        }
        map(object, {.address = page(32),
                     .page_count = 8,
                     .protection = kReadWrite,
                     .sharing = Sharing::kShared,
                     .object = &object,
                     .object_page = 4});
        map(object, {.address = page(48),
                     .page_count = 4,
                     .protection = kReadWrite,
                     .object = &object,
                     .object_page = 1500});
        for (const PageCount n : {32U, 38U, 48U, 49U}) {
            write(*program_, n);
        }
        check(object, space.protect(pages(2, 4), protection::kNone));
        check(object, space.protect(pages(9, 10), protection::kRead));
        check(object, space.protect(pages(2, 10), kReadWrite));
        child_ = Program::make(machine_, 2);
        if (child_ != nullptr) {
            check(object, space.fork_into(child_->space));
            write(*child_, 0);
            write(*child_, 48);
            check(object, child_->space.unmap(pages(6, 12)));
        } else {
            ++refused_;
        }
        write(*program_, 5);
        check(object, space.remap(pages(0, 8), 12, RemapPlacement::kMayMove));
        check(object, space.remap(pages(12, 16), 4, RemapPlacement::kFixed, page(500)));
        check(object, space.remap(pages(33, 35), 6, RemapPlacement::kFixed, page(10)));
        map(object, {.address = page(49),
                     .page_count = 1,
                     .placement = Placement::kFixed,
                     .protection = protection::kRead});
        check(object, space.unmap(pages(36, 37)));
        check(object, object.resize(5));
        check(object, space.discard(pages(48, 49)));
    }

    template <typename T>
    void check(Object& object, const Result<T>& result) {
        if (!result) {
            // Where an earlier refusal left a hole, later calls find it.
            EXPECT_TRUE(result.error() == Error::kNoMemory || refused_ != 0);
            ++refused_;
        }
        host::SpaceAudit<Machine> audit(machine_);
        audit.add(program_->space);
        if (child_ != nullptr) {
            audit.add(child_->space);
        }
        audit.add(object);
        audit.check();
    }
    void map(Object& object, const MapRequest& request) { check(object, program_->space.map(request)); }
    /// Writes where it can, and finds the byte again.
    void write(Program& program, PageCount n) {
        if (!program.write(page(n) + n, n + 1)) {
            EXPECT_TRUE(program.outcome == FaultOutcome::kNoMemory || refused_ != 0);
            ++refused_;
            return;
        }
        EXPECT_EQ(program.read(page(n) + n), n + 1);
    }

    Machine& machine_;
    std::unique_ptr<Program> program_;
    std::unique_ptr<Program> child_;
    unsigned refused_ = 0;
};

template <typename Layout>
class AddressSpaceMemoryTest : public testing::Test {};
using Layouts = testing::Types<LayoutI686, host::LayoutFourLevel>;
TYPED_TEST_SUITE(AddressSpaceMemoryTest, Layouts);

TYPED_TEST(AddressSpaceMemoryTest, each_allocation_that_fails_is_refused_and_leaks_nothing) {
    host::SpaceMachine<TypeParam> plenty(256);
    ASSERT_EQ(Scene<TypeParam>(plenty).play(), 0u);
    ASSERT_GT(plenty.frame_requests(), 20u);
    ASSERT_GT(plenty.nodes.requests(), 10u);
    for (std::uint32_t n = 1; n <= plenty.frame_requests(); ++n) {
        host::SpaceMachine<TypeParam> machine(256, n);
        EXPECT_GT(Scene<TypeParam>(machine).play(), 0u) << "frame " << n;
        ASSERT_FALSE(testing::Test::HasFailure()) << "frame " << n;
    }
    for (std::uint32_t n = 1; n <= plenty.nodes.requests(); ++n) {
        host::SpaceMachine<TypeParam> machine(256, 0, n);
        EXPECT_GT(Scene<TypeParam>(machine).play(), 0u) << "region " << n;
        ASSERT_FALSE(testing::Test::HasFailure()) << "region " << n;
    }
}

}  // namespace
}  // namespace mm
