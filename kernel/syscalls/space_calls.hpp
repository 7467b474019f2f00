// mmap2, munmap, mprotect, mremap, madvise, mincore, msync and brk on one address space.
//
// Takes registers, gives what EAX gets: a number or a negated errno. The rules are memory_rules.hpp's, the
// work is the space's. `Space` is an mm::AddressSpace of any machine: the kernel's, or the tests', which hold
// this against another Linux. Owns nothing; costs what the space's operations cost. Callers hold the space's
// lock.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "kernel/syscalls/memory_rules.hpp"

namespace kernel::memory_rules {

/// The calls, on one address space whose programs may have the pages `user`.
template <typename Space>
class SpaceCalls {
  public:
    SpaceCalls(Space& space, mm::PageRange user) : space_(space), user_(user) {}

    Returned map(const MapArguments& arguments, MapSources& sources) {
        MappableFile file;
        const bool anonymous = (arguments.flags & map_flag::kAnonymous) != 0;
        if (!anonymous) {
            const FileResult<MappableFile> found = sources.mappable(arguments.descriptor);
            if (!found) {
                return returned(found.error());
            }
            file = *found;
        }
        FileResult<mm::MapRequest> request = map_request(arguments, user_);
        if (!request) {
            return returned(request.error());
        }
        if (request->placement == mm::Placement::kFixedNoReplace &&
            !space_.regions().is_free(
                {request->address.page(), request->address.page() + request->page_count})) {
            return returned(Errno::kExists);
        }
        if (const auto added = add_source(*request, arguments, anonymous ? nullptr : &file); !added) {
            return returned(added.error());
        }
        if (request->sharing == mm::Sharing::kShared && request->object == nullptr) {
            return map_shared_memory(*request, sources);
        }
        return place(*request);
    }

    Returned unmap(std::uint32_t address, std::uint32_t length) {
        const FileResult<mm::PageRange> pages = unmap_range(address, length, user_);
        if (!pages) {
            return returned(pages.error());
        }
        return done(space_.unmap(*pages), map_errno);
    }

    Returned protect(std::uint32_t address, std::uint32_t length, std::uint32_t protection) {
        FileResult<mm::PageRange> pages = protect_range(address, length, protection);
        if (!pages || pages->empty()) {
            return pages ? 0 : returned(pages.error());
        }
        if ((protection & (protection_flag::kGrowsDown | protection_flag::kGrowsUp)) != 0) {
            // From where the stack begins, wherever that is by now. None grows up.
            const bool up = (protection & protection_flag::kGrowsUp) != 0;
            const mm::Region* const region = space_.regions().first_ending_above(pages->begin);
            if (region == nullptr || region->pages.begin >= (up ? pages->begin + 1 : pages->end)) {
                return returned(Errno::kNoMemory);
            }
            if (up || region->growth != mm::Growth::kDown) {
                return returned(Errno::kInvalid);
            }
            pages->begin = region->pages.begin;
        }
        const auto rights =
            mm::Protection::from_bits(static_cast<std::uint8_t>(protection & protection_flag::kRights));
        return with_holes(*pages, [&](mm::PageRange part) { return space_.protect(part, rights); });
    }

    Returned remap(const RemapArguments& arguments) {
        const FileResult<RemapRequest> request = remap_request(arguments, user_);
        if (!request) {
            return returned(request.error());
        }
        const mm::Region* const region = space_.region_at(request->old.begin.address());
        if (region == nullptr) {
            return returned(Errno::kFault);
        }
        const mm::PageRange old = request->old;
        const bool moves = request->placement == mm::RemapPlacement::kFixed;
        if (old.empty() && region->sharing != mm::Sharing::kShared) {
            return returned(Errno::kInvalid);
        }
        if (old.size() >= request->new_count && !moves) {
            return shorten(old, request->new_count);
        }
        if (!user_.contains(old)) {
            return returned(old.size() > request->new_count ? Errno::kInvalid : Errno::kFault);
        }
        const mm::Result<mm::VirtAddr> moved =
            space_.remap(old, request->new_count, request->placement, request->new_address);
        return moved ? returned(*moved) : returned(remap_errno(moved.error()));
    }

    Returned advise(std::uint32_t address, std::uint32_t length, std::uint32_t advice) {
        const FileResult<mm::PageRange> pages = advice_range(address, length, advice);
        if (!pages || pages->empty()) {
            return pages ? 0 : returned(pages.error());
        }
        return with_holes(*pages, [&](mm::PageRange part) {
            return advises_discard(advice) ? space_.discard(part) : space_.sync(part);
        });
    }

