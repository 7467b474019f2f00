#include "kernel/arch/i686/fsave_image.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <algorithm>
#include <cstring>

namespace kernel {
namespace {

using Fxsave = std::array<std::byte, 512>;

constexpr std::size_t kStatusAt = 2, kTagsAt = 4, kRegistersAt = 32, kSlotBytes = 16;

void set_half(Fxsave& image, std::size_t at, std::uint16_t value) {
    std::memcpy(image.data() + at, &value, sizeof(value));
}

/// ST(place) with these 80 bits.
void set_register(Fxsave& image, std::size_t place, std::uint64_t mantissa, std::uint16_t exponent) {
    std::memcpy(image.data() + kRegistersAt + place * kSlotBytes, &mantissa, sizeof(mantissa));
    set_half(image, kRegistersAt + place * kSlotBytes + sizeof(mantissa), exponent);
}

TEST(FsaveImage, an_empty_stack_has_only_empty_tags) {
    const Fxsave image{};
    EXPECT_EQ(fsave_image_of(image).tags, 0xffff'ffffU);
}

TEST(FsaveImage, tags_tell_valid_zero_and_special_values_apart) {
    Fxsave image{};
    image[kTagsAt] = std::byte{0x1f};
    set_register(image, 0, 1ULL << 63, 0x3fff);  // 1.0
    set_register(image, 1, 0, 0x8000);           // -0.0
    set_register(image, 2, 1ULL << 63, 0x7fff);  // infinity
    set_register(image, 3, 1, 0);                // denormal
    set_register(image, 4, 1, 0x3fff);           // its integer bit is missing
    EXPECT_EQ(fsave_image_of(image).tags, 0xffff'fea4U);
}

TEST(FsaveImage, tags_are_by_number_and_contents_by_place) {
    Fxsave image{};
    set_half(image, kStatusAt, 7 << 11);  // the top is register 7
    image[kTagsAt] = std::byte{0x80};
    set_register(image, 0, 1ULL << 63, 0x3fff);
    const FsaveImage old = fsave_image_of(image);
    EXPECT_EQ(old.tags, 0xffff'3fffU);
    EXPECT_TRUE(std::equal(old.registers.begin(), old.registers.begin() + 10, image.begin() + kRegistersAt));
}

TEST(FsaveImage, what_a_program_changes_in_the_old_form_counts) {
    Fxsave image{};
    FsaveImage old = fsave_image_of(image);
    old.control = 0x0c7f;
    old.tags = 0xffff'fffcU;
    old.registers[3] = std::byte{0x42};
    apply_fsave_image(old, image);
    EXPECT_EQ(image[0], std::byte{0x7f});
    EXPECT_EQ(image[1], std::byte{0x0c});
    EXPECT_EQ(image[kTagsAt], std::byte{1});
    EXPECT_EQ(image[kRegistersAt + 3], std::byte{0x42});
}

RC_GTEST_PROP(FsaveImageProperties, there_and_back_changes_nothing, ()) {
    Fxsave image;
    for (std::byte& byte : image) {
        byte = std::byte{*rc::gen::arbitrary<std::uint8_t>()};
    }
    Fxsave back = image;
    apply_fsave_image(fsave_image_of(image), back);
    RC_ASSERT(std::equal(image.begin(), image.end(), back.begin()));
}

}  // namespace
}  // namespace kernel
