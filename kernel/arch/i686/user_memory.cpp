#include "kernel/arch/i686/user_memory.hpp"

#include <algorithm>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/arch/i686/probe.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "mm/core/panic.hpp"

extern "C" {
// In user_copy.S. Every address of a program's lies below the kernel.
std::size_t user_copy(void* to, const void* from, std::size_t size_bytes);
std::size_t user_zero(void* to, std::size_t size_bytes);
std::size_t user_copy_string(char* to, const void* from, std::size_t room);
std::uint32_t user_compare_exchange(void* word, std::uint32_t* expected, std::uint32_t desired);
struct UserFault {
    std::uintptr_t access;
    std::uintptr_t resume;
};
extern const UserFault user_faults[], user_faults_end[];
extern const char user_copy_begin[], user_copy_end[];
}

namespace kernel {
namespace {

constexpr std::uint32_t kEnd = layout::kKernelBase.value();
constexpr std::size_t kFault = ~std::size_t{0};

/// How many of the `size_bytes` bytes from `address` on lie below the kernel.
constexpr std::size_t part_below_kernel(UserAddress address, std::size_t size_bytes) {
    return address >= kEnd ? 0 : std::min<std::size_t>(size_bytes, kEnd - address);
}

void* pointer(UserAddress address) {
    return mm::VirtAddr(address).as<void>();
}

/// Accesses the page at `address` without changing it.
bool touch(UserAddress address, UserAccess access) {
    if (access == UserAccess::kRead) {
        std::byte byte{};
        return read_user(byte, address).has_value();
    }
    constexpr UserAddress kOffset = sizeof(std::uint32_t) - 1;
    return compare_exchange_user(address & ~kOffset, 0, 0).has_value();
}

}  // namespace

std::size_t copy_from_user(std::span<std::byte> to, UserAddress from) {
    const std::size_t size = part_below_kernel(from, to.size());
    return size - user_copy(to.data(), pointer(from), size);
}

std::size_t copy_to_user(UserAddress to, std::span<const std::byte> from) {
    const std::size_t size = part_below_kernel(to, from.size());
    return size - user_copy(pointer(to), from.data(), size);
}

std::size_t zero_user(UserAddress to, std::size_t size_bytes) {
    const std::size_t size = part_below_kernel(to, size_bytes);
    return size - user_zero(pointer(to), size);
}

FileResult<std::string_view> copy_string_from_user(std::span<char> to, UserAddress from) {
    const std::size_t room = part_below_kernel(from, to.size());
    const std::size_t length = user_copy_string(to.data(), pointer(from), room);
    if (length == kFault || (length == room && room < to.size())) {
        return file_error(Errno::kFault);
    }
    if (length == room) {
        return file_error(Errno::kNameTooLong);
    }
    return std::string_view(to.data(), length);
}

FileResult<std::uint32_t> compare_exchange_user(UserAddress word, std::uint32_t expected,
                                                std::uint32_t desired) {
    if (part_below_kernel(word, sizeof(word)) != sizeof(word) ||
        user_compare_exchange(pointer(word), &expected, desired) != 0) {
        return file_error(Errno::kFault);
    }
    return expected;
}

std::size_t bring_in_user(UserAddress address, std::size_t size_bytes, UserAccess access) {
    mm::expect(!NoPageWaits::any(), "user memory: pages are waited for where nothing may be");
    const std::size_t in_first_page = mm::kPageSize - mm::VirtAddr(address).offset_in_page();
    const std::size_t most = in_first_page + (kPagesBroughtIn - 1) * mm::kPageSize;
    std::size_t size = std::min(part_below_kernel(address, size_bytes), most);
    std::uint32_t waits = 0;
    do {
        waits = page_wait_figures().waits;
        std::size_t at = 0;
        while (at < size && touch(address + static_cast<UserAddress>(at), access)) {
            at = at == 0 ? in_first_page : at + mm::kPageSize;
        }
        size = std::min(at, size);  // What cannot be had is not asked for again.
        // While one page was waited for, one that had come before may have gone again.
    } while (waits != page_wait_figures().waits);
    return size;
}

bool is_user_copy(std::uintptr_t instruction) {
    return instruction - reinterpret_cast<std::uintptr_t>(user_copy_begin) <
           static_cast<std::size_t>(user_copy_end - user_copy_begin);
}

std::uintptr_t user_copy_resume_address(std::uintptr_t instruction) {
    for (const UserFault* fault = user_faults; fault != user_faults_end; ++fault) {
        if (fault->access == instruction) {
            return fault->resume;
        }
    }
    return probe_resume_address(instruction);
}

}  // namespace kernel