    Returned sync(std::uint32_t address, std::uint32_t length, std::uint32_t flags) {
        const FileResult<mm::PageRange> pages = sync_range(address, length, flags);
        if (!pages || pages->empty()) {
            return pages ? 0 : returned(pages.error());
        }
        return with_holes(*pages, [&](mm::PageRange part) { return space_.sync(part); });
    }

    /// mincore; `deliver(offset, bytes)` puts the answers for pages from `offset` on where the program wants
    /// them and tells whether it could.
    template <typename Deliver>
    Returned residency(std::uint32_t address, std::uint32_t length, Deliver deliver) {
        const FileResult<mm::PageRange> pages = residency_range(address, length);
        if (!pages) {
            return returned(pages.error());
        }
        std::array<std::uint8_t, 128> answers;
        for (mm::PageNumber at = pages->begin; at < pages->end;) {
            const mm::Region* const region = space_.region_at(at.address());
            if (region == nullptr) {
                return returned(Errno::kNoMemory);
            }
            const mm::PageNumber end = std::min(pages->end, region->pages.end);
            const auto count = std::min<mm::PageCount>(end - at, static_cast<mm::PageCount>(answers.size()));
            const std::span<std::uint8_t> part = std::span(answers).first(count);
            if (const auto answered = space_.residency({at, at + count}, part); !answered) {
                return returned(Errno::kNoMemory);
            }
            if (!deliver(at - pages->begin, std::span<const std::uint8_t>(part))) {
                return returned(Errno::kFault);
            }
            at = at + count;
        }
        return 0;
    }

    /// brk: the break, at first `current`, after the program wanted it at `wanted`. `begin` is the least it
    /// can be.
    std::uint32_t set_break(std::uint32_t begin, std::uint32_t current, std::uint32_t wanted) {
        constexpr std::uint32_t kOffset = mm::kPageSize - 1;
        if (wanted < begin || wanted > user_.end.address().value() - mm::kPageSize) {
            return current;
        }
        const mm::PageNumber old_end = mm::VirtAddr(std::uintptr_t{current} + kOffset).page();
        const mm::PageNumber new_end = mm::VirtAddr(std::uintptr_t{wanted} + kOffset).page();
        if (new_end < old_end) {
            const mm::PageRange rest{new_end, old_end};
            return !space_.regions().is_free(rest) && space_.unmap(rest) ? wanted : current;
        }
        if (new_end == old_end) {
            return wanted;
        }
        // A page stays free above, so that running over the end faults.
        if (!space_.regions().is_unclaimed({old_end, new_end + 1})) {
            return current;
        }
        mm::MapRequest request;
        request.address = old_end.address();
        request.page_count = new_end - old_end;
        request.placement = mm::Placement::kFixedNoReplace;
        request.protection = mm::protection::kRead | mm::protection::kWrite;
        return space_.map(request) ? wanted : current;
    }

  private:
    template <typename Word>
    static Returned done(const mm::Result<void>& result, Word errno_of) {
        return result ? 0 : returned(errno_of(result.error()));
    }

    /// What lies beyond the user's pages is a hole, found after everything before it.
    template <typename Work>
    Returned with_holes(mm::PageRange pages, Work work) {
        const mm::PageRange inside = pages.intersection(user_);
        if (!inside.empty()) {
            if (const mm::Result<void> worked = work(inside); !worked) {
                return returned(protect_errno(worked.error()));
            }
        }
        return inside == pages ? 0 : returned(Errno::kNoMemory);
    }

    Returned place(const mm::MapRequest& request) {
        const mm::Result<mm::VirtAddr> placed = space_.map(request);
        return placed ? returned(*placed) : returned(map_errno(placed.error()));
    }

    Returned map_shared_memory(mm::MapRequest& request, MapSources& sources) {
        const FileResult<mm::PageObject*> object = sources.shared_memory(request.page_count);
        if (!object) {
            return returned(object.error());
        }
        request.object = *object;
        request.object_page = 0;
        const Returned placed = place(request);
        (*object)->release();
        return placed;
    }

    /// Whether `old` has holes or several regions does not matter: only its beginning was looked at.
    Returned shorten(mm::PageRange old, mm::PageCount new_count) {
        const mm::PageNumber new_end = old.begin + new_count;
        if (old.end == new_end) {
            return returned(old.begin.address());
        }
        if (old.end > user_.end) {
            return returned(Errno::kInvalid);
        }
        const mm::Result<void> unmapped = space_.unmap({new_end, old.end});
        return unmapped ? returned(old.begin.address()) : returned(remap_errno(unmapped.error()));
    }

    Space& space_;
    mm::PageRange user_;
};

}  // namespace kernel::memory_rules
