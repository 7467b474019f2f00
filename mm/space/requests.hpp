// What is asked of an address space, and what it answers.
#pragma once

#include <cstdint>

#include "mm/core/address.hpp"
#include "mm/core/range.hpp"
#include "mm/space/region.hpp"

namespace mm {

class PageObject;

/// What a program was doing when it faulted.
enum class FaultAccess : std::uint8_t { kRead, kWrite, kExecute };

enum class FaultOutcome : std::uint8_t {
    kResolved,      ///< The access can be repeated.
    kNoRegion,      ///< Nothing is mapped there: SIGSEGV, SEGV_MAPERR.
    kForbidden,     ///< It is, but not for this: SIGSEGV, SEGV_ACCERR.
    kBeyondObject,  ///< The file ends before this page: SIGBUS, BUS_ADRERR.
    kNoMemory,      ///< No frame (or no page table) was to be had; nothing was changed.
    kLost,          ///< The page was on a disk that cannot give it back as it was: SIGBUS, BUS_OBJERR.
    kWaiting,       ///< The page is on its way from a disk: wait, then let the access fault again.
};

/// Where a mapping goes.
enum class Placement : std::uint8_t {
    kAnywhere,        ///< At the address if it is not 0 and free there; else where there is room.
    kFixed,           ///< Exactly there; what was there is unmapped.  (MAP_FIXED)
    kFixedNoReplace,  ///< Exactly there, if nothing is.  (MAP_FIXED_NOREPLACE)
};

/// mmap's question.
struct MapRequest {
    VirtAddr address{};        ///< On a page boundary; 0: no wish.
    PageCount page_count = 0;  ///< Not 0.
    Placement placement = Placement::kAnywhere;
    Protection protection{};
    /// What mprotect may ever allow: no writing, for a shared mapping of a file that was opened for reading.
    Protection allowed = protection::kAll;
    Sharing sharing = Sharing::kPrivate;
    Growth growth = Growth::kFixed;
    PageObject* object = nullptr;   ///< Null: anonymous, and private. The region retains it.
    std::uint32_t object_page = 0;  ///< The object's page that comes first.
};

/// Where mremap may put what does not fit where it is.
enum class RemapPlacement : std::uint8_t {
    kInPlace,  ///< Nowhere else.
    kMayMove,  ///< Where there is room.  (MREMAP_MAYMOVE)
    kFixed,    ///< Exactly at the address given; what was there is unmapped.  (MREMAP_FIXED)
};

/// Pages of a space that are in memory, by kind. Pages that show the zero frame are not counted: they cost none.
struct ResidentPages {
    PageCount anonymous = 0;  ///< Private memory, copies of file pages included.
    PageCount file = 0;       ///< Borrowed frames: a module's.
    PageCount shared = 0;     ///< Pages of memory objects: /tmp files, shared memory.

    [[nodiscard]] PageCount total() const { return anonymous + file + shared; }
};

}  // namespace mm
