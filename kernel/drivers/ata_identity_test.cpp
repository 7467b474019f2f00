#include "kernel/drivers/ata_identity.hpp"

#include <gtest/gtest.h>

namespace kernel {
namespace {

AtaIdentityWords disk_of_28_bits() {
    AtaIdentityWords words{};
    words[49] = 0x0300;
    words[60] = 0x5678;
    words[61] = 0x0123;
    return words;
}

TEST(AtaIdentity, of_28_bits_has_two_words_of_sectors) {
    const auto identity = parse_ata_identity(disk_of_28_bits());
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->sector_count, 0x0123'5678U);
    EXPECT_EQ(identity->addressing, AtaAddressing::kLba28);
}

TEST(AtaIdentity, of_48_bits_has_four) {
    AtaIdentityWords words = disk_of_28_bits();
    words[83] = 0x4400;
    words[100] = 0x4444;
    words[101] = 0x3333;
    words[102] = 0x2222;
    const auto identity = parse_ata_identity(words);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->sector_count, 0x2222'3333'4444ULL);
    EXPECT_EQ(identity->addressing, AtaAddressing::kLba48);
}

TEST(AtaIdentity, a_word_that_is_not_valid_says_nothing) {
    for (const unsigned sets : {0x0400U, 0x8400U, 0xC400U, 0xFFFFU}) {
        AtaIdentityWords words = disk_of_28_bits();
        words[83] = static_cast<std::uint16_t>(sets);
        words[100] = 77;
        EXPECT_EQ(parse_ata_identity(words)->sector_count, 0x0123'5678U) << sets;
    }
}

TEST(AtaIdentity, without_dma_numbers_or_sectors_is_no_disk_for_us) {
    for (const unsigned capabilities : {0x0000U, 0x0100U, 0x0200U}) {
        AtaIdentityWords words = disk_of_28_bits();
        words[49] = static_cast<std::uint16_t>(capabilities);
        EXPECT_FALSE(parse_ata_identity(words)) << capabilities;
    }
    AtaIdentityWords empty = disk_of_28_bits();
    empty[60] = empty[61] = 0;
    EXPECT_FALSE(parse_ata_identity(empty));
}

}  // namespace
}  // namespace kernel
