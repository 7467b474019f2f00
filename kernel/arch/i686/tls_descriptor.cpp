// Thread-local segments: from Linux's struct user_desc to a descriptor and back. No hardware: tested on the
// host.
#include "kernel/arch/i686/context.hpp"

namespace kernel {
namespace {

// UserDescriptor::flags, from bit 0: 32-bit, contents (2 bits: data, expand-down, code, conforming), read or
// execute only, limit in pages, not present, available to software.
constexpr std::uint32_t k32Bit = 1U << 0;
constexpr std::uint32_t kContentsShift = 1;
constexpr std::uint32_t kNotWritable = 1U << 3;
constexpr std::uint32_t kLimitInPages = 1U << 4;
constexpr std::uint32_t kNotPresent = 1U << 5;
constexpr std::uint32_t kAvailable = 1U << 6;
constexpr std::uint32_t kAll = 0x7F;

constexpr std::uint32_t contents(std::uint32_t flags) {
    return flags >> kContentsShift & 3U;
}
constexpr std::uint64_t bit(std::uint64_t word, unsigned index) {
    return word >> index & 1U;
}

}  // namespace

bool is_empty(const UserDescriptor& wanted) {
    const std::uint32_t flags = wanted.flags & kAll;
    return wanted.base == 0 && wanted.limit == 0 && (flags == (kNotWritable | kNotPresent) || flags == 0);
}

bool is_allowed(const UserDescriptor& wanted) {
    return is_empty(wanted) ||
           ((wanted.flags & k32Bit) != 0 && contents(wanted.flags) <= 1 && (wanted.flags & kNotPresent) == 0);
}

// [intel/vol3] 3.4.5: bits 40 accessed, 41 writable, 42-43 contents, 44 not a system segment, 45-46
// privilege, 47 present, 52 available, 54 32-bit, 55 limit in pages.
std::uint64_t tls_descriptor(const UserDescriptor& wanted) {
    if (is_empty(wanted)) {
        return 0;
    }
    const std::uint64_t base = wanted.base;
    const std::uint64_t limit = wanted.limit;
    const std::uint32_t flags = wanted.flags;
    std::uint64_t descriptor =
        (limit & 0xFFFF) | (base & 0xFF'FFFF) << 16 | (limit >> 16 & 0xF) << 48 | (base >> 24) << 56;
    descriptor |= std::uint64_t{1} << 40 | std::uint64_t{1} << 44 | std::uint64_t{3} << 45;
    descriptor |= std::uint64_t{contents(flags)} << 42;
    descriptor |= std::uint64_t{(flags & kNotWritable) == 0} << 41;
    descriptor |= std::uint64_t{(flags & kNotPresent) == 0} << 47;
    descriptor |= std::uint64_t{(flags & kAvailable) != 0} << 52;
    descriptor |= std::uint64_t{(flags & k32Bit) != 0} << 54;
    descriptor |= std::uint64_t{(flags & kLimitInPages) != 0} << 55;
    return descriptor;
}

UserDescriptor user_descriptor(std::uint64_t descriptor, std::uint32_t slot) {
    UserDescriptor told{.entry_number = slot, .base = 0, .limit = 0, .flags = 0};
    told.base = static_cast<std::uint32_t>((descriptor >> 16 & 0xFF'FFFF) | (descriptor >> 56) << 24);
    told.limit = static_cast<std::uint32_t>((descriptor & 0xFFFF) | (descriptor >> 48 & 0xF) << 16);
    told.flags = static_cast<std::uint32_t>(bit(descriptor, 54) | (descriptor >> 42 & 3U) << kContentsShift |
                                            (bit(descriptor, 41) ^ 1U) << 3 | bit(descriptor, 55) << 4 |
                                            (bit(descriptor, 47) ^ 1U) << 5 | bit(descriptor, 52) << 6);
    return told;
}

}  // namespace kernel
