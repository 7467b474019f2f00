// A machine whose programs have a swap disk: SpaceMachine, SwapDisk and the real residency, reverse map and policies put
// together as a kernel does.
//
//   Program, SharedObject --> SwappingMachine --> Residency --> SwapDisk
//                                                     |
//                              ReverseMap over spaces +--> any of the replacement policies
//
// Owns: everything but programs and objects, which are registered here while they live.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "mm/residency/replacement_factory.hpp"
#include "mm/residency/residency.hpp"
#include "mm/space/reverse_map.hpp"
#include "tests/doubles/space_audit.hpp"
#include "tests/doubles/space_machine.hpp"
#include "tests/doubles/swap_disk.hpp"

namespace host {

/// A SpaceMachine whose frames come from a residency, as soon as there is one.
class SwappingMachine : public SpaceMachine<mm::LayoutI686> {
  public:
    using SpaceMachine::SpaceMachine;

    mm::Result<mm::OwnedFrame> frame_for_page(mm::FrameOwner owner, std::uint32_t holder) {
        return residency != nullptr ? residency->frame_for_page(owner, holder)
                                    : account().allocate(owner, holder);
    }
    mm::Residency* residency = nullptr;
};

class SwapWorld : public mm::PageMappings {
  public:
    using Machine = SwappingMachine;
    using Space = mm::AddressSpace<Machine>;
    using Program = host::Program<Machine>;
    using Object = SharedObject<Machine>;

    /// Slot 0 is the disk's head. The `failing`-th allocation of a frame fails (0: none does).
    SwapWorld(mm::FrameCount frame_count, std::uint32_t slot_count, std::uint32_t failing = 0)
        : machine(frame_count, failing),
          disk(machine.paged.memory, machine.account()),
          frames_(frame_count),
          slots_(slot_count),
          residents_(frame_count),
          ghosts_(frame_count),
          ghost_table_(ghosts_),
          reverse_map_(machine.account(), Spaces{&spaces_}),
          residency_(new(room_.data()) mm::Residency(machine.account(), *this, disk, frames_, slots_, 1)) {
        disk.serve(*residency_);
        set_policy(mm::ReplacementKind::kFifo);
        machine.residency = residency_;
        machine.page_store = residency_;
        machine.account().set_observer(residency_);
    }
    SwapWorld(const SwapWorld&) = delete;
    SwapWorld& operator=(const SwapWorld&) = delete;
    /// Every program and object has ended: so nothing may be left of them.
    virtual ~SwapWorld() {
        disk.finish_all();
        EXPECT_EQ(residency_->slots().used(), 0u) << "slots leaked";
        EXPECT_EQ(residency_->pool_frames(), 0u);
        EXPECT_TRUE(disk.transfers().empty());
        EXPECT_TRUE(spaces_.empty() && objects_.empty());
        machine.account().set_observer(nullptr);
        // What is broken would say so again, where nobody can catch it.
        if (residency_->slots().used() == 0 && !testing::Test::HasFailure()) {
            residency_->~Residency();
        }
    }

    [[nodiscard]] mm::Residency& residency() { return *residency_; }
    void set_policy(mm::ReplacementKind kind) {
        const std::size_t next = 1 - current_;
        mm::ReplacementPolicy& policy = policies_[next].start(
            kind, {.memory = {.records = residents_, .ghosts = &ghost_table_}, .instance = ++instance_});
        residency_->set_policy(policy);
        policies_[current_].stop();
        current_ = next;
    }

    std::unique_ptr<Program> make_program() {
        std::unique_ptr<Program> program = Program::make(machine, ++last_id_);
        if (program != nullptr) {
            spaces_.push_back(&program->space);
        }
        return program;
    }
    void end(std::unique_ptr<Program> program) {
        program->space.clear();
        std::erase(spaces_, &program->space);
    }
    std::unique_ptr<Object> make_object(std::uint32_t page_count) {
        auto object = std::make_unique<Object>(machine, page_count);
        objects_.push_back(object.get());
        return object;
    }
    /// No region maps it any more.
    void end(std::unique_ptr<Object> object) {
        EXPECT_TRUE(object->resize(0).has_value());
        std::erase(objects_, object.get());
    }

