// One program's memory: regions say what may be used, page tables what of it is there. The pages arrive one by one,
// each at its first touch.
//
//   fault --> region? rights? --> what the entry leads to       what happens
//                                 nothing, anonymous, read      the zero frame is borrowed
//                                 nothing, anonymous, write     a frame of zeros
//                                 nothing, object               the object's frame, borrowed or counted, or for a
//                                                               write to a private region a copy of it
//                                 zero, file or shared frame    for a write to a private region: a copy
//                                 a private frame, read-only    sole owner: made writable; else a copy
//                                 a slot of the page store      its frame, when it has come, counted
//
// Owns: all page tables below the root, and one reference on every counted frame they lead to, through PageTables; the
// regions (AddressSpaceBase). The root belongs to the maker, who fills and guards its kernel half: only entries for
// Machine::kUserPages are ever touched. Never blocks: what must wait says kWaiting.
//
// I1 to I3 of AddressSpaceBase, and
// I4 an entry is used only inside a region; writable only where the region is.
// I5 a private region's entry is writable only if it leads to an anonymous frame with one reference.
// I6 an entry that leads to a frame is parked exactly where its region allows nothing.
// I7 an anonymous frame is at the same page in every space that shares it.
//
// Cost: a fault is O(log regions), mostly O(1) by the region found last; range operations are a few instructions a
// page-table entry (absent ones included) and O(log regions) a region. The Tlb is told before a call returns, and
// before any frame changes hands. Callers hold the space's lock; interrupt handlers do not call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/paging/page_tables.hpp"
#include "mm/space/address_space_base.hpp"
#include "mm/space/requests.hpp"
#include "mm/space/space_machine.hpp"

namespace mm {

template <SpaceMachine Machine>
class AddressSpace final : public AddressSpaceBase {
  public:
    using Layout = typename Machine::Layout;
    using Tables = PageTables<Layout, typename Machine::Access>;

    /// An empty space on the top table `root`, whose entries for kUserPages are absent. Frames are charged to `id`,
    /// which is not 0. `machine` outlives the space.
    AddressSpace(FrameNumber root, std::uint32_t id, Machine& machine);
    /// Clears the space.
    ~AddressSpace();

    /// A program's access to `address` failed: makes it succeed, or says why it must not. Never blocks.
    FaultOutcome fault(VirtAddr address, FaultAccess access);

    /// mmap. Takes no frames: pages come at their first touch. Errors, with nothing changed: kBadInput (no pages;
    /// an address off the boundary; sharing without an object; a growing object; pages beyond 2^32),
    /// kOutOfRange (fixed, and not all in kUserPages), kAlreadyMapped (kFixedNoReplace), kNoAddresses, kNoMemory
    /// (no node, or too many regions), kForbidden (more rights than allowed).
    Result<VirtAddr> map(const MapRequest& request);
    /// munmap: no region has any of `pages` afterwards; there need not have been one. Errors, with nothing changed:
    /// kOutOfRange, kNoMemory (a region would be cut in two, and there is no node for it).
    Result<void> unmap(PageRange pages);
    /// mprotect. Errors: kOutOfRange; kNotMapped (a hole), kForbidden (a region never allows it) and kNoMemory,
    /// each with what stood before the trouble changed already, as on Linux.
    Result<void> protect(PageRange pages, Protection protection);
    /// mremap: `old` gets `new_count` pages, elsewhere if need be; the contents go along. Gives where it is now.
    /// Errors, with nothing changed but that pages beyond new_count, and with kFixed what was at the new place, may
    /// be gone: kBadInput, kNotMapped (`old` is not inside one region: EFAULT), kNoAddresses, kOutOfRange, kNoMemory.
    Result<VirtAddr> remap(PageRange old, PageCount new_count, RemapPlacement placement, VirtAddr fixed = {});
    /// madvise(MADV_DONTNEED): the pages' contents go; the next touch brings the first contents anew. Errors:
    /// kOutOfRange; kNotMapped when there is a hole, after all else was discarded, as on Linux.
    Result<void> discard(PageRange pages);
    /// mincore: a byte a page into `answers`, 1 where a touch needs no new frame. Errors: kNotMapped.
    Result<void> residency(PageRange pages, std::span<std::uint8_t> answers) const;
    /// fork: `child`, which is empty, gets the same regions and contents; private pages are copied when either writes.
    /// Error: kNoMemory; the child must be cleared then, this space is as it was.
    Result<void> fork_into(AddressSpace& child);
    /// Everything goes: regions, frames, page tables.
    void clear();

    /// The frame behind `address`, if a page is there and may be read: for those who look into another program's
    /// memory.
    [[nodiscard]] std::optional<FrameNumber> frame_at(VirtAddr address) const;
    /// Charges to this space every frame it maps whose holder has let go of it, and tells how many it found: for
    /// reports by program.
    PageCount adopt_frames();
    /// Brings every page back that is in the store, whether or not it may be used, as far as that goes without waiting.
    /// Errors: kWouldWait, kNoMemory, kBadInput (one is lost), with some brought back.
    Result<void> restore_all();
    /// For /proc and the audit.
    [[nodiscard]] const Tables& page_tables() const { return tables_; }

    // For the reverse map: about the entry of `page`, if it leads to `frame`.

