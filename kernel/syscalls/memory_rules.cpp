#include "kernel/syscalls/memory_rules.hpp"

#include <algorithm>

namespace kernel::memory_rules {

namespace {

constexpr std::uint32_t kOffsetMask = mm::kPageSize - 1;

bool off_boundary(std::uint32_t address) {
    return (address & kOffsetMask) != 0;
}

/// Pages that `length` bytes take; up to 2^20.
std::uint32_t pages_of(std::uint32_t length) {
    return static_cast<std::uint32_t>((std::uint64_t{length} + kOffsetMask) >> mm::kPageShift);
}

mm::PageRange pages_from(std::uint32_t address, std::uint32_t count) {
    const mm::PageNumber begin = mm::VirtAddr(address).page();
    return {begin, begin + count};
}

bool wraps(mm::PageRange pages) {
    return pages.end.value() > std::uintptr_t{1} << 20;
}

/// madvise's kinds. [linux] MADV_*
enum Advice : std::uint32_t {
    kNormal = 0,
    kRandom = 1,
    kSequential = 2,
    kWillNeed = 3,
    kDontNeed = 4,
    kFree = 8,
    kDontDump = 16,
    kDoDump = 17,
    kCold = 20,
    kPageOut = 21,
};

/// Hints, and what is done at once. Others (that a page be not inherited, say) change what a program sees and
/// are not there: a program must be told.
bool is_known_advice(std::uint32_t advice) {
    switch (advice) {
        case kNormal:
        case kRandom:
        case kSequential:
        case kWillNeed:
        case kDontNeed:
        case kFree:
        case kDontDump:
        case kDoDump:
        case kCold:
        case kPageOut:
            return true;
        default:
            return false;
    }
}

namespace sync_flag {
constexpr std::uint32_t kAsync = 1, kInvalidate = 2, kSync = 4;
}

}  // namespace

Errno map_errno(mm::Error error) {
    switch (error) {
        case mm::Error::kAlreadyMapped:
            return Errno::kExists;
        case mm::Error::kForbidden:
            return Errno::kAccess;
        case mm::Error::kBadInput:
            return Errno::kInvalid;
        default:
            return Errno::kNoMemory;
    }
}

Errno protect_errno(mm::Error error) {
    return error == mm::Error::kForbidden ? Errno::kAccess : Errno::kNoMemory;
}

Errno remap_errno(mm::Error error) {
    switch (error) {
        case mm::Error::kNotMapped:
            return Errno::kFault;
        case mm::Error::kBadInput:
        case mm::Error::kOutOfRange:
            return Errno::kInvalid;
        default:
            return Errno::kNoMemory;
    }
}

FileResult<mm::MapRequest> map_request(const MapArguments& arguments, mm::PageRange user) {
    const std::uint32_t count = pages_of(arguments.length);
    if (count == 0) {
        return file_error(Errno::kInvalid);
    }
    if (count > user.size()) {
        return file_error(Errno::kNoMemory);
    }
    if (arguments.offset_pages + count < arguments.offset_pages) {
        return file_error(Errno::kOverflow);
    }
    mm::MapRequest request;
    request.page_count = count;
    request.object_page = arguments.offset_pages;
    request.protection =
        mm::Protection::from_bits(static_cast<std::uint8_t>(arguments.protection & protection_flag::kRights));
    request.address = mm::VirtAddr(arguments.address & ~kOffsetMask);
    if ((arguments.flags & (map_flag::kFixed | map_flag::kFixedNoReplace)) == 0) {
        if (request.address.value() != 0) {
            request.address = std::max(request.address, user.begin.address());
        }
        return request;
    }
    request.placement = (arguments.flags & map_flag::kFixedNoReplace) != 0 ? mm::Placement::kFixedNoReplace
                                                                           : mm::Placement::kFixed;
    const mm::PageRange pages = pages_from(arguments.address, count);
    if (pages.end > user.end) {
        return file_error(Errno::kNoMemory);
    }
    if (off_boundary(arguments.address)) {
        return file_error(Errno::kInvalid);
    }
    if (pages.begin < user.begin) {
        return file_error(Errno::kNotPermitted);
    }
    return request;
}

FileResult<void> add_source(mm::MapRequest& request, const MapArguments& arguments,
                            const MappableFile* file) {
    const std::uint32_t type = arguments.flags & map_flag::kTypeMask;
    const bool grows_down = (arguments.flags & map_flag::kGrowsDown) != 0;
    const bool shared = type == map_flag::kShared || (file != nullptr && type == map_flag::kSharedValidate);
    if (!shared && type != map_flag::kPrivate) {
        return file_error(Errno::kInvalid);
    }
    if (type == map_flag::kSharedValidate && (arguments.flags & ~map_flag::kKnown) != 0) {
        return file_error(Errno::kNotSupported);
    }
    if (shared && file != nullptr && request.protection.has(mm::protection::kWrite) && !file->writable) {
        return file_error(Errno::kAccess);
    }
    if (file != nullptr && !file->readable) {
        return file_error(Errno::kAccess);
    }
    if (grows_down && (shared || file != nullptr)) {
        return file_error(Errno::kInvalid);
    }
    if ((arguments.flags & map_flag::kHugePages) != 0) {
        return file_error(Errno::kNoMemory);  // None are set aside.
    }
    request.sharing = shared ? mm::Sharing::kShared : mm::Sharing::kPrivate;
    request.growth = grows_down ? mm::Growth::kDown : mm::Growth::kFixed;
    if (file != nullptr) {
        request.object = file->object;
        if (shared && !file->writable) {
            request.allowed = request.allowed.without(mm::protection::kWrite);
        }
    }
    if (request.object == nullptr) {
        request.object_page = 0;
    }
    return {};
}

FileResult<mm::PageRange> unmap_range(std::uint32_t address, std::uint32_t length, mm::PageRange user) {
    const mm::PageRange pages = pages_from(address, pages_of(length));
    if (off_boundary(address) || pages.empty() || pages.end > user.end) {
        return file_error(Errno::kInvalid);
    }
    return pages;
}

FileResult<mm::PageRange> protect_range(std::uint32_t address, std::uint32_t length,
                                        std::uint32_t protection) {
    constexpr std::uint32_t kGrowth = protection_flag::kGrowsDown | protection_flag::kGrowsUp;
    if ((protection & kGrowth) == kGrowth || off_boundary(address)) {
        return file_error(Errno::kInvalid);
    }
    const mm::PageRange pages = pages_from(address, pages_of(length));
    if (pages.empty()) {
        return pages;
    }
    if (wraps(pages)) {
        return file_error(Errno::kNoMemory);
    }
    if ((protection & ~(protection_flag::kRights | protection_flag::kSemaphore | kGrowth)) != 0) {
        return file_error(Errno::kInvalid);
    }
    return pages;
}

FileResult<mm::PageRange> advice_range(std::uint32_t address, std::uint32_t length, std::uint32_t advice) {
    const mm::PageRange pages = pages_from(address, pages_of(length));
    if (!is_known_advice(advice) || off_boundary(address) || wraps(pages)) {
        return file_error(Errno::kInvalid);
    }
    return pages;
}

bool advises_discard(std::uint32_t advice) {
    return advice == kDontNeed;
}

FileResult<mm::PageRange> sync_range(std::uint32_t address, std::uint32_t length, std::uint32_t flags) {
    constexpr std::uint32_t kKnown = sync_flag::kAsync | sync_flag::kInvalidate | sync_flag::kSync;
    constexpr std::uint32_t kBoth = sync_flag::kAsync | sync_flag::kSync;
    if ((flags & ~kKnown) != 0 || (flags & kBoth) == kBoth || off_boundary(address)) {
        return file_error(Errno::kInvalid);
    }
    const mm::PageRange pages = pages_from(address, pages_of(length));
    if (wraps(pages)) {
        return file_error(Errno::kNoMemory);
    }
    return pages;
}

FileResult<mm::PageRange> residency_range(std::uint32_t address, std::uint32_t length) {
    const mm::PageRange pages = pages_from(address, pages_of(length));
    if (off_boundary(address)) {
        return file_error(Errno::kInvalid);
    }
    if (wraps(pages)) {
        return file_error(Errno::kNoMemory);
    }
    return pages;
}

FileResult<RemapRequest> remap_request(const RemapArguments& arguments, mm::PageRange user) {
    RemapRequest request;
    request.old = pages_from(arguments.address, pages_of(arguments.old_length));
    request.new_count = pages_of(arguments.new_length);
    const bool may_move = (arguments.flags & remap_flag::kMayMove) != 0;
    const bool fixed = (arguments.flags & remap_flag::kFixed) != 0;
    if ((arguments.flags & ~(remap_flag::kMayMove | remap_flag::kFixed)) != 0 ||
        off_boundary(arguments.address) || request.new_count == 0 || request.new_count > user.end.value() ||
        (fixed && !may_move)) {
        return file_error(Errno::kInvalid);
    }
    request.placement = fixed      ? mm::RemapPlacement::kFixed
                        : may_move ? mm::RemapPlacement::kMayMove
                                   : mm::RemapPlacement::kInPlace;
    if (!fixed) {
        return request;
    }
    const mm::PageRange target = pages_from(arguments.new_address, request.new_count);
    if (off_boundary(arguments.new_address) || target.end > user.end || target.overlaps(request.old)) {
        return file_error(Errno::kInvalid);
    }
    if (target.begin < user.begin) {
        return file_error(Errno::kNotPermitted);
    }
    request.new_address = target.begin.address();
    return request;
}

}  // namespace kernel::memory_rules