    /// One step of what goes on while a thread waits for a page: eviction, or else the end of the oldest transfer.
    /// Whether there was anything to do.
    bool work_on() {
        if (residency_->wants_balance()) {
            const unsigned before = disk.progresses;
            const std::size_t transfers = disk.transfers().size();
            residency_->balance();
            if (disk.progresses != before || disk.transfers().size() != transfers) {
                return true;
            }
        }
        if (disk.transfers().empty()) {
            return false;
        }
        disk.finish(0);
        return true;
    }
    /// As Program::reach, but waits for what is on its way. Gives up, and the test fails, when nothing is, or when it
    /// takes for ever.
    std::byte* reach(Program& program, mm::VirtAddr address, Use use) {
        for (int tries = 0; tries < 1000; ++tries) {
            std::byte* const byte = program.reach(address, use);
            if (byte != nullptr || program.outcome != mm::FaultOutcome::kWaiting) {
                return byte;
            }
            if (!work_on()) {
                ADD_FAILURE() << "a program waits for a page that nobody brings";
                return nullptr;
            }
        }
        ADD_FAILURE() << "a program waits for ever";
        return nullptr;
    }
    std::optional<unsigned> read(Program& program, mm::VirtAddr address) {
        const std::byte* const byte = reach(program, address, Use::kRead);
        return byte != nullptr ? std::optional(std::to_integer<unsigned>(*byte)) : std::nullopt;
    }
    bool write(Program& program, mm::VirtAddr address, unsigned value) {
        std::byte* const byte = reach(program, address, Use::kWrite);
        if (byte != nullptr) {
            *byte = static_cast<std::byte>(value);
        }
        return byte != nullptr;
    }
    /// Evicts until no page is left to evict.
    void evict_everything() {
        for (;;) {
            const std::uint32_t before = residency_->figures().evictions;
            std::vector<mm::OwnedFrame> taken;  // So that there is something to evict for.
            while (auto frame = machine.frame_for_page(mm::FrameOwner::kExercise, 0)) {
                taken.push_back(std::move(*frame));
            }
            residency_->balance();
            disk.finish_all();
            if (residency_->figures().evictions == before) {
                return;
            }
        }
    }

    /// Recounts everything that the residency, the account, the spaces and the objects say of each other.
    void audit() {
        SpaceAudit<Machine> audit(machine);
        for (const Space* const space : spaces_) {
            audit.add(*space);
        }
        for (const Object* const object : objects_) {
            audit.add(*object);
        }
        audit.check();
        audit_slots(audit);
        audit_frames(audit);
        EXPECT_TRUE(residency_->check_invariants());
        EXPECT_TRUE(residency_->slots().check_invariants());
        EXPECT_TRUE(residency_->policy()->check_invariants());
        for (Violations* const of : {&disk.violations(), &machine.paged.memory.violations(),
                                     &machine.paged.watched.violations(), &machine.tlb().violations()}) {
            for (const std::string& sentence : of->take()) {
                ADD_FAILURE() << sentence;
            }
        }
    }

    // PageMappings; a test may plant a bug in one.
    bool take_accessed(mm::FrameNumber frame, mm::PageObject* object) override {
        return reverse_map_.take_accessed(frame, object);
    }
    bool is_dirty(mm::FrameNumber frame, mm::PageObject* object) override {
        return reverse_map_.is_dirty(frame, object);
    }
    std::uint16_t store(mm::FrameNumber frame, mm::PageObject* object, mm::SlotNumber slot) override {
        const std::uint16_t entries = reverse_map_.store(frame, object, slot);
        machine.tlb().expect_unreachable(frame);
        return entries;
    }

    SwappingMachine machine;
    SwapDisk disk;

