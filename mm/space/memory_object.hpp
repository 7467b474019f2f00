// Pages in memory that appear, zeroed, at their first touch: files in /tmp, memory shared between programs.
//
// A page that has been touched is in a frame, or, where memory has no room for it, in a slot of the page store.
//
//   page 0 .. 7           direct_[]                    --> frame
//   8 .. 8 + N - 1        single_  --> index frame     --> frame            N: entries of an index frame, 1,024
//   up to 8 + N + N * N   double_  --> index frame --> index frame --> frame
//
// Owns: a frame (kSharedMemory) or a slot for every page that was touched, one reference on each; the index frames
// (kObjectIndex), which stay in memory.
// An empty index frame is given back only when the object gets short enough not to need it.
//
// I1 a page at or beyond page_count() has neither frame nor slot.
// I2 resident_pages() and stored_pages() count the pages with one.
//
// Cost: one opened frame a level of index. Locking as PageObject.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "mm/core/result.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/space/page_object.hpp"
#include "mm/space/space_machine.hpp"

namespace mm {

template <SpaceMachine Machine>
class MemoryObject : public PageObject {
  public:
    /// The longest an object can be.
    static constexpr std::uint32_t kMostPages = 0x000f'ffff;  // 4 GiB less a page.

    /// `page_count` pages of zeros, none of them in memory. `machine` outlives the object. The holder that frames are
    /// charged to, 0: nobody.
    MemoryObject(Machine& machine, std::uint32_t page_count, std::uint32_t holder = 0)
        : machine_(machine), page_count_(page_count), holder_(holder) {}

    Result<Page> page(std::uint32_t index, PageUse use) override;
    [[nodiscard]] bool is_resident(std::uint32_t index) const override;
    void page_stored(std::uint32_t index, SlotNumber slot) override;

    /// The frame of page `index` for somebody who writes into the object at once, without mapping it; zeroed if it is
    /// new. Errors: kOutOfRange, kNoMemory, kWouldWait, kBadInput (the contents are lost).
    Result<FrameNumber> frame_for_write(std::uint32_t index);
    /// The frame of page `index` for somebody who reads at once; nothing where there is a hole: zeros. Errors:
    /// kNoMemory, kWouldWait, kBadInput.
    [[nodiscard]] Result<std::optional<FrameNumber>> frame_for_read(std::uint32_t index);
    /// Brings every page back that is in the store, as far as that goes without waiting. Errors: as frame_for_read.
    Result<void> restore_all();
    /// Whether page `index` has been touched: is in memory, or in the store.
    [[nodiscard]] bool has_page(std::uint32_t index) const { return slot_of(index) != 0; }

    /// The object has `page_count` pages from now on. Those beyond go, out of every space that maps them, too. Longer:
    /// always possible up to kMostPages. Error: kOutOfRange.
    Result<void> resize(std::uint32_t page_count);
    /// Pages [begin, end) become holes again, wherever they are mapped. (fallocate's punched hole.)
    void discard(std::uint32_t begin, std::uint32_t end);

    [[nodiscard]] std::uint32_t page_count() const { return page_count_; }
    [[nodiscard]] PageCount resident_pages() const { return resident_; }
    [[nodiscard]] PageCount stored_pages() const { return stored_; }
    /// Calls visit(FrameNumber, FrameOwner) for every frame the object has: pages and index. For the audit.
    template <typename Visit>
    void for_each_frame(Visit visit) const;
    /// Calls visit(SlotNumber) for every page in the store.
    template <typename Visit>
    void for_each_stored(Visit visit) const;

  protected:
    /// Frees all pages; the derived class's end() calls it.
    ~MemoryObject();

  private:
    /// An index entry: 0 for nothing; the frame's number plus one; or kInStore and the store's slot.
    using Slot = std::uint32_t;
    static constexpr Slot kInStore = 1U << 31;
    static constexpr std::uint32_t kDirect = 8;
    static constexpr std::uint32_t kSlots = kPageSize / sizeof(Slot);
    /// Which of the places where indexes begin a page belongs to, and how far behind its beginning it is.
    static constexpr std::uint32_t kSingleBegin = kDirect;
    static constexpr std::uint32_t kDoubleBegin = kDirect + kSlots;

    template <typename Handle>
    static Slot* slots(Handle& handle) {
        return reinterpret_cast<Slot*>(handle.bytes());
    }
    static FrameNumber frame_of(Slot slot) { return FrameNumber(slot - 1); }
    static bool is_stored(Slot slot) { return (slot & kInStore) != 0; }
    static SlotNumber stored_slot(Slot slot) { return SlotNumber(slot & ~kInStore); }

    /// What the index says of page `index`; 0 beyond the end.
    [[nodiscard]] Slot slot_of(std::uint32_t index) const;
    Result<FrameNumber> bring(std::uint32_t index);
    Result<FrameNumber> restore(std::uint32_t index, Slot slot);

    Result<void> make_index(Slot& slot);
    /// What visit(Slot&) gives for the slot of page `index`; with kMake, index frames are made on the way. Errors:
    /// kNotMapped when there is no slot, kNoMemory.
    enum class Missing : std::uint8_t { kLeave, kMake };
    template <typename Visit>
    Result<void> at_slot(std::uint32_t index, Missing missing, Visit visit);
    template <typename Visit>
    void for_each_slot_in(Slot& table, std::uint32_t begin, std::uint32_t end, Visit& visit);
    template <typename Visit>
    void for_each_slot(std::uint32_t begin, std::uint32_t end, Visit visit);
    void free_pages(std::uint32_t begin, std::uint32_t end);
    void free_index(std::uint32_t page_count);
    void release_index(Slot& slot);

    Machine& machine_;
    std::uint32_t page_count_;
    std::uint32_t holder_;
    PageCount resident_ = 0;
    PageCount stored_ = 0;
    std::array<Slot, kDirect> direct_{};
    Slot single_ = 0;
    Slot double_ = 0;
};

}  // namespace mm

#include "mm/space/memory_object_pages.hpp"  // IWYU pragma: keep
