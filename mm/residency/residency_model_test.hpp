// Random programs on a machine with a swap disk, compared byte for byte with a model of each page's contents that knows
// nothing of memory.
//
//   SwapModel --calls, accesses--> SwapWorld        every answer and every byte is as the model has it;
//       |                             |             now and then a page may be lost, if the disk is a bad one:
//       +--pages, objects             +--audit      then exactly those that name its slot may feel it
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "tests/doubles/swapping_machine.hpp"

namespace mm {

/// How bad the disk of a model run is.
enum class DiskMood : std::uint8_t {
    kSound,
    kFailing,  ///< Transfers fail, contents change.
};

class SwapModel {
  public:
    using World = host::SwapWorld;
    using Program = World::Program;
    using Object = World::Object;

    /// Of `world`, nothing has been used yet.
    SwapModel(std::uint32_t seed, std::unique_ptr<World> world, DiskMood mood)
        : random_(seed), mood_(mood), world_(std::move(world)) {
        for (ObjectModel& object : objects_) {
            object.pages.resize(kObjectPages);
            object.object = world_->make_object(kObjectPages);
        }
        begin_program();
    }

    /// What the programs did, and what happened to them.
    struct Counts {
        unsigned reads = 0;
        unsigned writes = 0;
        unsigned forks = 0;
        unsigned lost = 0;
        unsigned killed = 0;  ///< For want of memory.
    };

    void run(int steps) {
        for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
            this->step();
            if (step % 16 == 0) {
                world_->audit();
            }
        }
        if (!testing::Test::HasFailure()) {
            finish();
        }
    }
    [[nodiscard]] const Counts& counts() const { return counts_; }
    World& world() { return *world_; }

  private:
    using Bytes = std::array<std::byte, kPageSize>;
    using Contents = std::shared_ptr<const Bytes>;  // Null: zeros.

    static constexpr PageNumber kArena{0x40400 - 24};  // Two tables share it.
    static constexpr PageCount kArenaPages = 48;
    static constexpr std::uint32_t kObjectPages = 14;
    static constexpr std::size_t kMostPrograms = 4;

    struct PageModel {
        Protection rights;
        Sharing sharing;
        int object;  // -1: none
        std::uint32_t index;
        bool is_own;  // Of a private page of an object: it was written to.
        Contents own;
    };
    struct Running {
        std::unique_ptr<Program> program;
        std::map<PageNumber, PageModel> pages;
    };
    struct ObjectModel {
        std::unique_ptr<Object> object;
        std::vector<Contents> pages;
    };

    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
    Running& any_program() { return running_[pick(static_cast<unsigned>(running_.size()))]; }
    PageRange any_range() {
        const PageCount begin = pick(kArenaPages);
        const PageCount count = 1 + pick(std::min(pick(3) == 0 ? 16U : 4U, kArenaPages - begin));
        return {kArena + begin, kArena + begin + count};
    }

    void begin_program() {
        if (auto program = world_->make_program()) {
            program->space.set_map_top(kArena + kArenaPages);
            running_.push_back({std::move(program), {}});
        }
    }
    void end_program(Running& ending) {
        world_->end(std::move(ending.program));
        std::erase_if(running_, [](const Running& running) { return running.program == nullptr; });
    }

    void step() {
        world_->disk.time += 100;
        if (running_.empty()) {
            return begin_program();
        }
        switch (pick(64)) {
            case 0:
            case 1:
            case 2:
                return map(any_program());
            case 3:
                return unmap(any_program(), any_range());
            case 4:
            case 5:
                return protect(any_program());
            case 6:
                return discard(any_program(), any_range());
            case 7:
            case 8:
                return remap(any_program());
            case 9:
            case 10:
                return running_.size() < kMostPrograms ? fork(any_program()) : end_program(any_program());
            case 11:
                return resize_object();
            case 12:
                return punch_object();
            case 13:
            case 14:
                return write_object();
            case 15:
                return read_object();
            case 16:
                return world_->set_policy(static_cast<ReplacementKind>(pick(kReplacementNames.size())));
            case 17:
                static_cast<void>(world_->residency().release_spare_slots());
                return;
            case 18:
                return pick(8) == 0 ? bring_back() : harm_disk();
            case 19:
            case 20:
            case 21:
            case 22:
            case 23:
            case 24:
                return finish_transfer();
            case 25:
            case 26:
            case 27:
                if (world_->residency().wants_balance()) {
                    world_->residency().balance();
                }
                return;
            case 28:
                world_->disk.most_transfers = 1 + pick(8);
                return;
            default:
                return access(any_program());
        }
    }

