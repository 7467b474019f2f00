#include "tests/space_fuzz/generator.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "kernel/syscalls/memory_rules.hpp"

namespace space_fuzz {

namespace {

namespace map_flag = kernel::memory_rules::map_flag;
namespace remap_flag = kernel::memory_rules::remap_flag;

/// Where page tables end, where the arena does, and places to grow down from and up into.
constexpr std::array<std::uint32_t, 7> kHotPages{0, 500, 1'530, 1'690, 2'200, 2'550, 1'020};
constexpr std::uint32_t kHotSpan = 24;
constexpr std::uint32_t kWrappingLength = 0xffff'f001;

std::uint32_t address_of(std::uint32_t page) {
    return kArenaBegin + page * kPageBytes;
}

}  // namespace

std::uint32_t Generator::living_process(const ModelSide& model) {
    std::uint32_t process = below(kProcesses);
    while (!model.lives(process)) {
        process = (process + 1) % kProcesses;
    }
    return process;
}

std::uint32_t Generator::page(const ModelSpace& space) {
    const std::size_t regions = space.regions().region_count();
    if (regions != 0 && !one_in(4)) {
        const mm::Region* region = space.regions().first();
        for (auto skip = below(static_cast<std::uint32_t>(regions)); skip != 0; --skip) {
            region = mm::RegionSet::next(*region);
        }
        const std::uint32_t begin =
            static_cast<std::uint32_t>(region->pages.begin.value()) - kArenaBegin / kPageBytes;
        const std::uint32_t size = region->pages.size();
        const std::uint32_t at =
            one_in(2) ? begin + below(size) : begin + (one_in(2) ? size : 0) + below(3) - 1;
        return std::min(at, kArenaPages - 1);  // (One below page 0 wraps, and becomes the last.)
    }
    if (one_in(8)) {
        return below(kArenaPages);
    }
    return std::min(kHotPages[below(kHotPages.size())] + below(kHotSpan), kArenaPages - 1);
}

std::uint32_t Generator::count(std::uint32_t page) {
    const std::uint32_t wanted = one_in(200)
                                     ? 1 + below(1'500)  // Long enough for two levels of an object's index.
                                 : one_in(40) ? 1 + below(600)
                                 : one_in(4)  ? 1 + below(24)
                                              : 1 + below(6);
    return std::min(wanted, kArenaPages - page);
}

std::uint32_t Generator::length(std::uint32_t pages) {
    return one_in(8) ? pages * kPageBytes - below(kPageBytes) : pages * kPageBytes;
}

std::uint32_t Generator::rights() {
    constexpr std::array<std::uint32_t, 10> kRights{3, 3, 3, 3, 1, 1, 0, 5, 7, 2};
    return kRights[below(kRights.size())];
}

Operation Generator::map(const ModelSpace& space) {
    const std::uint32_t at = page(space);
    const std::uint32_t pages = count(at);
    std::uint32_t address = address_of(at);
    std::uint32_t bytes = length(pages);
    std::uint32_t flags = one_in(2) ? map_flag::kPrivate : map_flag::kShared;
    if (one_in(60)) {
        flags = std::array<std::uint32_t, 4>{0, map_flag::kSharedValidate, 4, 0x0f}[below(4)];
    }
    switch (below(8)) {
        case 0:
        case 1:
        case 2:
            flags |= map_flag::kFixed;
            break;
        case 3:
            flags |= map_flag::kFixedNoReplace | (one_in(2) ? map_flag::kFixed : 0);
            break;
        case 4:
        case 5:
            address = 0;
            break;
        default:
            break;  // The address is a wish.
    }
    std::int32_t file = -1;
    std::uint32_t offset = one_in(10) ? below(1'000) : 0;
    if (one_in(2)) {
        constexpr std::array<std::int32_t, 10> kFiles{
            kReadWriteFile, kReadWriteFile, kReadWriteFile, kReadWriteFile, kReadWriteFile,
            kReadFile,      kModuleFile,    kModuleFile,    kModuleFile,    kWriteFile};
        file = one_in(50) ? kNoFile : kFiles[below(kFiles.size())];
        offset = below(kFilePages + 2);
    } else {
        flags |= map_flag::kAnonymous;
        if (one_in(5)) {
            flags = (flags & ~map_flag::kTypeMask) | map_flag::kPrivate;
            flags |= map_flag::kGrowsDown;
        }
    }
    if (one_in(60)) {
        address += 1 + below(kPageBytes - 1);
    }
    if (one_in(60)) {
        bytes = one_in(2) ? 0 : kWrappingLength;
    }
    return {Kind::kMap, 0, {address, bytes, rights(), flags, static_cast<std::uint32_t>(file), offset}};
}

Operation Generator::remap(const ModelSpace& space) {
    const std::uint32_t at = page(space);
    std::uint32_t old_pages = count(at);
    if (const mm::Region* const region = space.region_at(mm::VirtAddr(address_of(at))); region && one_in(2)) {
        old_pages = region->pages.end - mm::VirtAddr(address_of(at)).page();  // Up to its end: room to grow.
    }
    std::uint32_t flags = below(4) == 0 ? 0 : remap_flag::kMayMove;
    const std::uint32_t to = page(space);
    if (flags != 0 && one_in(3)) {
        flags |= remap_flag::kFixed;
    }
    if (one_in(40)) {
        flags = one_in(2) ? remap_flag::kFixed : 0x18;
    }
    std::uint32_t new_pages = one_in(3) ? old_pages : 1 + below(old_pages + 6);
    if ((flags & remap_flag::kFixed) != 0) {
        new_pages = std::min(new_pages, kArenaPages - to);
    }
    std::uint32_t old_bytes = length(old_pages);
    if (one_in(30)) {
        old_bytes = 0;
    }
    return {Kind::kRemap,
            0,
            {address_of(at) + (one_in(60) ? 8 : 0), old_bytes, one_in(60) ? 0 : length(new_pages), flags,
             address_of(to) + (one_in(60) ? 8 : 0), 0}};
}

Operation Generator::protect(const ModelSpace& space) {
    const std::uint32_t at = page(space);
    std::uint32_t protection = rights();
    if (one_in(30)) {
        protection |= one_in(2) ? 0x100'0000U : one_in(2) ? 0x8U : one_in(2) ? 0x200'0000U : 0x40U;
    }
    return {Kind::kProtect,
            0,
            {address_of(at) + (one_in(60) ? 4 : 0), one_in(60) ? 0 : length(count(at)), protection}};
}

Operation Generator::range_call(const ModelSpace& space) {
    const std::uint32_t at = page(space);
    const std::uint32_t address = address_of(at) + (one_in(60) ? 4 : 0);
    const std::uint32_t bytes = one_in(60) ? 0 : length(count(at));
    switch (below(8)) {
        case 0:
        case 1:
        case 2:
            return {Kind::kUnmap, 0, {address, one_in(60) ? kWrappingLength : bytes}};
        case 3:
        case 4:
            return {Kind::kAdvise, 0, {address, bytes, one_in(10) ? (one_in(2) ? 0U : 77U) : 4U}};
        case 5:
            return {Kind::kSync, 0, {address, bytes, one_in(4) ? below(16) : 4}};
        default:
            return {Kind::kResidency, 0, {address, bytes}};
    }
}

Operation Generator::access(const ModelSpace& space) {
    const std::uint32_t at = page(space);
    constexpr std::array<std::uint32_t, 4> kOffsets{0, 4, 0x7f0, 0xffc};
    const std::uint32_t address = address_of(at) + kOffsets[below(kOffsets.size())];
    if (one_in(2)) {
        return {Kind::kRead, 0, {address}};
    }
    return {Kind::kWrite, 0, {address, next_word_++}};
}

Operation Generator::file() {
    const std::uint32_t offset = below(kFilePages + 2) * kPageBytes + (one_in(2) ? 0 : 0xffc);
    if (one_in(4)) {
        return {Kind::kFileResize, 0, {one_in(2) ? kFilePages : below(kFilePages + 3)}};
    }
    return one_in(2) ? Operation{Kind::kFileRead, 0, {offset}}
                     : Operation{Kind::kFileWrite, 0, {offset, next_word_++}};
}

Operation Generator::process(const ModelSide& model) {
    std::uint32_t alive = 0;
    std::uint32_t free = kProcesses;
    for (std::uint32_t number = 0; number < kProcesses; ++number) {
        if (model.lives(number)) {
            ++alive;
        } else {
            free = number;
        }
    }
    if (alive == kProcesses || (alive > 1 && one_in(2))) {
        return {Kind::kExit, 0, {}};
    }
    return {Kind::kFork, 0, {free}};
}

Operation Generator::next(const ModelSide& model) {
    const std::uint32_t number = living_process(model);
    const ModelSpace& space = model.space(number);
    const std::uint32_t choice = below(100);
    Operation operation = choice < 40   ? access(space)
                          : choice < 58 ? map(space)
                          : choice < 76 ? range_call(space)
                          : choice < 84 ? protect(space)
                          : choice < 91 ? remap(space)
                          : choice < 95 ? file()
                          : choice < 98 ? process(model)
                                        : access(space);
    if (choice >= 98 && has_break_) {
        const std::uint32_t now = model.program_break(number);
        const std::uint32_t wanted = one_in(10) ? 0 : kBreakBegin + below(20 * kPageBytes);
        operation = {Kind::kBreak, 0, {one_in(4) ? now + below(100) : wanted}};
    }
    operation.process = number;
    return operation;
}

}  // namespace space_fuzz
