#include "kernel/boot/loader_text.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <string>

namespace kernel {
namespace {

std::string restored(Loader loader, std::string text) {
    return std::string(restore_loader_text(loader, text));
}

/// What GRUB 2.06 makes of one argument.
std::string quoted_by_grub(const std::string& argument) {
    std::string result;
    for (std::size_t at = 0; at < argument.size(); ++at) {
        const bool byte_escape = argument[at] == '\\' && argument.size() - at >= 4 &&
                                 argument[at + 1] == 'x' &&
                                 std::isxdigit(static_cast<unsigned char>(argument[at + 2])) != 0 &&
                                 std::isxdigit(static_cast<unsigned char>(argument[at + 3])) != 0;
        if (byte_escape) {
            result += argument.substr(at, 4);
            at += 3;
            continue;
        }
        if (argument[at] == '\\' || argument[at] == '\'' || argument[at] == '"') {
            result += '\\';
        }
        result += argument[at];
    }
    return argument.find(' ') == std::string::npos ? result : '"' + result + '"';
}

// F1
TEST(LoaderText, loaders_are_known_by_the_names_they_give) {
    EXPECT_EQ(loader_named("qemu"), Loader::kQemu);
    EXPECT_EQ(loader_named("GRUB 2.06-13+deb12u2"), Loader::kGrub);
    EXPECT_EQ(loader_named("SYSLINUX 6.04"), Loader::kOther);
    EXPECT_EQ(loader_named(""), Loader::kOther);
}

TEST(LoaderText, qemu_loses_the_file_name_and_one_blank) {
    EXPECT_EQ(restored(Loader::kQemu, "/dev/fd/7 quiet  'a b' \\\""), "quiet  'a b' \\\"");
    EXPECT_EQ(restored(Loader::kQemu, "/dev/fd/7  leading"), " leading");
    EXPECT_EQ(restored(Loader::kQemu, "/dev/fd/7 "), "");
    EXPECT_EQ(restored(Loader::kQemu, "/dev/fd/7"), "");
    EXPECT_EQ(restored(Loader::kQemu, ""), "");
}

TEST(LoaderText, grub_loses_its_quotes_and_backslashes) {
    EXPECT_EQ(restored(Loader::kGrub, "quiet"), "quiet");
    EXPECT_EQ(restored(Loader::kGrub, "\"a \\'b\\' \\\"c\\\" \\\\\""), "a 'b' \"c\" \\");
    EXPECT_EQ(restored(Loader::kGrub, "one \"two three\" four"), "one two three four");
    EXPECT_EQ(restored(Loader::kGrub, "\\x41 \\\\x41"), "\\x41 \\x41");
    EXPECT_EQ(restored(Loader::kGrub, ""), "");
}

TEST(LoaderText, a_backslash_at_the_very_end_stays) {
    EXPECT_EQ(restored(Loader::kGrub, "a\\"), "a\\");
}

TEST(LoaderText, an_unknown_loader_is_taken_at_its_word) {
    EXPECT_EQ(restored(Loader::kOther, "\"a b\" c"), "\"a b\" c");
}

RC_GTEST_PROP(LoaderText, whatever_grub_quotes_is_read_back, ()) {
    const auto argument = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
        {{3, rc::gen::elementOf(std::string("\\\"' x4A"))}, {1, rc::gen::nonZero<char>()}}));
    RC_ASSERT(restored(Loader::kGrub, quoted_by_grub(argument)) == argument);
}

}  // namespace
}  // namespace kernel
