// A machine with address spaces on the host: PagedMachine, the zero frame, and nodes for regions that can run out.
//
//   AddressSpace --> SpaceMachine --> PagedMachine (memory, allocator, account, SimulatedCpu)
//                        |
//                        +--> Regions, FileOfFrames, SharedObject: what regions are made of and filled from
//
// Owns: everything of the machine. A test's Program owns its root table, and gives it back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "mm/space/address_space.hpp"
#include "mm/space/memory_object.hpp"
#include "tests/doubles/paged_machine.hpp"

namespace host {

/// Nodes from the heap; the `failing`-th is not to be had (0: all are).
class Regions final : public mm::RegionSource {
  public:
    explicit Regions(std::uint32_t failing) : failing_(failing) {}
    Regions(const Regions&) = delete;
    Regions& operator=(const Regions&) = delete;
    ~Regions() { EXPECT_EQ(out_.size(), 0u) << "regions leaked"; }

    mm::Region* take_region() override {
        return ++requests_ == failing_ ? nullptr : out_.emplace(std::make_unique<mm::Region>()).first->get();
    }
    void give_region(mm::Region& region) override {
        const auto is_it = [&](const std::unique_ptr<mm::Region>& node) { return node.get() == &region; };
        const auto found = std::find_if(out_.begin(), out_.end(), is_it);
        ASSERT_NE(found, out_.end()) << "a region given back twice";
        out_.erase(found);
    }
    [[nodiscard]] std::uint32_t requests() const { return requests_; }
    [[nodiscard]] std::size_t out() const { return out_.size(); }

  private:
    std::uint32_t failing_;
    std::uint32_t requests_ = 0;
    std::set<std::unique_ptr<mm::Region>> out_;
};

/// A SpaceMachine. Of `frame_count` frames the `failing_frame`-th allocation fails, and of the regions' nodes the
/// `failing_region`-th (0: none does).
template <mm::PageTableLayout AnyLayout>
class SpaceMachine {
  public:
    using Layout = AnyLayout;
    using Access = FrameMemory;
    using Tlb = SimulatedCpu<Layout>;

    static constexpr mm::PageRange kUserPages{mm::PageNumber(16), mm::PageNumber(0xc0000)};

    explicit SpaceMachine(mm::FrameCount frame_count, std::uint32_t failing_frame = 0,
                          std::uint32_t failing_region = 0)
        : paged(frame_count, failing_frame == 0 ? 0 : failing_frame + 1),  // The zero frame is the first.
          nodes(failing_region),
          zero_(paged.account.allocate(mm::FrameOwner::kZeroFrame).value()) {
        std::memset(paged.memory.raw(zero_.number()), 0, mm::kPageSize);
    }

    Access& access() { return paged.memory; }
    Tlb& tlb() { return paged.cpu; }
    mm::FrameAccount& account() { return paged.account; }
    mm::FrameNumber zero_frame() { return zero_.number(); }
    mm::Result<mm::OwnedFrame> frame_for_page(mm::FrameOwner owner, std::uint32_t holder) {
        return paged.account.allocate(owner, holder);
    }
    mm::PageStore* store() { return page_store; }
    mm::RegionSource& regions() { return nodes; }

    /// Frames asked for since there is a zero frame.
    [[nodiscard]] std::uint32_t frame_requests() const { return paged.fail_nth.requests() - 1; }
    [[nodiscard]] mm::FrameCount free_frames() const {
        return paged.account.frames_of(mm::FrameOwner::kFree);
    }

    PagedMachine<Layout> paged;
    Regions nodes;
    mm::PageStore* page_store = nullptr;  ///< Memory alone, unless a test has more.

  private:
    mm::OwnedFrame zero_;
};
static_assert(mm::SpaceMachine<SpaceMachine<mm::LayoutI686>>);

/// One program: an address space, and the root table it stands on.
template <typename Machine>
class Program {
  public:
    using Space = mm::AddressSpace<Machine>;

    /// Nothing when there is no frame for the root.
    static std::unique_ptr<Program> make(Machine& machine, std::uint32_t id) {
        mm::Result<mm::OwnedFrame> root = machine.account().allocate(mm::FrameOwner::kPageTable, id);
        return root ? std::unique_ptr<Program>(new Program(machine, id, std::move(*root))) : nullptr;
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        space.clear();
        machine_.tlb().switch_to(PagedMachine<typename Machine::Layout>::kRoot);
    }