    // The disk.

    void finish_transfer() {
        if (!world_->disk.transfers().empty()) {
            const bool fails = mood_ == DiskMood::kFailing && pick(12) == 0;
            world_->disk.finish(pick(static_cast<unsigned>(world_->disk.transfers().size())),
                                fails ? host::SwapDisk::Outcome::kFailed : host::SwapDisk::Outcome::kDone);
        }
    }
    void harm_disk() {
        const SwapSlots& slots = world_->residency().slots();
        const SlotNumber slot(pick(slots.limit()));
        if (mood_ == DiskMood::kFailing && slots[slot].state == SlotState::kOnDisk) {
            world_->disk.corrupt(slot);
        }
    }
    /// Whoever waits lets others work meanwhile. False: nothing is going on that he could wait for.
    bool wait() {
        if (world_->residency().wants_balance() && pick(2) == 0) {
            world_->residency().balance();
            return true;
        }
        if (!world_->disk.transfers().empty()) {
            finish_transfer();
            return true;
        }
        return world_->work_on();
    }
    /// What `attempt` gives when it no longer has to wait: something with an error().
    template <typename Attempt>
    auto wait_for(Attempt attempt) {
        auto result = attempt();
        for (int tries = 0; !result && result.error() == Error::kWouldWait; ++tries) {
            if (tries == 2000 || !wait()) {
                ADD_FAILURE() << (tries == 2000 ? "waited for ever" : "waited for nothing");
                break;
            }
            result = attempt();
        }
        return result;
    }
    /// Everything comes back, as for swapoff; as far as there is room.
    void bring_back() {
        world_->residency().drain();
        for (Running& running : running_) {
            const Result<void> back = wait_for([&] { return running.program->space.restore_all(); });
            if (!back) {
                EXPECT_TRUE(back.error() == Error::kNoMemory ||
                            (back.error() == Error::kBadInput && mood_ == DiskMood::kFailing));
                break;
            }
            EXPECT_EQ(running.program->space.stored_pages(), 0u);
        }
        world_->residency().stop_draining();
    }

    // What programs call.

