#include <gtest/gtest.h>

#include <linux/futex.h>

#include "kernel/programs/futex.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t word(std::uint32_t change, std::int32_t operand, std::uint32_t compare,
                             std::int32_t compared) {
    return change << 28 | compare << 24 | (static_cast<std::uint32_t>(operand) & 0xFFF) << 12 |
           (static_cast<std::uint32_t>(compared) & 0xFFF);
}

TEST(FutexOperation, changes_the_word_as_linux_says) {
    constexpr std::uint32_t kOld = 0xF0;
    EXPECT_EQ(FutexOperation::decode(word(FUTEX_OP_SET, 5, 0, 0))->changed(kOld), 5U);
    EXPECT_EQ(FutexOperation::decode(word(FUTEX_OP_ADD, -1, 0, 0))->changed(kOld), 0xEFU);
    EXPECT_EQ(FutexOperation::decode(word(FUTEX_OP_OR, 0xF, 0, 0))->changed(kOld), 0xFFU);
    EXPECT_EQ(FutexOperation::decode(word(FUTEX_OP_ANDN, 0x30, 0, 0))->changed(kOld), 0xC0U);
    EXPECT_EQ(FutexOperation::decode(word(FUTEX_OP_XOR, 0xFF, 0, 0))->changed(kOld), 0xFU);
    EXPECT_EQ(FutexOperation::decode(word(FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 31, 0, 0))->changed(kOld),
              0x8000'0000U);
}

TEST(FutexOperation, compares_as_signed_numbers) {
    const auto holds = [](std::uint32_t compare, std::int32_t compared, std::uint32_t old) {
        return FutexOperation::decode(word(FUTEX_OP_SET, 0, compare, compared))->holds(old);
    };
    EXPECT_TRUE(holds(FUTEX_OP_CMP_EQ, -3, static_cast<std::uint32_t>(-3)));
    EXPECT_TRUE(holds(FUTEX_OP_CMP_NE, 4, 5));
    EXPECT_TRUE(holds(FUTEX_OP_CMP_LT, 0, static_cast<std::uint32_t>(-1)));
    EXPECT_FALSE(holds(FUTEX_OP_CMP_LT, 0, 0));
    EXPECT_TRUE(holds(FUTEX_OP_CMP_LE, 0, 0));
    EXPECT_FALSE(holds(FUTEX_OP_CMP_GT, 0, static_cast<std::uint32_t>(-1)));
    EXPECT_TRUE(holds(FUTEX_OP_CMP_GE, 7, 7));
}

TEST(FutexOperation, refuses_what_linux_does_not_define) {
    EXPECT_FALSE(FutexOperation::decode(word(5, 0, 0, 0)));
    EXPECT_FALSE(FutexOperation::decode(word(0, 0, 6, 0)));
}

}  // namespace
}  // namespace kernel
