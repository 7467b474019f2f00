// Random calls and accesses of several programs, compared after each with a model that has no regions and no page
// tables: a map from pages to what they hold.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "mm/space/address_space.hpp"
#include "mm/space/space_model_test.hpp"
#include "tests/doubles/layout_four_level.hpp"
#include "tests/doubles/space_audit.hpp"
#include "tests/doubles/space_machine.hpp"

namespace mm {
namespace {

using host::Use;

template <typename Layout>
class Comparison {
  public:
    using Machine = host::SpaceMachine<Layout>;
    using Program = host::Program<Machine>;

    Comparison(std::uint32_t seed, FrameCount frames) : random_(seed), machine_(frames) {
        file_ = std::make_unique<host::FileOfFrames<Machine>>(machine_, 0, kFilePages);
        models_.resize(3);
        for (std::uint32_t i = 0; i < kFilePages; ++i) {
            for (std::size_t k = 0; k < kOffsets.size(); ++k) {
                machine_.paged.memory.raw(file_->frame(i))[kOffsets[k]] = static_cast<std::byte>(i * 8 + k);
            }
            models_[0].pages.push_back(std::make_shared<Cell>(Cell{i * 8, i * 8 + 1}));
        }
        for (std::size_t i = 1; i < models_.size(); ++i) {
            memory_.push_back(std::make_unique<host::SharedObject<Machine>>(machine_, kObjectPages));
            for (std::uint32_t page = 0; page < kObjectPages; ++page) {
                models_[i].pages.push_back(std::make_shared<Cell>());
            }
        }
        add_program(Program::make(machine_, ++last_id_));
    }

    void run(int steps) {
        for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
            this->step();
            if (step % 16 == 0) {
                audit();
            }
        }
        programs_.clear();
        audit();
        for (auto& object : memory_) {
            EXPECT_TRUE(object->resize(0).has_value());
        }
        EXPECT_EQ(machine_.account().frames_of(FrameOwner::kAnonymous), 0u);
        EXPECT_EQ(machine_.account().frames_of(FrameOwner::kSharedMemory), 0u);
        EXPECT_EQ(machine_.account().frames_of(FrameOwner::kPageTable), 0u);
    }
    Machine& machine() { return machine_; }
    unsigned refusals() const { return refusals_; }

  private:
    struct Running {
        std::unique_ptr<Program> program;
        SpaceModel pages;
    };

    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

    void add_program(std::unique_ptr<Program> program) {
        if (program != nullptr) {
            program->space.set_map_top(kArena + kArenaPages);
            programs_.push_back({std::move(program), {}});
        }
    }

    void step() {
        if (programs_.empty()) {
            add_program(Program::make(machine_, ++last_id_));
            return;
        }
        Running& running = programs_[pick(static_cast<unsigned>(programs_.size()))];
        switch (pick(20)) {
            case 0:
            case 1:
            case 2:
                return map(running);
            case 3:
                return unmap(running);
            case 4:
            case 5:
                return protect(running);
            case 6:
            case 7:
                return remap(running);
            case 8:
                return discard(running);
            case 9:
                return programs_.size() < 4 ? fork(running) : end(running);
            case 10:
                return resize();
            case 11:
                return write_object();
            default:
                return access(running);
        }
    }

    PageRange any_range() {
        const PageCount begin = pick(kArenaPages);
        const PageCount count =
            1 + pick(pick(3) == 0 ? kArenaPages - begin : std::min(6U, kArenaPages - begin));
        return {kArena + begin, kArena + begin + count};
    }
    Protection any_rights() {
        return std::array{protection::kNone, protection::kRead, protection::kRead | protection::kWrite,
                          protection::kRead | protection::kWrite}[pick(4)];
    }

    /// Memory was short: nothing more to compare.
    template <typename T>
    bool refused(const Result<T>& result) {
        const bool is_refusal = !result && result.error() == Error::kNoMemory;
        refusals_ += is_refusal ? 1 : 0;
        return is_refusal;
    }
    PageObject* object(int number) {
        if (number <= 0) {
            return number < 0 ? nullptr : static_cast<PageObject*>(file_.get());
        }
        return memory_[static_cast<std::size_t>(number - 1)].get();
    }

