// Address spaces over two layouts: page faults, and what programs may ask for.
#include "mm/space/address_space.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <type_traits>
#include <vector>

#include "tests/doubles/layout_four_level.hpp"
#include "tests/doubles/space_audit.hpp"
#include "tests/doubles/space_machine.hpp"

namespace mm {
namespace {

using host::Use;
constexpr Protection kReadWrite = protection::kRead | protection::kWrite;
constexpr VirtAddr kBase{0x4000'0000};

constexpr VirtAddr page(PageCount n) {
    return kBase + n * kPageSize;
}
constexpr PageRange pages(PageCount begin, PageCount end) {
    return {page(begin).page(), page(end).page()};
}

template <typename Layout>
class AddressSpaceTest : public testing::Test {
  protected:
    using Machine = host::SpaceMachine<Layout>;
    using Program = host::Program<Machine>;
    using Object = host::SharedObject<Machine>;
    using File = host::FileOfFrames<Machine>;

    ~AddressSpaceTest() override {
        audit();
        children.clear();
        program.reset();
        EXPECT_EQ(machine.account().frames_of(FrameOwner::kAnonymous), 0u);
        EXPECT_EQ(machine.account().frames_of(FrameOwner::kPageTable), 0u);
    }
    void audit() {
        host::SpaceAudit<Machine> audit(machine);
        audit.add(program->space);
        for (const auto& child : children) {
            audit.add(child->space);
        }
        for (const auto& object : objects) {
            audit.add(*object);
        }
        audit.check();
    }
    VirtAddr map(MapRequest request) { return program->space.map(request).value(); }
    VirtAddr map_anonymous(PageCount begin, PageCount end, Protection rights = kReadWrite) {
        return map({.address = page(begin),
                    .page_count = end - begin,
                    .placement = Placement::kFixed,
                    .protection = rights});
    }
    VirtAddr map_object(PageCount begin, PageCount end, PageObject& object, Sharing sharing,
                        Protection rights = kReadWrite, std::uint32_t first = 0) {
        return map({.address = page(begin),
                    .page_count = end - begin,
                    .placement = Placement::kFixed,
                    .protection = rights,
                    .sharing = sharing,
                    .object = &object,
                    .object_page = first});
    }
    Program& fork() {
        children.push_back(Program::make(machine, static_cast<std::uint32_t>(children.size() + 2)));
        EXPECT_TRUE(program->space.fork_into(children.back()->space).has_value());
        return *children.back();
    }
    FrameNumber frame_at(VirtAddr address) { return program->space.frame_at(address).value(); }
    const FrameRecord& record(FrameNumber frame) { return machine.account().table()[frame]; }
    std::size_t region_count() { return program->space.regions().region_count(); }

    Object& new_object(std::uint32_t page_count) {
        objects.push_back(std::make_unique<Object>(machine, page_count));
        return *objects.back();
    }
    File& new_file(unsigned first, std::uint32_t page_count) {
        files.push_back(std::make_unique<File>(machine, first, page_count));
        return *files.back();
    }

    Machine machine{512};
    std::vector<std::unique_ptr<Object>> objects;
    std::vector<std::unique_ptr<File>> files;
    std::unique_ptr<Program> program = Program::make(machine, 1);
    std::vector<std::unique_ptr<Program>> children;
};

struct LayoutNames {
    template <typename Layout>
    static std::string GetName(int) {
        return std::is_same_v<Layout, LayoutI686> ? "i686" : "four_level";
    }
};
using Layouts = testing::Types<LayoutI686, host::LayoutFourLevel>;
TYPED_TEST_SUITE(AddressSpaceTest, Layouts, LayoutNames);

TYPED_TEST(AddressSpaceTest, mapping_takes_no_frame_and_the_first_touch_one) {  // E1
    const FrameCount free = this->machine.free_frames();
    this->map_anonymous(0, 100);
    EXPECT_EQ(this->machine.free_frames(), free);
    EXPECT_TRUE(this->program->write(page(7) + 5, 42));
    EXPECT_EQ(this->machine.free_frames(), free - 1 - (TypeParam::kLevels - 1));
    EXPECT_EQ(this->program->read(page(7) + 5), 42u);
    EXPECT_EQ(this->program->read(page(7) + 6), 0u);
    EXPECT_EQ(this->program->faults, 1u);
    EXPECT_EQ(this->program->space.resident().anonymous, 1u);
    EXPECT_EQ(this->record(this->frame_at(page(7))).holder, 1u);
}

TYPED_TEST(AddressSpaceTest, first_reads_share_the_zero_frame_until_a_write) {
    this->map_anonymous(0, 3);
    EXPECT_EQ(this->program->read(page(0)), 0u);
    EXPECT_EQ(this->program->read(page(1)), 0u);
    EXPECT_EQ(this->frame_at(page(0)), this->machine.zero_frame());
    EXPECT_EQ(this->frame_at(page(1)), this->machine.zero_frame());
    EXPECT_EQ(this->program->space.resident().total(), 0u);
    EXPECT_TRUE(this->program->write(page(1) + 9, 1));
    EXPECT_NE(this->frame_at(page(1)), this->machine.zero_frame());
    EXPECT_EQ(this->program->read(page(1) + 9), 1u);
    EXPECT_EQ(this->program->read(page(0) + 9), 0u);
}

TYPED_TEST(AddressSpaceTest, a_frame_used_before_shows_nothing_of_what_it_held) {
    this->map_anonymous(0, 1);
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(this->program->read(page(0) + 77), 0u);
        EXPECT_TRUE(this->program->write(page(0) + 77, 99));
        EXPECT_TRUE(this->program->space.discard(pages(0, 1)).has_value());
    }
}

TYPED_TEST(AddressSpaceTest, what_is_not_mapped_or_not_allowed_is_told_apart) {
    this->map_anonymous(0, 1, protection::kRead);
    this->map_anonymous(2, 3, protection::kNone);
    EXPECT_FALSE(this->program->write(page(0), 1));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kForbidden);
    EXPECT_FALSE(this->program->read(page(2)));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kForbidden);
    EXPECT_FALSE(this->program->read(page(1)));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kNoRegion);
    EXPECT_FALSE(this->program->read(VirtAddr(0)));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kNoRegion);
}