    /// Its flags; nothing when it leads elsewhere. With kTake, its accessed bit goes.
    enum class Accessed : std::uint8_t { kLeave, kTake };
    std::optional<PageFlags> flags_of(PageNumber page, FrameNumber frame, Accessed accessed);
    /// It says `slot` from now on (a reference on which the caller takes), and the frame has one reference less. Whether
    /// it was so.
    bool store_page(PageNumber page, FrameNumber frame, SlotNumber slot);
    /// It is absent from now on, and the frame, which has others, has one reference less. Whether it was so.
    bool forget_page(PageNumber page, FrameNumber frame);

    void withdraw(Region& region, PageRange pages) override;

  private:
    using Entry = typename Layout::Entry;
    using Leaf = typename Tables::Leaf;

    // address_space_fault.hpp
    FaultOutcome fault_without_table(const Region& region, PageNumber page, FaultAccess access);
    FaultOutcome fault_on_entry(const Region& region, PageNumber page, FaultAccess access, Leaf& leaf,
                                Entry old);
    [[gnu::always_inline]] inline Result<Entry> first_entry(const Region& region, PageNumber page,
                                                            FaultAccess access);
    Result<Entry> object_entry(const Region& region, PageNumber page, FaultAccess access);
    [[gnu::always_inline]] inline Result<Entry> private_entry(PageNumber page, FrameNumber source);
    FaultOutcome fault_on_stored(const Region& region, PageNumber page, FaultAccess access, Leaf& leaf,
                                 Entry old);
    Result<void> restore_page(PageNumber page);
    static FaultOutcome outcome_of(Error error) {
        return error == Error::kNoMemory    ? FaultOutcome::kNoMemory
               : error == Error::kWouldWait ? FaultOutcome::kWaiting
               : error == Error::kBadInput  ? FaultOutcome::kLost
                                            : FaultOutcome::kBeyondObject;
    }

    // address_space_calls.hpp
    Result<void> protect_part(PageRange pages, Protection protection);

    // address_space_remap.hpp
    bool extend(PageRange old, PageCount new_count);
    Result<VirtAddr> move(PageRange old, PageRange target);
    void leave_behind(PageRange old, PageNumber begin);
    Result<void> unshare(PageRange pages);

    // address_space_fork.hpp
    template <Sharing kSharing>
    Result<void> copy_pages(PageRange pages, AddressSpace& child);
    void recount();
    template <typename Visit>
    void for_each_used_entry(Visit visit) const {
        tables_.for_each_used_page(
            user_pages().begin.address(), PageNumber(user_pages().end.value() - 1).address(),
            [&visit](VirtAddr /*page*/, const Mapping& mapping) { visit(mapping.frame, mapping.flags); });
    }

    /// Whether the used entry leads to private memory, and whether to some that nobody shares.
    [[nodiscard]] bool is_anonymous(Entry entry) const {
        return Layout::flags(entry).has(page_flags::kOwned) &&
               machine_.account().table()[Layout::frame(entry)].owner == FrameOwner::kAnonymous;
    }
    [[nodiscard]] bool is_sole_owner(Entry entry) const {
        return is_anonymous(entry) && machine_.account().table()[Layout::frame(entry)].references == 1;
    }

    /// `entry` is no longer this space's: it counts no more, and what it is charged for is nobody's, should it live
    /// on. `record` is its frame's if it has a reference, which is the caller's to take back; else null.
    void let_go(Entry entry, FrameRecord* record) {
        if (record == nullptr) {
            if (Layout::is_stored(entry)) {
                --stored_;
                machine_.store()->release(Layout::slot(entry));
                return;
            }
            resident_.file -= Layout::frame(entry) != machine_.zero_frame() ? 1 : 0;
        } else if (record->owner != FrameOwner::kAnonymous) {
            --resident_.shared;
            if (Layout::flags(entry).has(page_flags::kDirty) && machine_.store() != nullptr) {
                machine_.store()->dirtied(Layout::frame(entry));
            }
        } else {
            --resident_.anonymous;
            if (record->holder == id()) {
                record->holder = 0;
            }
        }
    }
    /// let_go, and the reference goes, too. The CPU knows nothing of the entry any more.
    void drop(Entry entry) {
        if (!Layout::flags(entry).has(page_flags::kOwned)) {
            let_go(entry, nullptr);
            return;
        }
        FrameRecord& record = machine_.account().table()[Layout::frame(entry)];
        let_go(entry, &record);
        if (const std::optional<UnmappedFrame> frame = tables_.frames().leave(Layout::frame(entry), record)) {
            const OwnedFrame dropped = tables_.frames().regain(*frame);
        }
    }
    void unmap_pages(PageRange pages) {
        if (!pages.empty()) {
            note_peak();
            tables_.unmap_range(pages, machine_.tlb(),
                                [this](Entry old, FrameRecord* record) { let_go(old, record); });
        }
    }

    Machine& machine_;
    Tables tables_;
};

template <SpaceMachine Machine>
AddressSpace<Machine>::AddressSpace(FrameNumber root, std::uint32_t id, Machine& machine)
    : AddressSpaceBase(id, Machine::kUserPages, machine.regions()),
      machine_(machine),
      tables_(root, machine.access(), machine.account(), id) {}

template <SpaceMachine Machine>
AddressSpace<Machine>::~AddressSpace() {
    clear();
}

}  // namespace mm

#include "mm/space/address_space_calls.hpp"  // IWYU pragma: keep
#include "mm/space/address_space_fault.hpp"  // IWYU pragma: keep
#include "mm/space/address_space_fork.hpp"   // IWYU pragma: keep
#include "mm/space/address_space_remap.hpp"  // IWYU pragma: keep
#include "mm/space/address_space_store.hpp"  // IWYU pragma: keep