    void map(Running& running) {
        const PageRange range = any_range();
        MapRequest request{.address = pick(4) == 0 ? VirtAddr() : range.begin.address(),
                           .page_count = range.size(),
                           .placement = static_cast<Placement>(pick(3)),
                           .protection = any_rights()};
        const int number = static_cast<int>(pick(5)) - 2;
        request.object = object(number < -1 ? -1 : number);
        if (request.object != nullptr) {
            request.sharing = pick(2) == 0 ? Sharing::kPrivate : Sharing::kShared;
            request.object_page = pick(4);
            if (number == 0 && request.sharing == Sharing::kShared) {
                request.allowed = protection::kRead;
            }
        }
        const Result<VirtAddr> mapped = running.program->space.map(request);
        if (!request.allowed.has(request.protection)) {
            EXPECT_EQ(mapped, failure(Error::kForbidden));
            return;
        }
        if (request.placement != Placement::kAnywhere && request.address == VirtAddr()) {
            EXPECT_EQ(mapped, failure(Error::kOutOfRange));
            return;
        }
        if (request.placement == Placement::kFixedNoReplace && !is_free(running.pages, range)) {
            EXPECT_EQ(mapped, failure(Error::kAlreadyMapped));
            return;
        }
        if (refused(mapped)) {
            return;
        }
        ASSERT_TRUE(mapped.has_value());
        const PageRange there{mapped->page(), mapped->page() + range.size()};
        if (request.placement == Placement::kFixed) {
            erase(running.pages, there);
        }
        if (request.placement != Placement::kAnywhere ||
            (request.address != VirtAddr() && is_free(running.pages, range))) {
            EXPECT_EQ(there, range);
        }
        EXPECT_TRUE(is_free(running.pages, there));
        for (PageNumber page = there.begin; page < there.end; ++page) {
            running.pages[page] = {request.protection,
                                   request.allowed,
                                   request.sharing,
                                   request.object != nullptr ? number : -1,
                                   request.object_page + (page - there.begin),
                                   std::nullopt};
        }
    }

    void unmap(Running& running) {
        const PageRange range = any_range();
        const Result<void> unmapped = running.program->space.unmap(range);
        if (!refused(unmapped)) {
            ASSERT_TRUE(unmapped.has_value());
            erase(running.pages, range);
        }
    }

    void protect(Running& running) {
        const PageRange range = any_range();
        const Protection rights = any_rights();
        Result<void> expected;
        for (PageNumber page = range.begin; page < range.end && expected; ++page) {
            const auto found = running.pages.find(page);
            if (found == running.pages.end()) {
                expected = failure(Error::kNotMapped);
            } else if (!found->second.allowed.has(rights)) {
                expected = failure(Error::kForbidden);
            } else {
                found->second.rights = rights;
            }
        }
        EXPECT_EQ(running.program->space.protect(range, rights), expected);
    }

    void discard(Running& running) {
        const PageRange range = any_range();
        const bool is_complete = !has_hole(running.pages, range);
        EXPECT_EQ(running.program->space.discard(range),
                  is_complete ? Result<void>() : failure(Error::kNotMapped));
        for (auto at = running.pages.lower_bound(range.begin);
             at != running.pages.end() && at->first < range.end; ++at) {
            at->second.own.reset();
        }
    }

