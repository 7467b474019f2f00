#include "kernel/drivers/terminal_screen.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "kernel/drivers/code_page.hpp"

namespace kernel {
namespace {

std::string answers;

class TerminalScreenTest : public ::testing::Test {
  protected:
    TerminalScreenTest() {
        screen_.reset(TerminalScreen::kDefaultAttribute);
        screen_.set_answer([](std::string_view bytes) { answers += bytes; });
        answers.clear();
    }
    void write(std::string_view bytes) {
        screen_.write(bytes);
        ASSERT_TRUE(screen_.check_invariants());
    }
    /// A line as text, without the blanks at its end.
    [[nodiscard]] std::string line(std::uint32_t number) const {
        std::string text;
        for (std::uint32_t column = 0; column < TerminalScreen::kColumns; ++column) {
            text += static_cast<char>(screen_.cells()[number * TerminalScreen::kColumns + column]);
        }
        return text.substr(0, text.find_last_not_of(' ') + 1);
    }
    [[nodiscard]] unsigned attribute(std::uint32_t line_number, std::uint32_t column) const {
        return screen_.cells()[line_number * TerminalScreen::kColumns + column] >> 8;
    }
    void expect_cursor(std::uint32_t line_number, std::uint32_t column) const {
        EXPECT_EQ(screen_.cursor().line, line_number);
        EXPECT_EQ(screen_.cursor().column, column);
    }

