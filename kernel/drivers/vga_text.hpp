// The VGA screen in text mode 3: 80 columns, 25 lines, 16 colours.
//
//   one cell: 15..12 background | 11..8 foreground | 7..0 character
//
// What is on it is kept in memory (terminal_screen.hpp), from where the lines that changed are copied to the device: at
// once, or, while programs use it as a terminal, at most once a timer tick, since the device is slow. The hardware
// cursor follows. Callable anywhere; an interrupt handler's text may land in the middle of somebody else's. Cost: a few
// instructions a character, 1,000 a scrolled line. [IBM VGA reference]
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/drivers/terminal_screen.hpp"
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

    /// The kernel's own text, without escape sequences.
    void write(std::string_view bytes) override;
    /// What is written from now on has these colours.
    void set_colours(VgaColours colours);
    /// Clears the screen in `colours`; from now on what does not fit on it is dropped, so that the first line
    /// stays.
    void begin_last_page(VgaColours colours);

    /// From now on programs write, too, and refresh() is called whenever refresh_due(). `answer`: see TerminalScreen.
    void begin_terminal(TerminalScreen::Answer answer);
    /// A program's text, escape sequences included.
    void write_terminal(std::string_view bytes);
    [[nodiscard]] bool refresh_due() const;
    /// Copies what has changed to the device.
    void refresh();

  private:
    /// Copies it now, or leaves that to refresh().
    void after_change();
    void show_cursor();

    TerminalScreen screen_;
    bool refreshed_later_ = false;
    bool stale_ = false;              // something has changed since the last refresh
    std::uint32_t refreshed_at_ = 0;  // the tick of that
    bool cursor_was_visible_ = true;
};

/// The screen of this machine.
VgaText& vga();

}  // namespace kernel