    void remap(Running& running) {
        PageRange old = any_range();
        const PageCount new_count = pick(8);
        const auto placement = static_cast<RemapPlacement>(pick(3));
        const PageNumber wish = kArena + pick(kArenaPages);
        const PageRange target{wish, wish + new_count};
        const Result<VirtAddr> result =
            running.program->space.remap(old, new_count, placement, wish.address());
        SpaceModel& pages = running.pages;
        if (new_count == 0) {
            EXPECT_EQ(result, failure(Error::kBadInput));
            return;
        }
        if (!pages.contains(old.begin)) {
            EXPECT_EQ(result, failure(Error::kNotMapped));
            return;
        }
        const bool is_fixed = placement == RemapPlacement::kFixed;
        if (is_fixed) {
            if (target.overlaps(old)) {
                EXPECT_EQ(result, failure(Error::kBadInput));
                return;
            }
            erase(pages, target);
        }
        if (new_count < old.size()) {
            erase(pages, {old.begin + new_count, old.end});
            old.end = old.begin + new_count;
        }
        if (!is_fixed && new_count == old.size()) {
            EXPECT_EQ(result, old.begin.address());
            return;
        }
        if (!is_one_region(pages, old)) {
            EXPECT_EQ(result, failure(Error::kNotMapped));
            return;
        }
        const bool fits = !is_fixed && is_free(pages, {old.end, old.begin + new_count});
        if (!fits && placement == RemapPlacement::kInPlace) {
            EXPECT_EQ(result, failure(Error::kNoMemory));
            return;
        }
        if (refused(result)) {
            return;
        }
        ASSERT_TRUE(result.has_value());
        EXPECT_TRUE(!fits || *result == old.begin.address());
        EXPECT_TRUE(!is_fixed || *result == wish.address());
        move(pages, old, {result->page(), result->page() + new_count});
    }
    void fork(Running& running) {
        std::unique_ptr<Program> child = Program::make(machine_, ++last_id_);
        if (child == nullptr) {
            ++refusals_;
            return;
        }
        const Result<void> forked = running.program->space.fork_into(child->space);
        if (refused(forked)) {
            return;  // The child's end clears it.
        }
        ASSERT_TRUE(forked.has_value());
        programs_.push_back({std::move(child), running.pages});
    }
    void end(Running& running) { programs_.erase(programs_.begin() + (&running - programs_.data())); }

    void resize() {
        const std::size_t which = pick(2);
        const std::uint32_t count = pick(kObjectPages + 1);
        ASSERT_TRUE(memory_[which]->resize(count).has_value());
        ObjectModel& model = models_[which + 1];
        model.pages.resize(count);
        for (std::shared_ptr<Cell>& cell : model.pages) {
            cell = cell != nullptr ? cell : std::make_shared<Cell>();
        }
        for (Running& running : programs_) {
            for (auto& [page, its] : running.pages) {
                if (its.object == static_cast<int>(which + 1) && its.index >= count) {
                    its.own.reset();
                }
            }
        }
    }
    void write_object() {
        const std::size_t which = pick(2);
        const std::uint32_t index = pick(kObjectPages);
        const Result<FrameNumber> frame = memory_[which]->frame_for_write(index);
        ObjectModel& model = models_[which + 1];
        if (index >= model.pages.size()) {
            EXPECT_EQ(frame, failure(Error::kOutOfRange));
        } else if (!refused(frame)) {
            const std::size_t at = pick(kOffsets.size());
            (*model.pages[index])[at] = ++last_value_ % 256;
            machine_.paged.memory.raw(*frame)[kOffsets[at]] = static_cast<std::byte>(last_value_);
        }
    }

    /// What the page holds; null: it lies beyond its object.
    const Cell* contents(const PageModel& page) {
        static constexpr Cell kZeros{};
        if (page.own) {
            return &*page.own;
        }
        if (page.object < 0) {
            return &kZeros;
        }
        const ObjectModel& model = models_[static_cast<std::size_t>(page.object)];
        return page.index < model.pages.size() ? model.pages[page.index].get() : nullptr;
    }

    void access(Running& running) {
        const PageNumber page = kArena + pick(kArenaPages);
        const std::size_t at = pick(kOffsets.size());
        const Use use = pick(2) == 0 ? Use::kRead : Use::kWrite;
        std::byte* const byte = running.program->reach(page.address() + kOffsets[at], use);
        const FaultOutcome outcome = running.program->outcome;
        const auto found = running.pages.find(page);
        if (found == running.pages.end()) {
            EXPECT_EQ(outcome, FaultOutcome::kNoRegion);
            return;
        }
        PageModel& its = found->second;
        if (!its.rights.has(use == Use::kRead ? protection::kRead : protection::kWrite)) {
            EXPECT_EQ(outcome, FaultOutcome::kForbidden);
            return;
        }
        const Cell* const cell = contents(its);
        if (cell == nullptr) {
            EXPECT_EQ(outcome, FaultOutcome::kBeyondObject);
            return;
        }
        if (outcome == FaultOutcome::kNoMemory) {
            ++refusals_;
            return;
        }
        ASSERT_EQ(outcome, FaultOutcome::kResolved);
        ASSERT_NE(byte, nullptr);
        EXPECT_EQ(std::to_integer<unsigned>(*byte), (*cell)[at]);
        if (use == Use::kRead) {
            return;
        }
        *byte = static_cast<std::byte>(++last_value_);
        if (its.sharing == Sharing::kShared) {
            (*models_[static_cast<std::size_t>(its.object)].pages[its.index])[at] = last_value_ % 256;
        } else {
            its.own = *cell;
            (*its.own)[at] = last_value_ % 256;
        }
    }

