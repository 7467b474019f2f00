// The rules of the memory calls: which arguments Linux accepts, and which errno each mistake gets.
//
//   registers --> ranges, a MapRequest, or an errno (here) --> an address space (space_calls.hpp)
//
// Owns nothing, changes nothing. Portable, so that the tests hold exactly what the kernel runs against
// another Linux. Numbers are Linux's for i386. Cost: a few comparisons. [linux]
// include/uapi/asm-generic/mman.h, mman-common.h; mm/{mmap,mprotect,mremap,madvise,mincore,msync}.c for the
// order in which mistakes are found
#pragma once

#include <cstdint>

#include "kernel/files/errno.hpp"
#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/space/page_object.hpp"
#include "mm/space/requests.hpp"

namespace kernel::memory_rules {

using Returned = std::int32_t;

namespace map_flag {
inline constexpr std::uint32_t kShared = 0x01, kPrivate = 0x02, kSharedValidate = 0x03, kTypeMask = 0x0f;
inline constexpr std::uint32_t kFixed = 0x10, kAnonymous = 0x20, kGrowsDown = 0x100;
inline constexpr std::uint32_t kHugePages = 0x4'0000, kFixedNoReplace = 0x10'0000;
/// What MAP_SHARED_VALIDATE knows; it refuses the rest.
inline constexpr std::uint32_t kKnown = 0x0007'f97f | 0xfc00'0000;
}  // namespace map_flag

namespace protection_flag {
inline constexpr std::uint32_t kRights = 0x7, kSemaphore = 0x8, kGrowsDown = 0x0100'0000,
                               kGrowsUp = 0x0200'0000;
}  // namespace protection_flag

namespace remap_flag {
inline constexpr std::uint32_t kMayMove = 1, kFixed = 2;
}  // namespace remap_flag

struct MapArguments {
    std::uint32_t address, length, protection, flags;
    std::int32_t descriptor;
    std::uint32_t offset_pages;
};

struct RemapArguments {
    std::uint32_t address, old_length, new_length, flags, new_address;
};

/// What an open file offers to a mapping.
struct MappableFile {
    mm::PageObject* object = nullptr;  ///< Null: zeros (/dev/zero). Stays valid during the call.
    bool readable = true;              ///< The file was opened for reading,
    bool writable = true;              ///< ... and for writing.
};

/// Where the pages of mappings come from: the process's open files.
struct MapSources {
    /// The file behind `descriptor`. Errors: kBadDescriptor; kNoSuchDevice when that kind has no pages to
    /// map; kAccess.
    virtual FileResult<MappableFile> mappable(std::int32_t descriptor) = 0;
    /// A new object of zeros for a shared anonymous mapping; the caller releases it. Error: kNoMemory.
    virtual FileResult<mm::PageObject*> shared_memory(mm::PageCount pages) = 0;

  protected:
    ~MapSources() = default;
};

/// Why `error` came, in the words of the call concerned.
Errno map_errno(mm::Error error);
Errno protect_errno(mm::Error error);
Errno remap_errno(mm::Error error);

/// All of mmap2's arguments but the source: the request without object and rights' limit. Errors: as mmap,
/// for what can be told before the space is asked.
FileResult<mm::MapRequest> map_request(const MapArguments& arguments, mm::PageRange user);
/// Whether flags and file agree; fills in the rest of `request`. `file` is null for anonymous mappings.
FileResult<void> add_source(mm::MapRequest& request, const MapArguments& arguments, const MappableFile* file);

/// The pages that a call means: an empty range is nothing to do, a range beyond the user's end has a hole
/// there.
FileResult<mm::PageRange> unmap_range(std::uint32_t address, std::uint32_t length, mm::PageRange user);
FileResult<mm::PageRange> protect_range(std::uint32_t address, std::uint32_t length,
                                        std::uint32_t protection);
FileResult<mm::PageRange> advice_range(std::uint32_t address, std::uint32_t length, std::uint32_t advice);
FileResult<mm::PageRange> sync_range(std::uint32_t address, std::uint32_t length, std::uint32_t flags);
FileResult<mm::PageRange> residency_range(std::uint32_t address, std::uint32_t length);

/// mremap's arguments, found sound. The old pages may reach beyond the user's end.
struct RemapRequest {
    mm::PageRange old;
    mm::PageCount new_count;
    mm::RemapPlacement placement;
    mm::VirtAddr new_address;
};
FileResult<RemapRequest> remap_request(const RemapArguments& arguments, mm::PageRange user);

/// Whether `advice` asks that pages be given up now; the other kinds that advice_range lets pass are hints.
bool advises_discard(std::uint32_t advice);

constexpr Returned returned(Errno error) {
    return -static_cast<Returned>(error);
}
constexpr Returned returned(mm::VirtAddr address) {
    return static_cast<Returned>(static_cast<std::uint32_t>(address.value()));
}

}  // namespace kernel::memory_rules
