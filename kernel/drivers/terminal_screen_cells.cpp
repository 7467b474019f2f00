// What the escape sequences do to the cells and the cursor.
#include <algorithm>

#include "kernel/drivers/terminal_screen.hpp"

namespace kernel {

TerminalScreen::Cell TerminalScreen::effective_attribute() const {
    if (!reverse_) {
        return attribute_;
    }
    // Foreground and background change places; brightness stays with the foreground.
    return static_cast<Cell>((attribute_ & 0x8800U) | (attribute_ & 0x0700U) << 4 |
                             (attribute_ & 0x7000U) >> 4);
}

void TerminalScreen::put(std::uint8_t character) {
    if (wrap_pending_ && wraps_) {
        cursor_.column = 0;
        line_feed();
    }
    if (cursor_.line == kLines) {
        return;  // dropped
    }
    if (inserts_) {
        shift_right(1);
    }
    cells_[cell_of(cursor_)] = static_cast<Cell>(effective_attribute() | character);
    changed(cursor_.line, cursor_.line + 1);
    wrap_pending_ = cursor_.column + 1 == kColumns;
    cursor_.column += wrap_pending_ ? 0 : 1;
}

void TerminalScreen::move_to(std::uint32_t line, std::uint32_t column) {
    const std::uint32_t end = origin_in_region_ ? bottom_ : kLines;
    if (cursor_.line < kLines) {
        cursor_.line = std::min(line, end - 1);
    }
    cursor_.column = std::min(column, kColumns - 1);
    wrap_pending_ = false;
}

void TerminalScreen::move_down(std::uint32_t count) {
    const std::uint32_t last = cursor_.line < bottom_ ? bottom_ - 1 : kLines - 1;
    move_to(std::min(cursor_.line + count, last), cursor_.column);
}

void TerminalScreen::move_up(std::uint32_t count) {
    const std::uint32_t first = cursor_.line >= top_ ? top_ : 0;
    move_to(cursor_.line - std::min(cursor_.line - first, count), cursor_.column);
}

void TerminalScreen::line_feed() {
    wrap_pending_ = false;
    if (cursor_.line + 1 == bottom_) {
        if (overflow_ == Overflow::kScrolls) {
            scroll_up(top_, bottom_, 1);
        } else {
            cursor_.line = kLines;  // Nothing is shown any more.
        }
    } else if (cursor_.line + 1 < kLines) {
        ++cursor_.line;
    }
}

void TerminalScreen::reverse_line_feed() {
    wrap_pending_ = false;
    if (cursor_.line == top_) {
        scroll_down(top_, bottom_, 1);
    } else if (cursor_.line > 0) {
        --cursor_.line;
    }
}

void TerminalScreen::scroll_up(std::uint32_t first, std::uint32_t end, std::uint32_t count) {
    count = std::min(count, end - first);
    std::copy(cells_.begin() + (first + count) * kColumns, cells_.begin() + end * kColumns,
              cells_.begin() + first * kColumns);
    changed(first, end);
    erase((end - count) * kColumns, end * kColumns);
}

void TerminalScreen::scroll_down(std::uint32_t first, std::uint32_t end, std::uint32_t count) {
    count = std::min(count, end - first);
    std::copy_backward(cells_.begin() + first * kColumns, cells_.begin() + (end - count) * kColumns,
                       cells_.begin() + end * kColumns);
    changed(first, end);
    erase(first * kColumns, (first + count) * kColumns);
}

/// Blanks have the present colours, as on Linux's console.
void TerminalScreen::erase(std::uint32_t first_cell, std::uint32_t end_cell) {
    if (first_cell < end_cell) {
        std::fill(cells_.begin() + first_cell, cells_.begin() + end_cell,
                  static_cast<Cell>(attribute_ | ' '));
        changed(first_cell / kColumns, (end_cell - 1) / kColumns + 1);
    }
}

void TerminalScreen::erase_display(std::uint32_t what) {
    const std::uint32_t here = std::min(cell_of(cursor_), kColumns * kLines - 1);
    switch (what) {
        case 0:
            return erase(here, kColumns * kLines);
        case 1:
            return erase(0, here + 1);
        case 2:
        case 3:
            return erase(0, kColumns * kLines);
        default:
            return;
    }
}

void TerminalScreen::erase_line(std::uint32_t what) {
    if (cursor_.line >= kLines) {
        return;
    }
    const std::uint32_t begin = cursor_.line * kColumns;
    switch (what) {
        case 0:
            return erase(cell_of(cursor_), begin + kColumns);
        case 1:
            return erase(begin, cell_of(cursor_) + 1);
        case 2:
            return erase(begin, begin + kColumns);
        default:
            return;
    }
}

/// Makes room for `count` characters at the cursor.
void TerminalScreen::shift_right(std::uint32_t count) {
    if (cursor_.line >= kLines) {
        return;
    }
    count = std::min(count, kColumns - cursor_.column);
    const auto here = cells_.begin() + cell_of(cursor_);
    const auto end = cells_.begin() + (cursor_.line + 1) * kColumns;
    std::copy_backward(here, end - count, end);
    erase(cell_of(cursor_), cell_of(cursor_) + count);
}

void TerminalScreen::shift_left(std::uint32_t count) {
    if (cursor_.line >= kLines) {
        return;
    }
    count = std::min(count, kColumns - cursor_.column);
    const auto here = cells_.begin() + cell_of(cursor_);
    const std::uint32_t end = (cursor_.line + 1) * kColumns;
    std::copy(here + count, cells_.begin() + end, here);
    erase(end - count, end);
    changed(cursor_.line, cursor_.line + 1);
}

void TerminalScreen::save() {
    saved_ = {cursor_, attribute_, reverse_, graphics_};
}

void TerminalScreen::restore() {
    attribute_ = saved_.attribute;
    reverse_ = saved_.reverse;
    graphics_ = saved_.graphics;
    move_to(saved_.cursor.line, saved_.cursor.column);
}

void TerminalScreen::changed(std::uint32_t first_line, std::uint32_t end_line) {
    changed_.first = std::min(changed_.first, first_line);
    changed_.end = std::max(changed_.end, end_line);
}

TerminalScreen::Lines TerminalScreen::take_changed_lines() {
    const Lines lines = changed_;
    changed_ = {};
    return lines;
}

bool TerminalScreen::check_invariants() const {
    const bool on_screen = cursor_.line < kLines || overflow_ == Overflow::kIsDropped;
    return on_screen && cursor_.line <= kLines && cursor_.column < kColumns && top_ < bottom_ &&
           bottom_ <= kLines;
}

}  // namespace kernel