    TerminalScreen screen_;
};

TEST_F(TerminalScreenTest, newline_goes_down_and_return_to_the_edge) {
    write("ab\ncd\ref");
    EXPECT_EQ(line(0), "ab");
    EXPECT_EQ(line(1), "efcd");
}

TEST_F(TerminalScreenTest, the_kernels_newline_begins_a_line) {
    screen_.write_plain("ab\ncd\n");
    EXPECT_EQ(line(0), "ab");
    EXPECT_EQ(line(1), "cd");
    expect_cursor(2, 0);
}

TEST_F(TerminalScreenTest, a_full_line_wraps_only_when_more_comes) {
    write(std::string(80, 'x'));
    expect_cursor(0, 79);
    write("\b!");
    EXPECT_EQ(line(0), std::string(78, 'x') + "!x");
    write("\033[1;80Hyz");
    EXPECT_EQ(line(0).back(), 'y');
    EXPECT_EQ(line(1), "z");
}

TEST_F(TerminalScreenTest, the_screen_scrolls_at_its_end) {
    for (char name = 'a'; name < 'a' + 26; ++name) {
        write(std::string(1, name) + "\r\n");
    }
    EXPECT_EQ(line(0), "c");
    EXPECT_EQ(line(23), "z");
    EXPECT_EQ(line(24), "");
}

TEST_F(TerminalScreenTest, the_cursor_moves_and_stays_on_the_screen) {
    write("\033[10;20H");
    expect_cursor(9, 19);
    write("\033[A\033[2C\033[B\033[3D");
    expect_cursor(9, 18);
    write("\033[999;999H");
    expect_cursor(24, 79);
    write("\033[99A\033[99D");
    expect_cursor(0, 0);
    write("\033[5G\033[7d");
    expect_cursor(6, 4);
}

TEST_F(TerminalScreenTest, erasing_takes_what_is_before_or_behind) {
    write("abcdef\033[1;3H\033[K");
    EXPECT_EQ(line(0), "ab");
    write("\033[2Jxyz\033[1;2H\033[1K");
    EXPECT_EQ(screen_.cells()[1] & 0xFF, ' ');
    write("\033[H\033[2J");
    EXPECT_EQ(line(0), "");
}

TEST_F(TerminalScreenTest, characters_and_lines_are_inserted_and_deleted) {
    write("abcdef\033[1;3H\033[2P");
    EXPECT_EQ(line(0), "abef");
    write("\033[2@");
    EXPECT_EQ(line(0), "ab  ef");
    write("\033[2;1Htwo\033[1;1H\033[L");
    EXPECT_EQ(line(0), "");
    EXPECT_EQ(line(2), "two");
    write("\033[2M");
    EXPECT_EQ(line(0), "two");
}

TEST_F(TerminalScreenTest, only_the_region_scrolls) {
    write("top\033[25;1Hend\033[2;4r\033[2;1Ha\r\nb\r\nc\r\nd");
    EXPECT_EQ(line(0), "top");
    EXPECT_EQ(line(1), "b");
    EXPECT_EQ(line(3), "d");
    EXPECT_EQ(line(24), "end");
    write("\033[2;1H\033M");
    EXPECT_EQ(line(1), "");
    EXPECT_EQ(line(2), "b");
    EXPECT_EQ(line(24), "end");
}

TEST_F(TerminalScreenTest, colours_are_those_of_ansi) {
    write("\033[31mr\033[1;44my\033[7mv\033[0mn\033[38;5;12mb");
    EXPECT_EQ(attribute(0, 0), 0x04U);
    EXPECT_EQ(attribute(0, 1), 0x1CU);
    EXPECT_EQ(attribute(0, 2), 0x49U);
    EXPECT_EQ(attribute(0, 3), 0x07U);
    EXPECT_EQ(attribute(0, 4), 0x09U);
}

TEST_F(TerminalScreenTest, cursor_and_colours_are_saved_and_restored) {
    write("\033[3;4H\033[32m\0337\033[H\033[0m\0338x");
    EXPECT_EQ(line(2), "   x");
    EXPECT_EQ(attribute(2, 3), 0x02U);
}

TEST_F(TerminalScreenTest, reports_are_answered) {
    write("\033[3;4H\033[6n\033[c\033[5n");
    EXPECT_EQ(answers, "\033[3;4R\033[?6c\033[0n");
    screen_.set_answer(nullptr);
    write("\033[6n");
}

TEST_F(TerminalScreenTest, the_cursor_is_hidden_and_shown) {
    write("\033[?25l");
    EXPECT_FALSE(screen_.cursor_visible());
    write("\033[?25h");
    EXPECT_TRUE(screen_.cursor_visible());
}

TEST_F(TerminalScreenTest, what_is_not_understood_is_not_shown) {
    write("a\033]0;title\007b\033[?2004hc\033(Bd\033[>4;1me\033=f");
    EXPECT_EQ(line(0), "abcdef");
}

TEST_F(TerminalScreenTest, a_kernels_line_in_the_middle_of_a_sequence_breaks_nothing) {
    write("\033[3");
    screen_.write_plain("[log]");
    write("1mr");
    EXPECT_EQ(line(0), "[log]r");
    EXPECT_EQ(attribute(0, 5), 0x04U);
}

TEST_F(TerminalScreenTest, utf8_is_shown_in_the_screens_characters) {
    write("\xC3\xA4\xE2\x94\x80\xE2\x82\xAC.\xFF");
    EXPECT_EQ(line(0), "\x84\xC4?.");
    EXPECT_EQ(code_page_437('A'), 'A');
    write("\033[2;1H\033(0lqk\033(Bq");
    EXPECT_EQ(line(1), "\xDA\xC4\xBFq");
}

TEST_F(TerminalScreenTest, changed_lines_are_told_once) {
    static_cast<void>(screen_.take_changed_lines());
    write("\033[4;1Hx\033[7;1Hy");
    const auto lines = screen_.take_changed_lines();
    EXPECT_EQ(lines.first, 3U);
    EXPECT_EQ(lines.end, 7U);
    EXPECT_GE(screen_.take_changed_lines().first, screen_.take_changed_lines().end);
}

TEST_F(TerminalScreenTest, lines_beyond_the_last_page_are_dropped) {
    screen_.set_overflow(TerminalScreen::Overflow::kIsDropped);
    screen_.write_plain("first\n");
    for (int count = 0; count < 100; ++count) {
        screen_.write_plain("more\n");
    }
    EXPECT_EQ(line(0), "first");
    EXPECT_EQ(line(24), "more");
}

TEST_F(TerminalScreenTest, random_bytes_keep_the_cursor_on_the_screen) {
    const std::string_view bytes =
        "\033\033\033[[[0123456789;;?ABCDEFGHJKLMPSTXrsumhl@dc78M\n\r\t\bxyz\xC3\xA4";
    std::mt19937 random(4);
    for (int step = 0; step < 300'000; ++step) {
        const char byte = bytes[random() % bytes.size()];
        screen_.write({&byte, 1});
        ASSERT_TRUE(screen_.check_invariants()) << step;
    }
}

}  // namespace
}  // namespace kernel
