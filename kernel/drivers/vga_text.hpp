// The VGA screen in text mode 3: 80 columns, 25 lines, 16 colours.
//
//   one cell: 15..12 background | 11..8 foreground | 7..0 character
//
// Understands newline, carriage return, backspace and tab; scrolls at the bottom; keeps the hardware cursor
// behind the last character. Callable anywhere; an interrupt handler's text may land in the middle of
// somebody else's. Cost: a few instructions a character, 1,000 a scrolled line. [IBM VGA reference]
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/printer.hpp"

namespace kernel {

enum class VgaColour : std::uint8_t {
    kBlack,
    kBlue,
    kGreen,
    kCyan,
    kRed,
    kMagenta,
    kBrown,
    kLightGrey,
    kDarkGrey,
    kLightBlue,
    kLightGreen,
    kLightCyan,
    kLightRed,
    kLightMagenta,
    kYellow,
    kWhite,
};

struct VgaColours {
    VgaColour foreground;
    VgaColour background;
};
inline constexpr VgaColours kVgaDefault = {VgaColour::kLightGrey, VgaColour::kBlack};

class VgaText final : public Sink {
  public:
    /// Programs text mode 3, palette included, and clears the screen. (A firmware has usually done so; a
    /// browser emulator that starts the kernel without one shows nothing until somebody does.) About 1,700
    /// instructions.
    void start();

    void write(std::string_view bytes) override;
    /// What is written from now on has these colours.
    void set_colours(VgaColours colours);
    /// Clears the screen in `colours`; from now on what does not fit on it is dropped, so that the first line
    /// stays.
    void begin_last_page(VgaColours colours);

  private:
    using Cell = std::uint16_t;
    enum class Overflow : std::uint8_t { kScrolls, kIsDropped };

    void put(char character);
    void next_line();
    void scroll();
    void clear();
    void show_cursor() const;

    std::uint32_t column_ = 0;
    std::uint32_t line_ = 0;
    Cell attribute_ = 0x0700;  // colours, where a cell has them
    Overflow overflow_ = Overflow::kScrolls;
};

/// The screen of this machine.
VgaText& vga();

}  // namespace kernel
