#include "kernel/programs/line_editor.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kernel {
namespace {

class Text final : public Sink {
  public:
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
};

class LineEditorTest : public ::testing::Test {
  protected:
    using Event = LineEditor::Event;

    /// Types `keys`; returns what the last of them caused.
    Event type(const std::string& keys) {
        Event last = Event::kNone;
        for (const char key : keys) {
            last = editor_.feed(key);
        }
        return last;
    }
    std::string line() { return {editor_.line().begin(), editor_.line().end()}; }

    Text screen_;
    LineEditor editor_{screen_};
};

TEST_F(LineEditorTest, a_line_ends_with_enter_whatever_enter_sends) {
    for (const char* enter : {"\r", "\n"}) {
        EXPECT_EQ(type(std::string("ls /") + enter), Event::kLine);
        EXPECT_EQ(line(), "ls /");
    }
    EXPECT_EQ(type("a\r"), Event::kLine);
    EXPECT_EQ(type("\n"), Event::kNone);
    EXPECT_EQ(type("\n"), Event::kLine);
    EXPECT_EQ(line(), "");
}

TEST_F(LineEditorTest, what_is_typed_is_shown) {
    type("abc\x7F\r");
    EXPECT_EQ(screen_.text, "abc\b \b\n");
}

TEST_F(LineEditorTest, backspace_takes_back_one_character) {
    type(
        "\x08\x7F"
        "ab\x08"
        "c\x7F"
        "de\r");
    EXPECT_EQ(line(), "ade");
    type(
        "a\xC3\xA4\x7F"
        "b\r");
    EXPECT_EQ(line(), "ab");
}

TEST_F(LineEditorTest, control_u_forgets_the_line) {
    type(
        "abc\x15"
        "d\r");
    EXPECT_EQ(line(), "d");
    EXPECT_EQ(screen_.text, "abc\b \b\b \b\b \bd\n");
}

TEST_F(LineEditorTest, control_c_cancels_the_line) {
    EXPECT_EQ(type("abc\x03"), Event::kCancelled);
    type("d\r");
    EXPECT_EQ(line(), "d");
}

TEST_F(LineEditorTest, control_d_ends_the_input_only_on_an_empty_line) {
    EXPECT_EQ(type("a\x04"), Event::kNone);
    EXPECT_EQ(type("\x7F\x04"), Event::kEndOfInput);
    EXPECT_EQ(type("b\r"), Event::kLine);
    EXPECT_EQ(type("\x04"), Event::kEndOfInput);
}

TEST_F(LineEditorTest, arrow_keys_and_other_controls_do_nothing) {
    EXPECT_EQ(type("a\x1B[A\x1B[1;5C\x1BOP\x1Bx\x01"
                   "b\r"),
              Event::kLine);
    EXPECT_EQ(line(), "ab");
}

TEST_F(LineEditorTest, the_longest_line_is_taken_and_one_byte_more_is_refused_whole) {
    const std::string longest(LineEditor::kLongestLine, 'x');
    EXPECT_EQ(type(longest + "\r"), Event::kLine);
    EXPECT_EQ(line(), longest);
    EXPECT_EQ(type(longest + "y\r"), Event::kTooLong);
    EXPECT_EQ(type(longest + "y\x15z\r"), Event::kLine);
    EXPECT_EQ(line(), "z");
}

TEST_F(LineEditorTest, backspace_brings_a_line_that_was_too_long_back) {
    const std::string longest(LineEditor::kLongestLine, 'x');
    EXPECT_EQ(type(longest + "yz\x7F\r"), Event::kTooLong);
    EXPECT_EQ(type(longest + "yz\x7F\x7F\r"), Event::kLine);
    EXPECT_EQ(line(), longest);
    EXPECT_EQ(type(longest + "y\x7F\x7Fz\r"), Event::kLine);
    EXPECT_EQ(line(), longest.substr(1) + "z");
    EXPECT_EQ(type(longest + "\xC3\xA4\x7F\r"), Event::kLine);
    EXPECT_EQ(line(), longest);
    EXPECT_EQ(type(longest + "y\x03"), Event::kCancelled);
    EXPECT_EQ(type("\x7F\x04"), Event::kEndOfInput);
}

TEST_F(LineEditorTest, a_character_that_does_not_fit_whole_is_not_taken) {
    const std::string almost(LineEditor::kLongestLine - 2, 'x');
    EXPECT_EQ(type(almost + "\xF0\x9F\x98\x80\r"), Event::kTooLong);
    EXPECT_EQ(type(almost + "\xF0\x9F\x98\x80\x7Fy\r"), Event::kLine);
    EXPECT_EQ(line(), almost + "y");
}

}  // namespace
}  // namespace kernel
