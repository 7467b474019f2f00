// A screen of text as Linux's console is one: characters and escape sequences in, coloured cells out.
//
//   one cell: 15..12 background | 11..8 foreground | 7..0 character (code page 437)
//
// Understands of ECMA-48 and the VT102 what editors, pagers and line editing use: moving the cursor, erasing,
// inserting, deleting, scrolling regions, colours, line graphics, reports; unknown sequences are taken in and do
// nothing. UTF-8 is shown as far as the code page goes. Pure; the cells are copied to the screen by whoever owns one
// (vga_text.hpp), the lines that changed only. Invariants: I1 the cursor is on the screen; I2 top_ < bottom_ <= kLines.
// Cost: a few instructions a character; scrolling, a line's cells. [linux] console_codes(4), [ecma-48]
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kernel {

class TerminalScreen {
  public:
    static constexpr std::uint32_t kColumns = 80;
    static constexpr std::uint32_t kLines = 25;
    using Cell = std::uint16_t;
    static constexpr Cell kDefaultAttribute = 0x0700;

    /// Where answers to reports go: as if typed. Null: none are given.
    using Answer = void (*)(std::string_view bytes);

    /// What becomes of lines beyond the last one.
    enum class Overflow : std::uint8_t { kScrolls, kIsDropped };

    /// Everything blank in `attribute`, the cursor in the corner, all modes as at first.
    void reset(Cell attribute);
    void set_answer(Answer answer) { answer_ = answer; }
    void set_overflow(Overflow overflow) { overflow_ = overflow; }
    /// Colours of what comes, until an escape sequence changes them.
    void set_attribute(Cell attribute) { attribute_ = attribute; }

    /// A program's bytes.
    void write(std::string_view bytes);
    /// The kernel's own text: newlines begin a line, nothing is an escape sequence, and one that a program has begun
    /// goes on afterwards.
    void write_plain(std::string_view text);

    [[nodiscard]] const std::array<Cell, kColumns * kLines>& cells() const { return cells_; }
    struct Cursor {
        std::uint32_t line = 0;
        std::uint32_t column = 0;
    };
    [[nodiscard]] Cursor cursor() const { return cursor_; }
    [[nodiscard]] bool cursor_visible() const { return cursor_visible_; }

    /// Lines that changed since the last call, [first, end); forgets them.
    struct Lines {
        std::uint32_t first = kLines;
        std::uint32_t end = 0;
    };
    Lines take_changed_lines();

    /// Whether I1 and I2 hold.
    [[nodiscard]] bool check_invariants() const;

  private:
    enum class State : std::uint8_t { kText, kEscape, kControl, kString, kStringEscape, kCharset, kSkipOne };
    static constexpr std::size_t kMostParameters = 16;

    /// What ESC 7 keeps.
    struct Saved {
        Cursor cursor;
        Cell attribute = kDefaultAttribute;
        bool reverse = false;
        bool graphics = false;
    };

    void take(char byte);
    void take_control_character(char byte);
    void take_text(unsigned char byte);
    void take_escape(char byte);
    void take_parameter(char byte);
    void run_control(char byte);
    void run_private_mode(bool on);
    void set_graphics();
    void set_colour(std::uint32_t code);
    void take_palette_colour(std::size_t& index);
    void report();
    void put(std::uint8_t character);

    void move_to(std::uint32_t line, std::uint32_t column);
    void move_down(std::uint32_t count);
    void move_up(std::uint32_t count);
    void line_feed();
    void reverse_line_feed();
    void scroll_up(std::uint32_t first, std::uint32_t end, std::uint32_t count);
    void scroll_down(std::uint32_t first, std::uint32_t end, std::uint32_t count);
    void erase(std::uint32_t first_cell, std::uint32_t end_cell);
    void erase_display(std::uint32_t what);
    void erase_line(std::uint32_t what);
    void shift_right(std::uint32_t count);
    void shift_left(std::uint32_t count);
    void save();
    void restore();
    void changed(std::uint32_t first_line, std::uint32_t end_line);

    /// Parameter `index` of the sequence; `otherwise` where it is absent or 0.
    [[nodiscard]] std::uint32_t parameter(std::size_t index, std::uint32_t otherwise) const;
    [[nodiscard]] std::uint32_t cell_of(Cursor at) const { return at.line * kColumns + at.column; }
    [[nodiscard]] Cell effective_attribute() const;

    std::array<Cell, kColumns * kLines> cells_{};
    Cursor cursor_;
    bool wrap_pending_ = false;  // a character was put into the last column: the next one begins a line
    bool cursor_visible_ = true;
    bool wraps_ = true;
    bool inserts_ = false;
    bool origin_in_region_ = false;
    bool reverse_ = false;
    bool graphics_ = false;
    Cell attribute_ = kDefaultAttribute;
    Overflow overflow_ = Overflow::kScrolls;
    std::uint32_t top_ = 0;  // the region that scrolls
    std::uint32_t bottom_ = kLines;
    Saved saved_;
    Lines changed_;

    State state_ = State::kText;
    char private_mark_ = '\0';
    std::array<std::uint32_t, kMostParameters> parameters_{};
    std::size_t parameter_ = 0;     // the one being taken
    std::uint32_t code_point_ = 0;  // of a UTF-8 character that is not complete
    std::uint32_t continuing_ = 0;  // its missing bytes
    Answer answer_ = nullptr;
};

}  // namespace kernel
