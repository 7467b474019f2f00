// What the pages of a region are filled from: a file in memory, a module's part, shared memory.
//
//   Region --object--> PageObject --page(index)--> a frame, borrowed or counted
//     ^                    |
//     +--- its regions ----+      so that a file that gets shorter can take its pages out of every space
//
// Owns: the list of regions that map it, and how many have it (regions and others). Derived classes own the
// pages. Never looks into page tables.
//
// I1 the list has exactly the regions whose `object` is this one and that lie in an address space.
// I2 each region of the list has one of the holders.
//
// Cost: retain, release, attach and detach are a handful of instructions. The caller holds the lock of the memory
// objects (one CPU: interrupts handlers do not call).
#pragma once

#include <cstdint>

#include "mm/core/address.hpp"
#include "mm/core/result.hpp"
#include "mm/space/region.hpp"

namespace mm {

/// What a mapping does to the record of the frame it leads to.
enum class Hold : std::uint8_t {
    kBorrowed,  ///< Nothing: the frame stays where it is for as long as anything maps it. A module's.
    kCounted,   ///< One reference more.
};

/// What is done with the object's own page (a private mapping that is written to only reads it).
enum class PageUse : std::uint8_t { kRead, kWrite };

class PageObject {
  public:
    /// Where a page of the object is.
    struct Page {
        FrameNumber frame;
        Hold hold;
    };

    PageObject(const PageObject&) = delete;
    PageObject& operator=(const PageObject&) = delete;

    /// The frame of page `index`, its bytes valid, for `use`. The caller maps it at once (counting itself in the
    /// record if the page says so) or forgets it. Errors: kOutOfRange beyond the end (the program gets SIGBUS),
    /// kNoMemory, kWouldWait (the kernel waits and asks again).
    virtual Result<Page> page(std::uint32_t index, PageUse use) = 0;
    /// Whether page(index) would be answered from memory, without taking a frame: mincore's question.
    [[nodiscard]] virtual bool is_resident(std::uint32_t index) const = 0;

    /// The page store's: page `index`, which no space maps any more, is in `slot` from now on (a reference on which the
    /// store has taken for the object), and its frame is the store's. Only objects with counted pages are asked.
    virtual void page_stored(std::uint32_t index, SlotNumber slot);

    /// One more, and one less, who has the object. It begins with one: its maker. The last release ends it.
    void retain() { ++holders_; }
    void release();
    [[nodiscard]] std::uint32_t holders() const { return holders_; }

    /// The address spaces': `region` maps this object from now on, and does no more. Both retain and release.
    void attach(Region& region);
    void detach(Region& region);
    /// The first region that maps the object; the others follow as object_next. Null: none.
    [[nodiscard]] Region* first_region() const { return regions_; }

    /// Takes the pages [begin, end) of the object out of every address space: nothing maps them afterwards, and
    /// what programs wrote to their private copies is gone, too (as when a file gets shorter). Cost: the pages
    /// mapped, and every region of the object.
    void withdraw(std::uint32_t begin, std::uint32_t end);

    /// The embedder's name for it, in reports: whoever sets it sees to it that it stays true. Not looked at here.
    const void* label = nullptr;

  protected:
    PageObject() = default;
    ~PageObject() = default;

    /// Nobody has the object any more, nothing maps it: the derived object frees its pages, and itself if it was
    /// made with `new`.
    virtual void end() = 0;

  private:
    Region* regions_ = nullptr;
    std::uint32_t holders_ = 1;
};

}  // namespace mm
