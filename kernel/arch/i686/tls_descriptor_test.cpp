#include <gtest/gtest.h>

#include "kernel/arch/i686/context.hpp"

namespace kernel {
namespace {

// What glibc asks for: 32-bit, limit in pages, available.
constexpr UserDescriptor kThreadArea{
    .entry_number = 6, .base = 0x0812'3456, .limit = 0xF'FFFF, .flags = 0x51};

TEST(TlsDescriptor, has_the_bits_the_cpu_wants) {
    EXPECT_EQ(tls_descriptor(kThreadArea), 0x08DF'F312'3456'FFFFU);
}

TEST(TlsDescriptor, tells_what_was_asked_for) {
    for (std::uint32_t flags = 0; flags < 0x80; ++flags) {
        const UserDescriptor wanted{
            .entry_number = 7, .base = 0xFEDC'BA98, .limit = 0x9'8765, .flags = flags};
        const UserDescriptor told = user_descriptor(tls_descriptor(wanted), 7);
        EXPECT_EQ(told.entry_number, 7U);
        EXPECT_EQ(told.base, wanted.base);
        EXPECT_EQ(told.limit, wanted.limit);
        EXPECT_EQ(told.flags, wanted.flags);
    }
}

TEST(TlsDescriptor, is_always_a_ring_3_segment_and_never_a_system_one) {
    for (std::uint32_t flags = 0; flags < 0x100; ++flags) {
        const std::uint64_t descriptor =
            tls_descriptor({.entry_number = 6, .base = UINT32_MAX, .limit = UINT32_MAX, .flags = flags});
        EXPECT_EQ(descriptor >> 44 & 7U, 7U);
    }
}

TEST(TlsDescriptor, of_an_empty_request_is_zero) {
    EXPECT_EQ(tls_descriptor({.entry_number = 6, .base = 0, .limit = 0, .flags = 0x28}), 0U);
    EXPECT_EQ(tls_descriptor({.entry_number = 6, .base = 0, .limit = 0, .flags = 0}), 0U);
    EXPECT_TRUE(is_empty(user_descriptor(0, 6)));
}

TEST(TlsDescriptor, only_present_32_bit_data_is_allowed) {
    EXPECT_TRUE(is_allowed(kThreadArea));
    UserDescriptor other = kThreadArea;
    other.flags = 0x50;  // 16-bit
    EXPECT_FALSE(is_allowed(other));
    other.flags = 0x51 | 2U << 1;  // code
    EXPECT_FALSE(is_allowed(other));
    other.flags = 0x51 | 1U << 1;  // expand-down data
    EXPECT_TRUE(is_allowed(other));
    other.flags = 0x51 | 1U << 5;  // not present
    EXPECT_FALSE(is_allowed(other));
    EXPECT_TRUE(is_allowed({.entry_number = 6, .base = 0, .limit = 0, .flags = 0x28}));
}

}  // namespace
}  // namespace kernel