TYPED_TEST(AddressSpaceTest, a_file_page_is_borrowed_until_it_is_written_to) {
    auto& file = this->new_file(10, 3);
    this->map_object(0, 4, file, Sharing::kPrivate);
    EXPECT_EQ(this->program->read(page(1)), 11u);
    EXPECT_EQ(this->frame_at(page(1)), file.frame(1));
    EXPECT_EQ(this->program->space.resident().file, 1u);
    EXPECT_TRUE(this->program->write(page(1) + 1, 5));  // A copy of what is mapped,
    EXPECT_TRUE(this->program->write(page(2) + 1, 6));  // and of what is not.
    EXPECT_EQ(this->program->read(page(1)), 11u);
    EXPECT_EQ(this->program->read(page(2)), 12u);
    EXPECT_EQ(this->machine.paged.memory.raw(file.frame(1))[1], std::byte{0});
    EXPECT_EQ(this->program->space.resident().file, 0u);
    EXPECT_EQ(this->program->space.resident().anonymous, 2u);
    EXPECT_FALSE(this->program->read(page(3)));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kBeyondObject);
    file.is_slow = true;
    EXPECT_FALSE(this->program->read(page(0)));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kWaiting);
    this->program->space.clear();
    EXPECT_EQ(file.holders(), 1u);
    EXPECT_EQ(file.first_region(), nullptr);
}

