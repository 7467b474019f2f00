// Where the two sides may differ, all in one place, each with its reason. What is not said here is a finding.
//
// D1 What is one region. Linux joins private anonymous mappings only if the pages' histories agree (who
//    forked what when, where they were before mremap), ours by rights and source alone. Three things tell:
//    mremap, which refuses to move pages of several mappings; growing down, whose limit is the mapping's
//    size; mprotect with PROT_GROWSDOWN, which begins where the mapping does. They are done only where both
//    sides see the same mapping (kNotMade).
// D2 mremap(MREMAP_FIXED) of several mappings, same size: Linux 6.17 and later move them all, earlier ones
//    and ours refuse (EFAULT). Never made.
// D3 Rights that the page tables of i386 without PAE do not know: execution is never forbidden there. No
//    probe executes, and PROT_EXEC is never asked for without PROT_READ, which some CPUs can tell apart by
//    protection keys.
// D4 Lengths that wrap around 2^32: a 64-bit kernel, which is what runs 32-bit programs here, calculates on
//    in 64 bits where an i386 kernel has wrapped. Only calls for which both ways give the same answer are
//    made with such lengths.
// D5 Advice that only other kernels know, or that needs swap space (MADV_WILLNEED says EBADF on a kernel
//    without it). Only MADV_DONTNEED, MADV_NORMAL and an unknown number are tried. MADV_FREE frees nothing
//    here, which a program cannot tell from a kernel that has enough memory.
// D6 Flags that are promises to the kernel and change nothing that a program sees but times: MAP_POPULATE,
//    MAP_LOCKED, MAP_NORESERVE, MAP_STACK. MREMAP_DONTUNMAP is refused (EINVAL).
// D7 mmap that has two mistakes: Linux looks for room (ENOMEM) before it looks at the file's rights and the
//    flags' agreement (EACCES, EINVAL, EOPNOTSUPP); here the search is the space's, and comes last. Either is
//    accepted.
// D8 mincore of a private anonymous page that was read, never written: on Linux a forked child does not
//    inherit the zero page if its parent had nothing else in the mapping; here it does. Not compared for
//    pages that show the zero frame.
// D9 Where the search for room, from the top of the arena down, finds none, Linux tries once more, upwards
//    from a third of the address space, which is above the arena; ours from the lowest address. Not made when
//    that has room.
// D10 mincore is a snapshot that Linux may take at a bad moment: once in some ten million calls a page that
//     is there is
//    said not to be. Our side always repeats itself: a difference in mincore's answer that does not come
//    again when the sequence is done again (three times) was Linux's, is counted and forgiven. Any other is a
//    finding even so.
#pragma once

#include <cerrno>
#include <cstdint>

#include "kernel/syscalls/memory_rules.hpp"
#include "mm/space/region_set.hpp"
#include "tests/space_fuzz/model_machine.hpp"
#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

/// Whether only a search from below finds room for `bytes`.  (D9)
inline bool has_room_only_below(std::uint32_t bytes, const mm::RegionSet& regions) {
    const auto pages = static_cast<mm::PageCount>((std::uint64_t{bytes} + kPageBytes - 1) / kPageBytes);
    return pages != 0 && pages <= kArenaPages && !regions.highest_gap(pages, ModelMachine::kUserPages) &&
           regions.lowest_gap(pages, ModelMachine::kUserPages);
}

/// Whether `operation` must not be done in a space with these regions. A remap has its last argument set.
inline bool is_known_to_differ(const Operation& operation, const mm::RegionSet& regions) {
    namespace rules = kernel::memory_rules;
    const std::uint32_t(&a)[6] = operation.arguments;
    if (operation.kind == Kind::kMap) {
        return (a[3] & (rules::map_flag::kFixed | rules::map_flag::kFixedNoReplace)) == 0 &&
               has_room_only_below(a[1], regions);  // D9
    }
    if (operation.kind == Kind::kRemap) {
        const bool fixed = (a[3] & rules::remap_flag::kFixed) != 0;
        return fixed ? a[5] == 0                            // D2
                     : has_room_only_below(a[2], regions);  // D9
    }
    return false;
}

/// Whether both sides refuse `operation`, each for another mistake in it.  (D7)
inline bool are_both_mistaken(const Operation& operation, const Outcome& ours, const Outcome& theirs) {
    const bool finds_flaw = ours.value == -EACCES || ours.value == -EINVAL || ours.value == -EOPNOTSUPP;
    return operation.kind == Kind::kMap && theirs.value == -ENOMEM && finds_flaw;
}

}  // namespace space_fuzz