    /// The byte at `address`, as the program reaches it: faults are the space's to resolve. Null, and `outcome` says
    /// why, when they are not.
    std::byte* reach(mm::VirtAddr address, Use use) {
        machine_.tlb().switch_to(root_.number());
        for (int tries = 0; tries < 3; ++tries) {
            if (std::byte* const byte = machine_.tlb().touch(address, use)) {
                outcome = mm::FaultOutcome::kResolved;
                return byte;
            }
            outcome =
                space.fault(address, use == Use::kRead ? mm::FaultAccess::kRead : mm::FaultAccess::kWrite);
            if (outcome != mm::FaultOutcome::kResolved) {
                return nullptr;
            }
            ++faults;
        }
        ADD_FAILURE() << "a resolved fault does not help at " << std::hex << address.value();
        return nullptr;
    }
    /// What the program reads there; nothing when it must not.
    std::optional<unsigned> read(mm::VirtAddr address) {
        const std::byte* const byte = reach(address, Use::kRead);
        return byte != nullptr ? std::optional(std::to_integer<unsigned>(*byte)) : std::nullopt;
    }
    /// Whether the program could write `value` there.
    bool write(mm::VirtAddr address, unsigned value) {
        std::byte* const byte = reach(address, Use::kWrite);
        if (byte != nullptr) {
            *byte = static_cast<std::byte>(value);
        }
        return byte != nullptr;
    }

  private:
    Program(Machine& machine, std::uint32_t id, mm::OwnedFrame root)
        : machine_(machine), root_(std::move(root)), space(root_.number(), id, machine) {
        std::memset(machine_.paged.memory.raw(root_.number()), 0, mm::kPageSize);
    }

    Machine& machine_;
    mm::OwnedFrame root_;

  public:
    Space space;
    mm::FaultOutcome outcome = mm::FaultOutcome::kResolved;  ///< Of the last reach.
    unsigned faults = 0;                                     ///< Resolved so far.
};

/// A MemoryObject on the stack of a test.
template <typename Machine>
class SharedObject final : public mm::MemoryObject<Machine> {
  public:
    using mm::MemoryObject<Machine>::MemoryObject;
    SharedObject(const SharedObject&) = delete;
    SharedObject& operator=(const SharedObject&) = delete;
    /// The test's hold is the last one.
    ~SharedObject() { EXPECT_EQ(this->holders(), ended_ ? 0u : 1u); }
    [[nodiscard]] bool ended() const { return ended_; }

  private:
    void end() override { ended_ = true; }
    bool ended_ = false;
};

/// A file in frames that are nobody's program's: a module's. Page i begins with the byte first + i; all else is zero.
template <typename Machine>
class FileOfFrames final : public mm::PageObject {
  public:
    FileOfFrames(Machine& machine, unsigned first, std::uint32_t page_count) {
        for (std::uint32_t i = 0; i < page_count; ++i) {
            frames_.push_back(machine.account().allocate(mm::FrameOwner::kExercise).value());
            std::byte* const bytes = machine.paged.memory.raw(frames_.back().number());
            std::memset(bytes, 0, mm::kPageSize);
            bytes[0] = static_cast<std::byte>(first + i);
        }
    }
    mm::Result<Page> page(std::uint32_t index, mm::PageUse use) override {
        EXPECT_EQ(use, mm::PageUse::kRead);
        if (is_slow) {
            return mm::failure(mm::Error::kWouldWait);
        }
        return index < frames_.size() ? mm::Result<Page>(Page{frames_[index].number(), mm::Hold::kBorrowed})
                                      : mm::failure(mm::Error::kOutOfRange);
    }
    [[nodiscard]] bool is_resident(std::uint32_t index) const override { return index < frames_.size(); }
    [[nodiscard]] mm::FrameNumber frame(std::uint32_t index) const { return frames_.at(index).number(); }

    bool is_slow = false;  ///< Every page has to be waited for.

  private:
    void end() override {}
    std::vector<mm::OwnedFrame> frames_;
};

}  // namespace host