TYPED_TEST(AddressSpaceTest, shared_memory_is_the_same_for_everybody_who_maps_it) {
    auto& object = this->new_object(4);
    this->map_object(0, 4, object, Sharing::kShared);
    this->map_object(8, 10, object, Sharing::kShared, protection::kRead, 1);
    this->map_object(16, 20, object, Sharing::kPrivate);
    EXPECT_TRUE(this->program->write(page(1), 21));
    EXPECT_EQ(this->program->read(page(8)), 21u);
    EXPECT_EQ(this->program->read(page(17)), 21u);
    EXPECT_TRUE(this->program->write(page(17), 22));
    EXPECT_EQ(this->program->read(page(1)), 21u) << "a private write stays private";
    auto& child = this->fork();
    EXPECT_TRUE(child.write(page(1), 23));
    EXPECT_EQ(this->program->read(page(8)), 23u);
    EXPECT_EQ(this->program->read(page(17)), 22u);
    this->audit();
    this->children.clear();
    this->program->space.clear();
    EXPECT_EQ(object.resident_pages(), 1u) << "the object outlives its mappings";
}

TYPED_TEST(AddressSpaceTest, an_object_that_gets_shorter_leaves_every_space) {
    auto& object = this->new_object(6);
    this->map_object(0, 6, object, Sharing::kShared);
    this->map_object(8, 14, object, Sharing::kPrivate);
    for (PageCount i = 0; i < 6; ++i) {
        EXPECT_TRUE(this->program->write(page(i), 30 + i));
        EXPECT_TRUE(this->program->write(page(8 + i), 40 + i));
    }
    auto& child = this->fork();
    EXPECT_TRUE(child.space.protect(pages(0, 6), protection::kNone).has_value());
    ASSERT_TRUE(object.resize(2).has_value());
    this->audit();
    EXPECT_EQ(object.resident_pages(), 2u);
    EXPECT_EQ(this->program->read(page(1)), 31u);
    EXPECT_EQ(this->program->read(page(9)), 41u);
    for (const VirtAddr gone : {page(2), page(5), page(10), page(13)}) {
        EXPECT_FALSE(this->program->read(gone));
        EXPECT_EQ(this->program->outcome, FaultOutcome::kBeyondObject);
    }
    ASSERT_TRUE(object.resize(6).has_value());
    EXPECT_EQ(this->program->read(page(5)), 0u);
    EXPECT_EQ(this->program->read(page(13)), 0u);
}

TYPED_TEST(AddressSpaceTest, fork_copies_at_the_first_write_of_either_side) {  // E2
    this->map_anonymous(0, 4);
    for (PageCount i = 0; i < 3; ++i) {
        EXPECT_TRUE(this->program->write(page(i), 50 + i));
    }
    const FrameNumber shared = this->frame_at(page(0));
    auto& child = this->fork();
    EXPECT_EQ(this->record(shared).references, 2u);
    EXPECT_EQ(child.read(page(0)), 50u);
    EXPECT_TRUE(this->program->write(page(0), 60));
    EXPECT_TRUE(child.write(page(1), 61));
    EXPECT_EQ(child.read(page(0)), 50u);
    EXPECT_EQ(this->program->read(page(1)), 51u);
    EXPECT_EQ(child.read(page(3)), 0u);
    this->audit();
    EXPECT_EQ(child.space.frame_at(page(0)), shared) << "the writer copied";
    const FrameCount free = this->machine.free_frames();
    EXPECT_TRUE(child.write(page(0), 62));
    EXPECT_EQ(child.space.frame_at(page(0)), shared) << "and the last owner need not";
    EXPECT_EQ(this->machine.free_frames(), free);
    EXPECT_EQ(this->record(shared).holder, child.space.id());
}

TYPED_TEST(AddressSpaceTest, a_frame_whose_holder_went_is_charged_to_who_has_it) {
    this->map_anonymous(0, 1);
    EXPECT_TRUE(this->program->write(page(0), 1));
    auto& child = this->fork();
    const FrameNumber frame = this->frame_at(page(0));
    this->program->space.clear();
    EXPECT_EQ(this->record(frame).holder, 0u);
    EXPECT_EQ(child.space.adopt_frames(), 1u);
    EXPECT_EQ(this->record(frame).holder, child.space.id());
    EXPECT_EQ(child.space.adopt_frames(), 0u);
}

