#include "kernel/programs/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kernel {
namespace {

/// "interpreter|argument", "none" when it is no script, "refused".
std::string read(std::string_view beginning) {
    const auto line = read_script_line(beginning);
    if (!line) {
        return "refused";
    }
    if (!*line) {
        return "none";
    }
    return std::string((*line)->interpreter) + "|" + std::string((*line)->argument);
}

TEST(Script, the_interpreter_and_all_of_its_one_argument_are_read) {
    EXPECT_EQ(read("#!/bin/sh\necho"), "/bin/sh|");
    EXPECT_EQ(read("#! /bin/sh -e\n"), "/bin/sh|-e");
    EXPECT_EQ(read("#!\t /usr/bin/env  awk -f \t\n"), "/usr/bin/env|awk -f");
}

TEST(Script, a_short_file_needs_no_newline) {
    EXPECT_EQ(read("#!/bin/sh"), "/bin/sh|");
    EXPECT_EQ(read("#!/bin/sh -x"), "/bin/sh|-x");
}

TEST(Script, what_does_not_begin_like_one_is_none) {
    EXPECT_EQ(read(""), "none");
    EXPECT_EQ(read("#"), "none");
    EXPECT_EQ(read("\x7f"
                   "ELF"),
              "none");
    EXPECT_EQ(read(" #!/bin/sh\n"), "none");
}

TEST(Script, no_interpreter_is_refused) {
    EXPECT_EQ(read("#!"), "refused");
    EXPECT_EQ(read("#!\n/bin/sh"), "refused");
    EXPECT_EQ(read("#!  \t \n"), "refused");
}

TEST(Script, a_name_that_the_look_cuts_off_is_refused_and_an_argument_is_not) {
    const std::string name = "#!/" + std::string(kScriptLineBytes - 3, 'x');
    EXPECT_EQ(read(name), "refused");
    const std::string argument = "#!/bin/sh " + std::string(kScriptLineBytes - 10, 'x');
    ASSERT_EQ(argument.size(), kScriptLineBytes);
    EXPECT_EQ(read(argument), "/bin/sh|" + std::string(kScriptLineBytes - 10, 'x'));
}

TEST(Script, a_zero_byte_ends_the_line) {
    EXPECT_EQ(read(std::string_view("#!/bin/sh\0rest", 14)), "/bin/sh|");
}

}  // namespace
}  // namespace kernel
