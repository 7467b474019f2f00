#include "kernel/drivers/vga_text.hpp"

#include <array>
#include <cstring>

#include "kernel/arch/i686/port.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/clock.hpp"

namespace kernel {
namespace {

constinit VgaText screen;

constexpr std::uintptr_t kTextMemory = image::kKernelBase + 0xB8000;  // mapped from the entry code on

constexpr port::Port kAttribute = 0x3C0;
constexpr port::Port kMiscellaneous = 0x3C2;
constexpr port::Port kSequencer = 0x3C4;
constexpr port::Port kPaletteMask = 0x3C6;
constexpr port::Port kPaletteIndex = 0x3C8;
constexpr port::Port kPaletteData = 0x3C9;
constexpr port::Port kGraphics = 0x3CE;
constexpr port::Port kCrtc = 0x3D4;
constexpr port::Port kInputStatus = 0x3DA;  // reading it makes the next write to kAttribute an index

constexpr std::uint8_t kCursorStart = 0x0A;
constexpr std::uint8_t kCursorOff = 0x20;
constexpr std::uint8_t kCursorHigh = 0x0E;
constexpr std::uint8_t kCursorLow = 0x0F;

// Mode 3 with 9 x 16 characters, 720 x 400 at 70 Hz: the registers' standard values.
constexpr std::uint8_t kMode3Miscellaneous = 0x67;
constexpr std::array<std::uint8_t, 5> kMode3Sequencer = {0x03, 0x00, 0x03, 0x00, 0x02};
constexpr std::array<std::uint8_t, 25> kMode3Crtc = {0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00,
                                                     0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00, 0x9C, 0x8E,
                                                     0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF};
constexpr std::array<std::uint8_t, 9> kMode3Graphics = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF};
// Attribute registers 16..20; the sixteen before them select palette entry n for colour n.
constexpr std::array<std::uint8_t, 5> kMode3Attribute = {0x0C, 0x00, 0x0F, 0x08, 0x00};
constexpr std::uint8_t kCrtcUnlock = 0x7F;  // register 0x11 without its write protection of registers 0..7
constexpr std::uint8_t kAttributeShow = 0x20;

/// The classic 16 colours, six bits each for red, green and blue.
constexpr std::array<std::array<std::uint8_t, 3>, 16> kPalette = {{{0, 0, 0},
                                                                   {0, 0, 42},
                                                                   {0, 42, 0},
                                                                   {0, 42, 42},
                                                                   {42, 0, 0},
                                                                   {42, 0, 42},
                                                                   {42, 21, 0},
                                                                   {42, 42, 42},
                                                                   {21, 21, 21},
                                                                   {21, 21, 63},
                                                                   {21, 63, 21},
                                                                   {21, 63, 63},
                                                                   {63, 21, 21},
                                                                   {63, 21, 63},
                                                                   {63, 63, 21},
                                                                   {63, 63, 63}}};

TerminalScreen::Cell attribute_of(VgaColours colours) {
    const auto foreground = static_cast<unsigned>(colours.foreground);
    const auto background = static_cast<unsigned>(colours.background);
    return static_cast<TerminalScreen::Cell>((background << 12) | (foreground << 8));
}

template <std::size_t kCount>
void program(port::Port index_port, const std::array<std::uint8_t, kCount>& values) {
    for (std::size_t index = 0; index < kCount; ++index) {
        port::out8(index_port, static_cast<std::uint8_t>(index));
        port::out8(index_port + 1, values[index]);
    }
}

void program_attributes() {
    port::in8(kInputStatus);
    for (std::uint8_t colour = 0; colour < 16; ++colour) {
        port::out8(kAttribute, colour);
        port::out8(kAttribute, colour);
    }
    for (std::size_t index = 0; index < kMode3Attribute.size(); ++index) {
        port::out8(kAttribute, static_cast<std::uint8_t>(16 + index));
        port::out8(kAttribute, kMode3Attribute[index]);
    }
    port::out8(kAttribute, kAttributeShow);
}

void program_palette() {
    port::out8(kPaletteMask, 0xFF);
    port::out8(kPaletteIndex, 0);
    for (const auto& colour : kPalette) {
        port::write_bytes(kPaletteData, colour.data(), colour.size());
    }
}

}  // namespace

VgaText& vga() {
    return screen;
}

void VgaText::start() {
    port::out8(kMiscellaneous, kMode3Miscellaneous);
    program(kSequencer, kMode3Sequencer);
    port::out8(kCrtc, 0x11);
    port::out8(kCrtc + 1, kMode3Crtc[0x11] & kCrtcUnlock);
    program(kCrtc, kMode3Crtc);
    program(kGraphics, kMode3Graphics);
    program_attributes();
    program_palette();
    screen_.reset(TerminalScreen::kDefaultAttribute);
    refresh();
}

void VgaText::begin_last_page(VgaColours colours) {
    refreshed_later_ = false;
    set_colours(colours);
    screen_.reset(attribute_of(colours));
    screen_.set_overflow(TerminalScreen::Overflow::kIsDropped);
    refresh();
}

void VgaText::begin_terminal(TerminalScreen::Answer answer) {
    screen_.set_answer(answer);
    refreshed_later_ = true;
}

void VgaText::set_colours(VgaColours colours) {
    screen_.set_attribute(attribute_of(colours));
}

void VgaText::write(std::string_view bytes) {
    screen_.write_plain(bytes);
    after_change();
}

void VgaText::write_terminal(std::string_view bytes) {
    screen_.write(bytes);
    after_change();
}

void VgaText::after_change() {
    stale_ = true;
    if (!refreshed_later_) {
        refresh();
    }
}

bool VgaText::refresh_due() const {
    return stale_ && clock().ticks() != refreshed_at_;
}

void VgaText::refresh() {
    stale_ = false;
    refreshed_at_ = clock().ticks();
    const TerminalScreen::Lines lines = screen_.take_changed_lines();
    if (lines.first < lines.end) {
        constexpr std::uint32_t kColumns = TerminalScreen::kColumns;
        std::memcpy(reinterpret_cast<std::uint16_t*>(kTextMemory) + lines.first * kColumns,
                    screen_.cells().data() + lines.first * kColumns,
                    (lines.end - lines.first) * kColumns * sizeof(TerminalScreen::Cell));
    }
    show_cursor();
}

void VgaText::show_cursor() {
    const TerminalScreen::Cursor cursor = screen_.cursor();
    const std::uint32_t at = cursor.line * TerminalScreen::kColumns + cursor.column;
    port::out8(kCrtc, kCursorHigh);
    port::out8(kCrtc + 1, static_cast<std::uint8_t>(at >> 8));
    port::out8(kCrtc, kCursorLow);
    port::out8(kCrtc + 1, static_cast<std::uint8_t>(at));
    if (screen_.cursor_visible() != cursor_was_visible_) {
        cursor_was_visible_ = screen_.cursor_visible();
        port::out8(kCrtc, kCursorStart);
        port::out8(kCrtc + 1, static_cast<std::uint8_t>(kMode3Crtc[kCursorStart] |
                                                        (cursor_was_visible_ ? 0 : kCursorOff)));
    }
}

}  // namespace kernel