TYPED_TEST(AddressSpaceTest, a_frame_is_referenced_so_often_and_no_more) {
    this->map_anonymous(0, 2);
    EXPECT_TRUE(this->program->write(page(0), 1));
    EXPECT_TRUE(this->program->write(page(1), 2));
    FrameRecord& full = this->machine.account().table()[this->frame_at(page(1))];
    full.references = kMostReferences;
    auto child = host::Program<host::SpaceMachine<TypeParam>>::make(this->machine, 2);
    EXPECT_EQ(this->program->space.fork_into(child->space), failure(Error::kNoMemory));
    EXPECT_EQ(full.references, kMostReferences);
    child.reset();
    full.references = 1;
    EXPECT_EQ(this->program->read(page(0)), 1u);
    EXPECT_TRUE(this->program->write(page(1), 3));
}

TYPED_TEST(AddressSpaceTest, unmapping_gives_frames_and_tables_back_and_cuts_regions) {
    const FrameCount free = this->machine.free_frames();
    this->map_anonymous(0, 10);
    for (PageCount i = 0; i < 10; ++i) {
        EXPECT_TRUE(this->program->write(page(i), i));
    }
    ASSERT_TRUE(this->program->space.unmap(pages(3, 5)).has_value());
    EXPECT_EQ(this->region_count(), 2u);
    EXPECT_FALSE(this->program->read(page(3)));
    EXPECT_EQ(this->program->read(page(5)), 5u);
    this->audit();
    ASSERT_TRUE(this->program->space.unmap(pages(0, 20)).has_value());
    EXPECT_EQ(this->machine.free_frames(), free);
    EXPECT_EQ(this->program->space.total_pages(), 0u);
    EXPECT_EQ(this->program->space.peak_pages(), 10u);
    EXPECT_EQ(this->program->space.peak_resident_pages(), 10u);
    ASSERT_TRUE(this->program->space.unmap(pages(0, 20)).has_value()) << "nothing is there: that is no error";
    EXPECT_EQ(this->program->space.unmap({PageNumber(0), PageNumber(20)}), failure(Error::kOutOfRange));
}

TYPED_TEST(AddressSpaceTest, neighbours_alike_are_one_region) {
    this->map_anonymous(0, 2);
    this->map_anonymous(4, 6);
    this->map_anonymous(2, 4);
    EXPECT_EQ(this->region_count(), 1u);
    ASSERT_TRUE(this->program->space.protect(pages(1, 2), protection::kRead).has_value());
    EXPECT_EQ(this->region_count(), 3u);
    ASSERT_TRUE(this->program->space.protect(pages(1, 2), kReadWrite).has_value());
    EXPECT_EQ(this->region_count(), 1u);
}

TYPED_TEST(AddressSpaceTest, protection_taken_away_and_given_back_keeps_the_contents) {
    this->map_anonymous(0, 3);
    EXPECT_TRUE(this->program->write(page(1), 7));
    EXPECT_EQ(this->program->read(page(0)), 0u);
    for (const Protection rights : {protection::kRead, protection::kNone}) {
        ASSERT_TRUE(this->program->space.protect(pages(0, 3), rights).has_value());
        EXPECT_FALSE(this->program->write(page(1), 8));
        EXPECT_EQ(this->program->outcome, FaultOutcome::kForbidden);
        this->audit();
    }
    EXPECT_EQ(this->program->space.resident().anonymous, 1u);
    ASSERT_TRUE(this->program->space.protect(pages(0, 3), kReadWrite).has_value());
    const unsigned faults = this->program->faults;
    EXPECT_EQ(this->program->read(page(1)), 7u);
    EXPECT_TRUE(this->program->write(page(1), 9));
    EXPECT_EQ(this->program->faults, faults) << "it was its sole owner all along";
    EXPECT_TRUE(this->program->write(page(0), 9));
}