    void map(Running& running) {
        const PageRange pages = any_range();
        PageModel page{.rights = pick(4) == 0 ? protection::kRead : protection::kRead | protection::kWrite,
                       .sharing = Sharing::kPrivate,
                       .object = -1,
                       .index = 0,
                       .is_own = false,
                       .own = nullptr};
        MapRequest request{.address = pages.begin.address(),
                           .page_count = pages.size(),
                           .placement = Placement::kFixed,
                           .protection = page.rights};
        if (pick(3) == 0) {
            page.object = static_cast<int>(pick(static_cast<unsigned>(objects_.size())));
            page.index = pick(kObjectPages);
            page.sharing = pick(3) != 0 ? Sharing::kShared : Sharing::kPrivate;
            request.object = objects_[static_cast<std::size_t>(page.object)].object.get();
            request.object_page = page.index;
            request.sharing = page.sharing;
        }
        EXPECT_TRUE(running.program->space.map(request));
        for (PageNumber at = pages.begin; at < pages.end; ++at, page.index += page.object >= 0 ? 1 : 0) {
            running.pages.insert_or_assign(at, page);
        }
    }
    void unmap(Running& running, PageRange pages) {
        EXPECT_TRUE(running.program->space.unmap(pages));
        erase(running, pages);
    }
    static void erase(Running& running, PageRange pages) {
        running.pages.erase(running.pages.lower_bound(pages.begin), running.pages.lower_bound(pages.end));
    }
    void protect(Running& running) {
        const PageRange pages = any_range();
        const Protection rights =
            std::array{protection::kNone, protection::kRead, protection::kRead | protection::kWrite}[pick(3)];
        static_cast<void>(running.program->space.protect(pages, rights));
        for (PageNumber at = pages.begin; at < pages.end && running.pages.contains(at); ++at) {
            running.pages.at(at).rights = rights;  // Up to the first hole.
        }
    }
    void discard(Running& running, PageRange pages) {
        static_cast<void>(running.program->space.discard(pages));
        for (PageNumber at = pages.begin; at < pages.end; ++at) {
            if (const auto found = running.pages.find(at); found != running.pages.end()) {
                forget_own(found->second);
            }
        }
    }
    static void forget_own(PageModel& page) {
        page.is_own = false;
        page.own = nullptr;
    }
    void remap(Running& running) {
        const PageRange old = any_range();
        const PageCount count = old.size() + 1 + pick(3);
        const auto placed =
            wait_for([&] { return running.program->space.remap(old, count, RemapPlacement::kMayMove); });
        if (!placed) {
            return;  // Nothing has changed.
        }
        std::vector<PageModel> moved;
        for (PageNumber at = old.begin; at < old.end; ++at) {
            ASSERT_TRUE(running.pages.contains(at));
            moved.push_back(running.pages.at(at));
        }
        while (moved.size() < count) {
            moved.push_back(moved.back());
            moved.back().index += moved.back().object >= 0 ? 1 : 0;
            forget_own(moved.back());
        }
        erase(running, old);
        for (PageCount i = 0; i < count; ++i) {
            EXPECT_TRUE(running.pages.emplace(placed->page() + i, moved[i]).second);
        }
    }
    void fork(Running& parent) {
        std::unique_ptr<Program> child = world_->make_program();
        if (child == nullptr) {
            return;
        }
        if (!parent.program->space.fork_into(child->space)) {
            world_->end(std::move(child));
            return;
        }
        ++counts_.forks;
        std::map<PageNumber, PageModel> pages = parent.pages;
        running_.push_back({std::move(child), std::move(pages)});
    }

