#include "kernel/drivers/terminal_screen.hpp"

#include <algorithm>

#include "kernel/drivers/code_page.hpp"
#include "kernel/files/printer.hpp"
#include "kernel/fixed_text.hpp"

namespace kernel {
namespace {

constexpr char kEscape = 0x1B;
constexpr char kCancel = 0x18;
constexpr char kSubstitute = 0x1A;
constexpr std::uint32_t kTabStop = 8;
constexpr std::uint32_t kLargestParameter = 9999;

/// ANSI's order of colours has red and blue the other way round.
constexpr std::array<std::uint16_t, 8> kAnsiColour = {0, 4, 2, 6, 1, 5, 3, 7};
constexpr TerminalScreen::Cell kForegroundMask = 0x0F00, kBackgroundMask = 0xF000, kBright = 0x0800;
constexpr unsigned kForegroundShift = 8, kBackgroundShift = 12;
constexpr std::uint16_t kDefaultForeground = 7;

}  // namespace

void TerminalScreen::reset(Cell attribute) {
    const Answer answer = answer_;
    const Overflow overflow = overflow_;
    cursor_ = {};
    wrap_pending_ = inserts_ = origin_in_region_ = reverse_ = graphics_ = false;
    cursor_visible_ = wraps_ = true;
    attribute_ = attribute;
    top_ = 0;
    bottom_ = kLines;
    saved_ = {};
    state_ = State::kText;
    continuing_ = 0;
    answer_ = answer;
    overflow_ = overflow;
    erase(0, kColumns * kLines);
}

void TerminalScreen::write(std::string_view bytes) {
    for (const char byte : bytes) {
        take(byte);
    }
}

void TerminalScreen::write_plain(std::string_view text) {
    for (const char byte : text) {
        if (byte == '\n') {
            cursor_.column = 0;
        }
        if (static_cast<unsigned char>(byte) < 0x20) {
            take_control_character(byte == kEscape ? ' ' : byte);
        } else {
            put(static_cast<std::uint8_t>(byte));
        }
    }
}

void TerminalScreen::take(char byte) {
    if (byte == kCancel || byte == kSubstitute) {
        state_ = State::kText;
        return;
    }
    if (state_ == State::kString) {
        state_ = byte == '\a' ? State::kText : byte == kEscape ? State::kStringEscape : State::kString;
        return;
    }
    if (static_cast<unsigned char>(byte) < 0x20) {
        continuing_ = 0;
        take_control_character(byte);  // also in the middle of a sequence
        return;
    }
    switch (state_) {
        case State::kText:
            take_text(static_cast<unsigned char>(byte));
            return;
        case State::kEscape:
            take_escape(byte);
            return;
        case State::kControl:
            take_parameter(byte);
            return;
        case State::kCharset:
            graphics_ = byte == '0';
            state_ = State::kText;
            return;
        case State::kString:
        case State::kStringEscape:
        case State::kSkipOne:
            state_ = State::kText;
            return;
    }
}

void TerminalScreen::take_control_character(char byte) {
    switch (byte) {
        case kEscape:
            state_ = State::kEscape;
            return;
        case '\n':
        case '\v':
        case '\f':
            line_feed();
            return;
        case '\r':
            move_to(cursor_.line, 0);
            return;
        case '\b':
            move_to(cursor_.line, cursor_.column - (cursor_.column > 0 ? 1 : 0));
            return;
        case '\t':
            move_to(cursor_.line, (cursor_.column / kTabStop + 1) * kTabStop);
            return;
        default:
            return;
    }
}

void TerminalScreen::take_text(unsigned char byte) {
    if (byte < 0x80) {
        continuing_ = 0;
        if (byte != 0x7F) {
            put(graphics_ ? line_graphic(byte) : byte);
        }
    } else if (byte < 0xC0) {
        if (continuing_ != 0) {
            code_point_ = code_point_ << 6 | (byte & 0x3FU);
            if (--continuing_ == 0) {
                put(code_page_437(code_point_));
            }
        }
    } else {
        continuing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        code_point_ = byte & (0x3FU >> continuing_);
    }
}

void TerminalScreen::take_escape(char byte) {
    state_ = State::kText;
    switch (byte) {
        case '[':
            state_ = State::kControl;
            private_mark_ = '\0';
            parameters_.fill(0);
            parameter_ = 0;
            return;
        case ']':
        case 'P':
        case '^':
        case '_':
            state_ = State::kString;
            return;
        case '(':
            state_ = State::kCharset;
            return;
        case ')':
        case '#':
        case '%':
            state_ = State::kSkipOne;
            return;
        case '7':
            save();
            return;
        case '8':
            restore();
            return;
        case 'D':
            line_feed();
            return;
        case 'E':
            cursor_.column = 0;
            line_feed();
            return;
        case 'M':
            reverse_line_feed();
            return;
        case 'Z':
            parameters_.fill(0);
            private_mark_ = '\0';
            run_control('c');
            return;
        case 'c':
            reset(kDefaultAttribute);
            return;
        default:
            return;
    }
}

void TerminalScreen::take_parameter(char byte) {
    if (byte >= '0' && byte <= '9') {
        std::uint32_t& value = parameters_[parameter_];
        value = std::min(value * 10 + static_cast<std::uint32_t>(byte - '0'), kLargestParameter);
    } else if (byte == ';' || byte == ':') {
        parameter_ = std::min(parameter_ + 1, kMostParameters - 1);
    } else if (byte >= '<' && byte <= '?') {
        private_mark_ = byte;
    } else if (byte >= '@') {
        state_ = State::kText;
        run_control(byte);
    }
}

std::uint32_t TerminalScreen::parameter(std::size_t index, std::uint32_t otherwise) const {
    return parameters_[index] == 0 ? otherwise : parameters_[index];
}

void TerminalScreen::run_control(char byte) {
    const std::uint32_t count = parameter(0, 1);
    if (private_mark_ != '\0') {
        if (private_mark_ == '?' && (byte == 'h' || byte == 'l')) {
            run_private_mode(byte == 'h');
        }
        return;
    }
    const std::uint32_t origin = origin_in_region_ ? top_ : 0;
    switch (byte) {
        case 'A':
            return move_up(count);
        case 'B':
        case 'e':
            return move_down(count);
        case 'C':
        case 'a':
            return move_to(cursor_.line, cursor_.column + count);
        case 'D':
            return move_to(cursor_.line, cursor_.column - std::min(cursor_.column, count));
        case 'E':
            cursor_.column = 0;
            return move_down(count);
        case 'F':
            cursor_.column = 0;
            return move_up(count);
        case 'G':
        case '`':
            return move_to(cursor_.line, count - 1);
        case 'H':
        case 'f':
            return move_to(origin + count - 1, parameter(1, 1) - 1);
        case 'd':
            return move_to(origin + count - 1, cursor_.column);
        case 'J':
            return erase_display(parameters_[0]);
        case 'K':
            return erase_line(parameters_[0]);
        case 'L':
        case 'M':
            if (cursor_.line >= top_ && cursor_.line < bottom_) {
                byte == 'L' ? scroll_down(cursor_.line, bottom_, count)
                            : scroll_up(cursor_.line, bottom_, count);
                move_to(cursor_.line, 0);
            }
            return;
        case 'P':
            return shift_left(count);
        case '@':
            return shift_right(count);
        case 'X': {
            const std::uint32_t first = cell_of(cursor_);
            return erase(first, first + std::min(count, kColumns - cursor_.column));
        }
        case 'S':
            return scroll_up(top_, bottom_, count);
        case 'T':
            return scroll_down(top_, bottom_, count);
        case 'm':
            return set_graphics();
        case 'r': {
            const std::uint32_t bottom = std::min(parameter(1, kLines), kLines);
            if (count - 1 < bottom - 1) {
                top_ = count - 1;
                bottom_ = bottom;
                move_to(origin_in_region_ ? top_ : 0, 0);
            }
            return;
        }
        case 's':
            return save();
        case 'u':
            return restore();
        case 'h':
        case 'l':
            inserts_ = parameters_[0] == 4 ? byte == 'h' : inserts_;
            return;
        case 'n':
            return report();
        case 'c':
            if (answer_ != nullptr && parameters_[0] == 0) {
                answer_("\033[?6c");  // a VT102
            }
            return;
        default:
            return;
    }
}

void TerminalScreen::run_private_mode(bool on) {
    for (std::size_t index = 0; index <= parameter_; ++index) {
        switch (parameters_[index]) {
            case 6:
                origin_in_region_ = on;
                move_to(on ? top_ : 0, 0);
                break;
            case 7:
                wraps_ = on;
                break;
            case 25:
                cursor_visible_ = on;
                break;
            default:
                break;
        }
    }
}

void TerminalScreen::report() {
    if (answer_ == nullptr) {
        return;
    }
    FixedText<32> text;
    if (parameters_[0] == 5) {
        answer_("\033[0n");
    } else if (parameters_[0] == 6) {
        const std::uint32_t origin = origin_in_region_ ? top_ : 0;
        Printer(text).print("\033[{};{}R", cursor_.line - origin + 1, cursor_.column + 1);
        answer_(text.text());
    }
}

/// SGR: a list of colours and the like.
void TerminalScreen::set_graphics() {
    for (std::size_t index = 0; index <= parameter_; ++index) {
        if (parameters_[index] == 38 || parameters_[index] == 48) {
            take_palette_colour(index);
        } else {
            set_colour(parameters_[index]);
        }
    }
}

/// 38;5;N and 48;5;N: the first sixteen of 256 colours are the screen's own; the others, and 38;2;R;G;B, are not shown.
void TerminalScreen::take_palette_colour(std::size_t& index) {
    const std::uint32_t base = parameters_[index] == 38 ? 30 : 40;
    const std::uint32_t kind = index + 1 <= parameter_ ? parameters_[index + 1] : 0;
    const std::uint32_t colour = index + 2 <= parameter_ ? parameters_[index + 2] : 0;
    if (kind == 5 && colour < 16) {
        set_colour(colour < 8 ? base + colour : base + 60 + colour - 8);
    }
    index += kind == 5 ? 2 : 4;
}

void TerminalScreen::set_colour(std::uint32_t code) {
    const auto foreground = [this](std::uint32_t colour) {
        attribute_ = static_cast<Cell>((attribute_ & ~kForegroundMask) | (colour << kForegroundShift));
    };
    const auto background = [this](std::uint32_t colour) {
        attribute_ = static_cast<Cell>((attribute_ & ~kBackgroundMask) | (colour << kBackgroundShift));
    };
    const std::uint32_t bright = attribute_ & kBright ? 8 : 0;
    switch (code) {
        case 0:
            attribute_ = kDefaultAttribute;
            reverse_ = false;
            return;
        case 1:
            attribute_ |= kBright;
            return;
        case 2:
        case 22:
            attribute_ = static_cast<Cell>(attribute_ & ~kBright);
            return;
        case 7:
        case 27:
            reverse_ = code == 7;
            return;
        case 39:
            return foreground(kDefaultForeground | bright);
        case 49:
            return background(0);
        default:
            break;
    }
    if (code >= 30 && code <= 37) {
        foreground(kAnsiColour[code - 30] | bright);
    } else if (code >= 40 && code <= 47) {
        background(kAnsiColour[code - 40]);
    } else if (code >= 90 && code <= 97) {
        foreground(kAnsiColour[code - 90] | 8U);
    } else if (code >= 100 && code <= 107) {
        background(kAnsiColour[code - 100] | 8U);
    }
}

}  // namespace kernel