TYPED_TEST(AddressSpaceTest, protection_never_makes_a_shared_private_page_writable) {
    this->map_anonymous(0, 1);
    EXPECT_TRUE(this->program->write(page(0), 7));
    auto& child = this->fork();
    ASSERT_TRUE(this->program->space.protect(pages(0, 1), protection::kNone).has_value());
    ASSERT_TRUE(this->program->space.protect(pages(0, 1), kReadWrite).has_value());
    EXPECT_TRUE(this->program->write(page(0), 8));
    EXPECT_EQ(child.read(page(0)), 7u);
}

TYPED_TEST(AddressSpaceTest, protect_stops_at_a_hole_or_what_is_never_allowed) {
    this->map_anonymous(0, 2);
    this->map_anonymous(3, 5);
    EXPECT_EQ(this->program->space.protect(pages(1, 5), protection::kRead), failure(Error::kNotMapped));
    EXPECT_TRUE(this->program->write(page(0), 1));
    EXPECT_FALSE(this->program->write(page(1), 1)) << "before the hole: changed";
    EXPECT_TRUE(this->program->write(page(3), 1)) << "behind it: not";
    auto& object = this->new_object(2);
    MapRequest read_only{.address = page(8), .page_count = 2, .protection = protection::kRead};
    read_only.allowed = protection::kRead;
    read_only.sharing = Sharing::kShared;
    read_only.object = &object;
    EXPECT_EQ(this->map(read_only), page(8));
    EXPECT_EQ(this->program->space.protect(pages(8, 9), kReadWrite), failure(Error::kForbidden));
    read_only.protection = kReadWrite;
    EXPECT_EQ(this->program->space.map(read_only), failure(Error::kForbidden));
}

TYPED_TEST(AddressSpaceTest, discarded_pages_begin_anew) {
    auto& file = this->new_file(10, 2);
    this->map_anonymous(0, 2);
    this->map_object(2, 4, file, Sharing::kPrivate);
    EXPECT_TRUE(this->program->write(page(1), 1));
    EXPECT_TRUE(this->program->write(page(2), 2));
    ASSERT_TRUE(this->program->space.discard(pages(0, 4)).has_value());
    EXPECT_EQ(this->program->read(page(1)), 0u);
    EXPECT_EQ(this->program->read(page(2)), 10u);
    EXPECT_TRUE(this->program->write(page(3), 4));
    EXPECT_EQ(this->program->space.discard(pages(0, 6)), failure(Error::kNotMapped));
    EXPECT_EQ(this->program->read(page(3)), 11u) << "the hole did not keep the rest";
}

TYPED_TEST(AddressSpaceTest, residency_and_sync_look_and_touch_nothing) {
    auto& object = this->new_object(4);
    this->map_anonymous(0, 4);
    this->map_object(4, 8, object, Sharing::kShared);
    EXPECT_TRUE(this->program->write(page(1), 1));
    EXPECT_EQ(this->program->read(page(2)), 0u);
    ASSERT_TRUE(object.frame_for_write(3).has_value());
    std::array<std::uint8_t, 8> answers{};
    ASSERT_TRUE(this->program->space.residency(pages(0, 8), answers).has_value());
    EXPECT_EQ(answers, (std::array<std::uint8_t, 8>{0, 1, 1, 0, 0, 0, 0, 1}));
    EXPECT_TRUE(this->program->space.sync(pages(0, 8)).has_value());
    EXPECT_EQ(this->program->space.sync(pages(0, 9)), failure(Error::kNotMapped));
    EXPECT_EQ(this->program->space.residency(pages(7, 9), answers), failure(Error::kNotMapped));
}

