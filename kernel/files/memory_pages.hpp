// The bytes of one file in memory: pages that appear at their first touch.
//
//   read, write (through the window) ---> page object <--- mappings of programs
//
// Owns: one hold on the object, made at the first need. A hole reads as zeros and takes no frame. Callers keep byte
// ranges inside the pages there are (resize). Main line only. Cost: a page's frame is looked up once a page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/files/transfer.hpp"

namespace mm {
class PageObject;
}  // namespace mm

namespace kernel {

class ProgramObject;

class MemoryPages {
  public:
    /// A file's size at most: a page object counts its pages in 20 bits.
    static constexpr std::uint64_t kMostBytes = 0xffff'e000;

    MemoryPages() = default;
    MemoryPages(const MemoryPages&) = delete;
    MemoryPages& operator=(const MemoryPages&) = delete;
    ~MemoryPages();

    /// For mappings; null when there is no memory to make it.
    mm::PageObject* object();
    /// There are this many pages from now on: those beyond go, new ones are holes. Error: kNoMemory.
    FileResult<void> resize(std::uint32_t page_count);

    /// Moves the `count` bytes from `offset` on, which lie in one page and exist, to or from somebody. Returns how
    /// many. Never sleeps: as with every copy under NoPageWaits, kFault may mean that the program's page has to be
    /// waited for. Errors: kFault; kPageAwaited, for the file's own page; kIo (that is lost); kNoMemory; for write kNoSpace instead
    /// (see room).
    FileResult<std::size_t> read(Transfer& to, std::uint32_t offset, std::size_t count);
    FileResult<std::size_t> write(Transfer& from, std::uint32_t offset, std::size_t count);
    /// Zeroes what lies behind `offset` in its page, if that was ever written to. Errors: kPageAwaited, kIo, kNoMemory.
    FileResult<void> clear_behind(std::uint32_t offset);

    [[nodiscard]] std::uint32_t resident_pages() const;

    /// What memory files may have in all, and what is left of it, in pages: half of memory; a sixty-fourth always
    /// stays free.
    struct Room {
        std::uint32_t most;
        std::uint32_t left;
    };
    static Room room();

  private:
    FileResult<void> make();
    /// For /proc/plant: whether it is to be waited for as if it were on a disk. Once for each purpose: a write looks
    /// for both at once, and would never have them both.
    enum class Look : std::uint8_t { kToMove, kToClear };
    [[nodiscard]] bool is_slow(std::uint32_t page, Look look) const;

    ProgramObject* object_ = nullptr;
};

}  // namespace kernel
