// What the differential fuzzer (tests/space_fuzz) cannot try on a 64-bit host: addresses and lengths around
// the end of a program's own address space, and those that wrap around 2^32.
#include "kernel/syscalls/memory_rules.hpp"

#include <gtest/gtest.h>

namespace kernel::memory_rules {
namespace {

constexpr mm::PageRange kUser{mm::PageNumber(0x10), mm::PageNumber(0xc0000)};
constexpr std::uint32_t kAnywhere = map_flag::kPrivate | map_flag::kAnonymous;
constexpr std::uint32_t kFixed = kAnywhere | map_flag::kFixed;

constexpr mm::PageRange pages(std::uintptr_t begin, std::uintptr_t end) {
    return {mm::PageNumber(begin), mm::PageNumber(end)};
}

Errno refused(const MapArguments& arguments) {
    const FileResult<mm::MapRequest> request = map_request(arguments, kUser);
    return request ? Errno{0} : request.error();
}

TEST(MemoryRules, a_mapping_needs_a_length_that_fits_below_the_kernel) {
    EXPECT_EQ(refused({0, 0, 3, kAnywhere, -1, 0}), Errno::kInvalid);
    EXPECT_EQ(refused({0, 0xbfff'0000, 3, kAnywhere, -1, 0}), Errno{0});
    EXPECT_EQ(refused({0, 0xbfff'0001, 3, kAnywhere, -1, 0}), Errno::kNoMemory);
    EXPECT_EQ(refused({0, 0xffff'f001, 3, kAnywhere, -1, 0}), Errno::kNoMemory);
    EXPECT_EQ(refused({0, 0xffff'ffff, 3, kAnywhere, -1, 0}), Errno::kNoMemory);
}

TEST(MemoryRules, a_fixed_mapping_lies_in_the_programs_part) {
    EXPECT_EQ(refused({0xbfff'f000, 0x1000, 3, kFixed, -1, 0}), Errno{0});
    EXPECT_EQ(refused({0xbfff'f000, 0x1001, 3, kFixed, -1, 0}), Errno::kNoMemory);
    EXPECT_EQ(refused({0xc000'0000, 0x1000, 3, kFixed, -1, 0}), Errno::kNoMemory);
    EXPECT_EQ(refused({0xffff'f000, 0x1000, 3, kFixed, -1, 0}), Errno::kNoMemory);
    EXPECT_EQ(refused({0x0001'0800, 0x1000, 3, kFixed, -1, 0}), Errno::kInvalid);
    EXPECT_EQ(refused({0x0000'f000, 0x1000, 3, kFixed, -1, 0}), Errno::kNotPermitted);
    EXPECT_EQ(refused({0, 0x1000, 3, kFixed, -1, 0}), Errno::kNotPermitted);
}

TEST(MemoryRules, a_wish_is_rounded_into_the_programs_part) {
    const auto wish = [](std::uint32_t address) {
        return map_request({address, 0x1000, 3, kAnywhere, -1, 0}, kUser).value().address.value();
    };
    EXPECT_EQ(wish(0), 0u);
    EXPECT_EQ(wish(0xfff), 0u) << "rounded down to none";
    EXPECT_EQ(wish(0x1234), 0x1'0000u);
    EXPECT_EQ(wish(0x8'1234), 0x8'1000u);
}

TEST(MemoryRules, file_pages_may_not_wrap) {
    EXPECT_EQ(refused({0, 0x2000, 3, map_flag::kShared, 3, 0xffff'fffe}), Errno::kOverflow);
    EXPECT_EQ(refused({0, 0x1000, 3, map_flag::kShared, 3, 0xffff'fffe}), Errno{0});
}

TEST(MemoryRules, what_is_unmapped_lies_in_the_programs_part) {
    EXPECT_EQ(unmap_range(0xbfff'0000, 0x1'0000, kUser), pages(0xbfff0, 0xc0000));
    EXPECT_EQ(unmap_range(0xbfff'0000, 0x1'0001, kUser), file_error(Errno::kInvalid));
    EXPECT_EQ(unmap_range(0xffff'f000, 0x1000, kUser), file_error(Errno::kInvalid));
    EXPECT_EQ(unmap_range(0x10'0000, 0xffff'ffff, kUser), file_error(Errno::kInvalid));
    EXPECT_EQ(unmap_range(0x10'0000, 0, kUser), file_error(Errno::kInvalid));
}

TEST(MemoryRules, ranges_that_wrap_are_refused) {
    EXPECT_EQ(protect_range(0xffff'f000, 0x2000, 1), file_error(Errno::kNoMemory));
    EXPECT_EQ(protect_range(0x1000, 0xffff'ffff, 1), file_error(Errno::kNoMemory));
    EXPECT_EQ(advice_range(0xffff'f000, 0x2000, 4), file_error(Errno::kInvalid));
    EXPECT_EQ(sync_range(0xffff'f000, 0x2000, 4), file_error(Errno::kNoMemory));
    EXPECT_EQ(residency_range(0xffff'f000, 0x2000), file_error(Errno::kNoMemory));
    EXPECT_EQ(protect_range(0xffff'f000, 0x1000, 1), pages(0xfffff, 0x100000)) << "ends at 2^32, no further";
}

TEST(MemoryRules, nothing_to_do_comes_before_unknown_rights) {
    EXPECT_TRUE(protect_range(0x1000, 0, 0x40).value().empty());
    EXPECT_EQ(protect_range(0x1000, 1, 0x40), file_error(Errno::kInvalid));
    EXPECT_EQ(protect_range(0x1001, 0, 0x1), file_error(Errno::kInvalid));
}

TEST(MemoryRules, a_target_of_mremap_lies_in_the_programs_part) {
    const auto target = [](std::uint32_t address, std::uint32_t length) {
        const auto request = remap_request(
            {0x10'0000, 0x1000, length, remap_flag::kMayMove | remap_flag::kFixed, address}, kUser);
        return request ? Errno{0} : request.error();
    };
    EXPECT_EQ(target(0xbfff'f000, 0x1000), Errno{0});
    EXPECT_EQ(target(0xbfff'f000, 0x1001), Errno::kInvalid);
    EXPECT_EQ(target(0xffff'f000, 0x1000), Errno::kInvalid);
    EXPECT_EQ(target(0x1000, 0x1000), Errno::kNotPermitted);
    EXPECT_EQ(target(0x10'0000, 0x1000), Errno::kInvalid) << "overlaps the old pages";
    EXPECT_EQ(target(0x20'0000, 0xffff'ffff), Errno::kInvalid);
}

TEST(MemoryRules, advice_that_would_have_to_be_kept_is_refused) {
    constexpr std::uint32_t kDontFork = 10, kWipeOnFork = 18, kRemove = 9;
    for (const std::uint32_t advice : {kDontFork, kWipeOnFork, kRemove, 77U}) {
        EXPECT_EQ(advice_range(0x1000, 0x1000, advice), file_error(Errno::kInvalid)) << advice;
    }
    EXPECT_TRUE(advises_discard(4));
    EXPECT_FALSE(advises_discard(0));
}

TEST(MemoryRules, a_file_that_was_not_opened_for_it_is_not_mapped) {
    const auto added = [](std::uint32_t type, std::uint32_t rights, bool readable, bool writable) {
        const MapArguments arguments{0, 0x1000, rights, type, 3, 0};
        mm::MapRequest request = map_request(arguments, kUser).value();
        const MappableFile file{.object = nullptr, .readable = readable, .writable = writable};
        const FileResult<void> result = add_source(request, arguments, &file);
        return result ? Errno{0} : result.error();
    };
    EXPECT_EQ(added(map_flag::kShared, 3, true, false), Errno::kAccess);
    EXPECT_EQ(added(map_flag::kPrivate, 3, true, false), Errno{0});
    EXPECT_EQ(added(map_flag::kShared, 1, true, false), Errno{0});
    EXPECT_EQ(added(map_flag::kPrivate, 1, false, true), Errno::kAccess);
    EXPECT_EQ(added(map_flag::kShared | map_flag::kGrowsDown, 1, true, true), Errno::kInvalid);
    EXPECT_EQ(added(0, 1, true, true), Errno::kInvalid);
}

}  // namespace
}  // namespace kernel::memory_rules