    void access(Running& running) {
        const PageNumber at = kArena + pick(kArenaPages);
        const auto found = running.pages.find(at);
        const host::Use use = pick(2) == 0 ? host::Use::kWrite : host::Use::kRead;
        const Patience patience = pick(3) == 0 ? Patience::kNone : Patience::kEnough;
        std::byte* const bytes = reach(running, at.address(), use, patience);
        const FaultOutcome outcome = running.program->outcome;
        if (bytes == nullptr && outcome == FaultOutcome::kWaiting) {
            return stop_waiting(running, at);
        }
        if (bytes == nullptr && outcome == FaultOutcome::kNoMemory) {
            ++counts_.killed;
            return end_program(any_program());
        }
        if (bytes == nullptr && outcome == FaultOutcome::kLost) {
            return lose(running, at);
        }
        if (found == running.pages.end()) {
            EXPECT_EQ(outcome, FaultOutcome::kNoRegion);
            return;
        }
        PageModel& page = found->second;
        if (!page.rights.has(use == host::Use::kWrite ? protection::kWrite : protection::kRead)) {
            EXPECT_EQ(outcome, FaultOutcome::kForbidden);
            return;
        }
        if (page.object >= 0 && !page.is_own && page.index >= object_of(page).pages.size()) {
            EXPECT_EQ(outcome, FaultOutcome::kBeyondObject);
            return;
        }
        ASSERT_NE(bytes, nullptr) << "outcome " << static_cast<int>(outcome);
        expect_same(bytes, contents_of(page), at);
        if (use == host::Use::kWrite) {
            ++counts_.writes;
            const Contents written = scribble(bytes, contents_of(page));
            if (page.sharing == Sharing::kShared) {
                object_of(page).pages[page.index] = written;
            } else {
                page.own = written;
                page.is_own = true;
            }
        } else {
            ++counts_.reads;
        }
    }
    /// Whether a program waits for its page, or does something else (a signal has come) and may never want it again.
    enum class Patience : std::uint8_t { kEnough, kNone };
    std::byte* reach(Running& running, VirtAddr address, host::Use use, Patience patience) {
        for (int tries = 0; tries < 2000; ++tries) {
            std::byte* const bytes = running.program->reach(address, use);
            if (bytes != nullptr || running.program->outcome != FaultOutcome::kWaiting ||
                patience == Patience::kNone) {
                return bytes;
            }
            if (!wait()) {
                ADD_FAILURE() << "a program waits for nothing";
                return nullptr;
            }
        }
        ADD_FAILURE() << "a program waits for ever";
        return nullptr;
    }
    /// What a program does instead, while the page `at` is on its way.
    void stop_waiting(Running& running, PageNumber at) {
        switch (pick(8)) {
            case 0:
                return end_program(running);
            case 1:
                return unmap(running, {at, at + 1});
            case 2:
                return discard(running, {at, at + 1});
            case 3:
                return running_.size() < kMostPrograms ? fork(running) : resize_object();
            default:
                return;
        }
    }
    /// The program has found its page lost: that must be so, and is the end of it, or else of the page.
    void lose(Running& running, PageNumber at) {
        ++counts_.lost;
        EXPECT_EQ(mood_, DiskMood::kFailing);
        ASSERT_TRUE(running.pages.contains(at));
        const PageModel page = running.pages.at(at);
        std::vector<SlotNumber> named;
        if (page.object >= 0 && !page.is_own) {
            object_of(page).object->for_each_stored([&](SlotNumber slot) { named.push_back(slot); });
        } else {
            running.program->space.page_tables().for_each_used_page(
                at.address(), at.address(), [&](VirtAddr, const Mapping& mapping) {
                    EXPECT_TRUE(mapping.flags.has(page_flags::kStored));
                    named.emplace_back(mapping.frame.value());
                });
        }
        EXPECT_TRUE(std::ranges::any_of(named, [&](SlotNumber slot) {
            return world_->residency().slots()[slot].state == SlotState::kLost;
        }));
        if (page.object >= 0 && !page.is_own) {
            object_of(page).object->discard(page.index, page.index + 1);
            forget(page.object, page.index, page.index + 1);
        } else {
            end_program(running);
        }
    }

    // Objects.