TYPED_TEST(AddressSpaceTest, places_are_chosen_as_asked) {
    this->program->space.set_map_top(page(100).page());
    MapRequest request{.page_count = 10, .protection = protection::kRead};
    EXPECT_EQ(this->map(request), page(90));
    EXPECT_EQ(this->map(request), page(80));
    request.address = page(50);
    EXPECT_EQ(this->map(request), page(50));
    request.address = page(55);
    EXPECT_EQ(this->map(request), page(70)) << "the wish is taken";
    request.placement = Placement::kFixedNoReplace;
    EXPECT_EQ(this->program->space.map(request), failure(Error::kAlreadyMapped));
    request.placement = Placement::kFixed;
    EXPECT_EQ(this->map(request), page(55));
    EXPECT_EQ(this->program->space.total_pages(), 45u);
    request.address = VirtAddr(TestFixture::Machine::kUserPages.end.address().value() - 9 * kPageSize);
    EXPECT_EQ(this->program->space.map(request), failure(Error::kOutOfRange));
    request.address = VirtAddr(0);
    EXPECT_EQ(this->program->space.map(request), failure(Error::kOutOfRange));
    request.address = page(1) + 1;
    EXPECT_EQ(this->program->space.map(request), failure(Error::kBadInput));
    EXPECT_EQ(this->program->space.map({.page_count = 0}), failure(Error::kBadInput));
    EXPECT_EQ(this->program->space.map({.page_count = 0xc0000}), failure(Error::kNoAddresses));
    EXPECT_EQ(this->program->space.map({.page_count = 0xffff'ffff}), failure(Error::kNoAddresses));
}

TYPED_TEST(AddressSpaceTest, a_stack_grows_down_to_its_limit_and_no_nearer_than_the_guard_gap) {
    this->program->space.set_stack_limit(400);
    this->map({.address = page(1000),
               .page_count = 4,
               .placement = Placement::kFixed,
               .protection = kReadWrite,
               .growth = Growth::kDown});
    EXPECT_TRUE(this->program->write(page(999), 1));
    EXPECT_TRUE(this->program->write(page(900), 2));
    EXPECT_EQ(this->region_count(), 1u);
    EXPECT_EQ(this->program->read(page(950)), 0u);
    EXPECT_FALSE(this->program->write(page(603), 3));
    EXPECT_EQ(this->program->outcome, FaultOutcome::kNoRegion);
    EXPECT_TRUE(this->program->write(page(604), 3));
    this->program->space.set_stack_limit(4000);
    this->map_anonymous(200, 201, protection::kRead);
    EXPECT_FALSE(this->program->write(page(201 + kGuardPages - 1), 3));
    EXPECT_TRUE(this->program->write(page(201 + kGuardPages), 3));
    ASSERT_TRUE(this->program->space.protect(pages(200, 201), protection::kNone).has_value());
    EXPECT_TRUE(this->program->write(page(201), 3)) << "what nobody may use is guard enough";
    EXPECT_EQ(this->region_count(), 2u);
}

TYPED_TEST(AddressSpaceTest, an_object_ends_with_its_last_region) {
    auto& object = this->new_object(4);
    this->map_object(0, 4, object, Sharing::kShared);
    EXPECT_TRUE(this->program->write(page(2), 1));
    object.release();
    EXPECT_FALSE(object.ended());
    ASSERT_TRUE(this->program->space.unmap(pages(1, 2)).has_value());
    EXPECT_EQ(object.holders(), 2u);
    ASSERT_TRUE(this->program->space.unmap(pages(0, 4)).has_value());
    EXPECT_TRUE(object.ended());
    ASSERT_TRUE(object.resize(0).has_value());
}

TYPED_TEST(AddressSpaceTest, a_translation_older_than_the_entry_is_only_forgotten) {
    this->map_anonymous(0, 1);
    EXPECT_TRUE(this->program->write(page(0), 1));
    const FrameNumber frame = this->frame_at(page(0));
    EXPECT_EQ(this->program->space.fault(page(0), FaultAccess::kWrite), FaultOutcome::kResolved);
    EXPECT_EQ(this->program->space.fault(page(0), FaultAccess::kRead), FaultOutcome::kResolved);
    EXPECT_EQ(this->frame_at(page(0)), frame);
    EXPECT_EQ(this->program->read(page(0)), 1u);
}

}  // namespace
}  // namespace mm