    void audit() {
        host::SpaceAudit<Machine> audit(machine_);
        for (Running& running : programs_) {
            audit.add(running.program->space);
            compare(running);
        }
        for (const auto& object : memory_) {
            audit.add(*object);
        }
        audit.check();
    }
    /// What is resident shows the model's contents, and the regions are the model's pages.
    void compare(Running& running) {
        PageCount pages = 0;
        running.program->space.for_each_region([&](const Region& region) {
            for (PageNumber page = region.pages.begin; page < region.pages.end; ++page) {
                ++pages;
                const auto found = running.pages.find(page);
                ASSERT_NE(found, running.pages.end());
                EXPECT_EQ(found->second.rights, region.protection);
                EXPECT_EQ(object(found->second.object), region.object);
            }
        });
        EXPECT_EQ(pages, running.pages.size());
        EXPECT_EQ(pages, running.program->space.total_pages());
        for (const auto& [page, its] : running.pages) {
            const std::optional<FrameNumber> frame = running.program->space.frame_at(page.address());
            const Cell* const cell = contents(its);
            for (std::size_t at = 0; frame && at < kOffsets.size(); ++at) {
                ASSERT_NE(cell, nullptr);
                EXPECT_EQ(std::to_integer<unsigned>(machine_.paged.memory.raw(*frame)[kOffsets[at]]),
                          (*cell)[at]);
            }
        }
    }

    std::mt19937 random_;
    Machine machine_;
    std::unique_ptr<host::FileOfFrames<Machine>> file_;
    std::vector<std::unique_ptr<host::SharedObject<Machine>>> memory_;
    std::vector<ObjectModel> models_;
    std::vector<Running> programs_;
    std::uint32_t last_id_ = 0;
    unsigned last_value_ = 0;
    unsigned refusals_ = 0;
};

constexpr FrameCount kPlenty = 512;
constexpr FrameCount kTight = 28;

template <typename Layout>
class AddressSpaceModelTest : public testing::Test {};
using Layouts = testing::Types<LayoutI686, host::LayoutFourLevel>;
TYPED_TEST_SUITE(AddressSpaceModelTest, Layouts);

TYPED_TEST(AddressSpaceModelTest, random_programs_see_what_the_model_says) {  // E1 E2
    EXPECT_TRUE(rc::check([] {
        Comparison<TypeParam>(*rc::gen::arbitrary<std::uint32_t>(), kPlenty).run(200);
        RC_ASSERT(!testing::Test::HasFailure());
    }));
}

TYPED_TEST(AddressSpaceModelTest, a_long_run_agrees) {
    Comparison<TypeParam> comparison(11, kPlenty);
    comparison.run(8'000);
    EXPECT_EQ(comparison.refusals(), 0u);
}

TYPED_TEST(AddressSpaceModelTest, with_too_little_memory_what_fails_changes_nothing) {
    Comparison<TypeParam> comparison(12, kTight);
    comparison.run(8'000);
    EXPECT_GT(comparison.refusals(), 100u);
}

TEST(AddressSpaceModelPlanted, a_cpu_that_is_not_told_shows) {
    // The Tlb's calls lead nowhere: translations of what was unmapped stay in use.
    testing::TestPartResultArray failures;
    {
        const testing::ScopedFakeTestPartResultReporter reporter(
            testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
        Comparison<LayoutI686> comparison(13, kPlenty);
        comparison.machine().tlb().make_deaf();
        comparison.run(300);
    }
    EXPECT_GT(failures.size(), 0);
}

}  // namespace
}  // namespace mm