  private:
    struct Spaces {
        std::vector<Space*>* spaces;
        [[nodiscard]] Space* find(std::uint32_t id) const {
            const auto found =
                std::ranges::find_if(*spaces, [id](const Space* space) { return space->id() == id; });
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

    void audit_slots(const SpaceAudit<Machine>& audit) {
        const mm::SwapSlots& slots = residency_->slots();
        for (std::uint32_t i = 0; i < slots.limit(); ++i) {
            const mm::SlotRecord& its = slots[mm::SlotNumber(i)];
            const auto named = audit.slot_references().find(i);
            if (its.state == mm::SlotState::kFree && its.references == 0 && its.frame == 0 &&
                named == audit.slot_references().end()) {
                continue;  // Most of them.
            }
            EXPECT_EQ(its.references, named != audit.slot_references().end() ? named->second : 0)
                << "of slot " << i << " in state " << static_cast<int>(its.state);
            const bool has_frame = its.frame != 0;
            if (has_frame) {
                EXPECT_EQ(residency_->frame(mm::FrameNumber(its.frame - 1)).slot, i + 1);
            }
            switch (its.state) {
                case mm::SlotState::kFree:
                case mm::SlotState::kBad:
                    EXPECT_TRUE(its.references == 0 && !has_frame);
                    break;
                case mm::SlotState::kOnDisk:
                case mm::SlotState::kLost:
                    EXPECT_TRUE(its.references != 0 && !has_frame) << "slot " << i;
                    break;
                case mm::SlotState::kReading:
                    expect_frame(its, mm::FrameOwner::kReading);
                    EXPECT_TRUE(disk.transfer_of(mm::SlotNumber(i)).has_value());
                    break;
                case mm::SlotState::kWriting:
                case mm::SlotState::kStranded:
                    expect_frame(its, mm::FrameOwner::kWriting);
                    break;
                case mm::SlotState::kInPool:
                    EXPECT_NE(its.references, 0u);
                    expect_frame(its, mm::FrameOwner::kBufferPool);
                    break;
                case mm::SlotState::kMapped:
                    ASSERT_TRUE(has_frame);
                    EXPECT_TRUE(residency_->frame(mm::FrameNumber(its.frame - 1)).tracked);
            }
            if (its.state == mm::SlotState::kInPool ||
                (its.state == mm::SlotState::kMapped &&
                 (its.references != 0 || (!residency_->frame(mm::FrameNumber(its.frame - 1)).dirty &&
                                          !audit.dirty_frames().contains(its.frame - 1))))) {
                EXPECT_TRUE(disk.keeps(mm::SlotNumber(i), mm::FrameNumber(its.frame - 1)))
                    << "slot " << i << " is taken for the contents of frame " << its.frame - 1;
            }
        }
    }
    void expect_frame(const mm::SlotRecord& slot, mm::FrameOwner owner) {
        ASSERT_NE(slot.frame, 0u);
        EXPECT_EQ(machine.account().owner_of(mm::FrameNumber(slot.frame - 1)), owner);
        EXPECT_EQ(machine.account().table()[mm::FrameNumber(slot.frame - 1)].references, 0u);
    }
    void audit_frames(const SpaceAudit<Machine>& audit) {
        for (std::uint32_t i = 0; i < frames_.size(); ++i) {
            const mm::FrameOwner owner = machine.account().owner_of(mm::FrameNumber(i));
            const mm::ResidentFrame& its = frames_[i];
            EXPECT_EQ(its.tracked,
                      owner == mm::FrameOwner::kAnonymous || owner == mm::FrameOwner::kSharedMemory)
                << "frame " << i << ", " << to_string(owner);
            EXPECT_EQ(its.object != nullptr, owner == mm::FrameOwner::kSharedMemory) << "frame " << i;
            const bool is_moving = owner == mm::FrameOwner::kBufferPool ||
                                   owner == mm::FrameOwner::kReading || owner == mm::FrameOwner::kWriting;
            EXPECT_EQ(its.slot != 0 && !its.tracked, is_moving) << "frame " << i << ", " << to_string(owner);
            if (its.slot != 0) {
                EXPECT_EQ(residency_->slots()[mm::SlotNumber(its.slot - 1)].frame, i + 1);
            }
            EXPECT_FALSE(is_moving && audit.references(mm::FrameNumber(i)) != 0)
                << "frame " << i << " is mapped, and " << to_string(owner);
        }
    }

    std::vector<mm::ResidentFrame> frames_;
    std::vector<mm::SlotRecord> slots_;
    std::vector<mm::ResidentRecord> residents_;
    std::vector<mm::GhostEntry> ghosts_;
    mm::GhostTable ghost_table_;
    std::vector<Space*> spaces_;
    std::vector<const Object*> objects_;
    mm::ReverseMap<Space, Spaces> reverse_map_;
    std::array<mm::ReplacementSlot, 2> policies_;
    std::size_t current_ = 0;
    mm::InstanceId instance_ = 0;
    std::uint32_t last_id_ = 0;
    alignas(mm::Residency) std::array<std::byte, sizeof(mm::Residency)> room_{};
    mm::Residency* residency_;
};

}  // namespace host