    ObjectModel& object_of(const PageModel& page) { return objects_[static_cast<std::size_t>(page.object)]; }
    Contents contents_of(const PageModel& page) {
        return page.object >= 0 && !page.is_own ? object_of(page).pages[page.index] : page.own;
    }
    /// The pages [begin, end) of the object are holes, and out of every space, private copies included.
    void forget(int object, std::uint32_t begin, std::uint32_t end) {
        ObjectModel& its = objects_[static_cast<std::size_t>(object)];
        for (std::uint32_t i = begin; i < end && i < its.pages.size(); ++i) {
            its.pages[i] = nullptr;
        }
        for (Running& running : running_) {
            for (auto& [at, page] : running.pages) {
                if (page.object == object && page.index >= begin && page.index < end) {
                    forget_own(page);
                }
            }
        }
    }
    void resize_object() {
        const auto object = pick(static_cast<unsigned>(objects_.size()));
        ObjectModel& its = objects_[object];
        const std::uint32_t count = 4 + pick(kObjectPages - 3);
        EXPECT_TRUE(its.object->resize(count));
        if (count < its.pages.size()) {
            forget(static_cast<int>(object), count, static_cast<std::uint32_t>(its.pages.size()));
        }
        its.pages.resize(count);
    }
    void punch_object() {
        const auto object = pick(static_cast<unsigned>(objects_.size()));
        const std::uint32_t begin = pick(kObjectPages);
        const std::uint32_t end = begin + 1 + pick(2);
        objects_[object].object->discard(begin, end);
        forget(static_cast<int>(object), begin, end);
    }
    void write_object() {
        ObjectModel& its = objects_[pick(static_cast<unsigned>(objects_.size()))];
        const std::uint32_t index = pick(kObjectPages);
        const Result<FrameNumber> frame = wait_for([&] { return its.object->frame_for_write(index); });
        if (!frame) {
            return expect_reason(its, index, frame.error());
        }
        ASSERT_LT(index, its.pages.size());
        std::byte* const bytes = world_->machine.paged.memory.raw(*frame);
        expect_same(bytes, its.pages[index], PageNumber(index));
        its.pages[index] = scribble(bytes, its.pages[index]);
    }
    void read_object() {
        ObjectModel& its = objects_[pick(static_cast<unsigned>(objects_.size()))];
        const std::uint32_t index = pick(kObjectPages);
        const auto frame = wait_for([&] { return its.object->frame_for_read(index); });
        if (!frame) {
            return expect_reason(its, index, frame.error());
        }
        if (*frame) {
            expect_same(world_->machine.paged.memory.raw(**frame), its.pages.at(index), PageNumber(index));
        } else {
            EXPECT_TRUE(index >= its.pages.size() || its.pages[index] == nullptr);
        }
    }
    void expect_reason(const ObjectModel& object, std::uint32_t index, Error error) {
        EXPECT_TRUE(error == Error::kNoMemory || (error == Error::kBadInput && mood_ == DiskMood::kFailing) ||
                    (error == Error::kOutOfRange && index >= object.pages.size()))
            << to_string(error);
    }

    // Bytes.

    static void expect_same(const std::byte* bytes, const Contents& wanted, PageNumber page) {
        static constexpr Bytes kZeros{};
        const Bytes& has = wanted != nullptr ? *wanted : kZeros;
        const auto differs = std::mismatch(has.begin(), has.end(), bytes);
        EXPECT_EQ(differs.first, has.end())
            << "page " << page.value() << " differs from byte " << differs.first - has.begin() << " on";
    }
    /// Some new bytes for the page at `bytes`, which has `old`; what it has now.
    Contents scribble(std::byte* bytes, const Contents& old) {
        const auto now = old != nullptr ? std::make_shared<Bytes>(*old) : std::make_shared<Bytes>();
        const std::size_t begin = pick(kPageSize);
        const std::size_t end = std::min<std::size_t>(begin + 1 + pick(64), kPageSize);
        for (std::size_t i = begin; i < end; ++i) {
            (*now)[i] = static_cast<std::byte>(random_());
        }
        std::copy(now->begin() + static_cast<std::ptrdiff_t>(begin),
                  now->begin() + static_cast<std::ptrdiff_t>(end), bytes + begin);
        return now;
    }

    /// Nothing of anybody is left.
    void finish() {
        while (!running_.empty()) {
            end_program(running_.back());
        }
        world_->audit();
        for (ObjectModel& object : objects_) {
            world_->end(std::move(object.object));
        }
        world_->disk.finish_all();
        world_->audit();
        const FrameAccount& account = world_->machine.account();
        for (const FrameOwner owner :
             {FrameOwner::kAnonymous, FrameOwner::kSharedMemory, FrameOwner::kObjectIndex,
              FrameOwner::kPageTable, FrameOwner::kReading, FrameOwner::kWriting, FrameOwner::kBufferPool}) {
            EXPECT_EQ(account.frames_of(owner), 0u) << to_string(owner);
        }
        EXPECT_EQ(world_->residency().slots().used(), 0u);
    }

    std::mt19937 random_;
    DiskMood mood_;
    Counts counts_;
    std::unique_ptr<World> world_;
    std::array<ObjectModel, 2> objects_;
    std::vector<Running> running_;
};

}  // namespace mm
