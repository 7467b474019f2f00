// How a terminal behaves: Linux's struct termios for i386, and the names of its bits that mean something here.
// [linux] include/uapi/asm-generic/termbits.h; [POSIX] 11, General Terminal Interface
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kernel {

/// What TCGETS and TCSETS carry.
struct TerminalSettings {
    static constexpr std::size_t kControlCharacters = 19;

    std::uint32_t input = 0;
    std::uint32_t output = 0;
    std::uint32_t control = 0;
    std::uint32_t local = 0;
    std::uint8_t discipline = 0;
    std::array<std::uint8_t, kControlCharacters> characters{};

    // input
    static constexpr std::uint32_t kStrip = 040, kNewlineToReturn = 0100, kIgnoreReturn = 0200,
                                   kReturnToNewline = 0400, kFlowControl = 02000, kAnyRestarts = 04000,
                                   kBellWhenFull = 020000, kUtf8 = 040000;
    // output
    static constexpr std::uint32_t kProcess = 01, kNewlineToReturnNewline = 04, kReturnToNewlineOut = 010,
                                   kNoReturnAtColumn0 = 020, kNewlineReturns = 040, kTabsMask = 014000,
                                   kTabsAsSpaces = 014000;
    // local
    static constexpr std::uint32_t kSignals = 01, kCanonical = 02, kEcho = 010, kEchoErase = 020,
                                   kEchoKill = 040, kEchoNewline = 0100, kNoFlush = 0200, kStopOutput = 0400,
                                   kEchoControl = 01000, kEchoKillErases = 04000, kExtended = 0100000;
    // characters; 0 there means: none
    static constexpr std::size_t kInterrupt = 0, kQuit = 1, kErase = 2, kKill = 3, kEndOfFile = 4, kTime = 5,
                                 kMinimum = 6, kStart = 8, kStop = 9, kSuspend = 10, kEndOfLine = 11,
                                 kReprint = 12, kWordErase = 14, kLiteralNext = 15, kEndOfLine2 = 16;

    [[nodiscard]] bool has_input(std::uint32_t bit) const { return (input & bit) != 0; }
    [[nodiscard]] bool has_output(std::uint32_t bit) const { return (output & bit) != 0; }
    [[nodiscard]] bool has_local(std::uint32_t bit) const { return (local & bit) != 0; }
    /// Whether `byte` is the control character `index`, and that one is not switched off.
    [[nodiscard]] bool is(std::size_t index, char byte) const {
        return byte != '\0' && characters[index] == static_cast<std::uint8_t>(byte);
    }
    /// Whether `byte` goes on a character that earlier bytes began.
    [[nodiscard]] bool continues_character(char byte) const {
        return has_input(kUtf8) && (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
    }
};
static_assert(sizeof(TerminalSettings) == 36 && offsetof(TerminalSettings, characters) == 17);

/// As Linux's console begins: canonical, echoing, signals on, UTF-8; 115,200 baud, 8 bits.
inline constexpr TerminalSettings kTerminalDefaults = {
    .input = TerminalSettings::kReturnToNewline | TerminalSettings::kFlowControl | TerminalSettings::kUtf8,
    .output = TerminalSettings::kProcess | TerminalSettings::kNewlineToReturnNewline,
    .control = 0010002 | 060 | 0200 | 02000,
    .local = TerminalSettings::kSignals | TerminalSettings::kCanonical | TerminalSettings::kEcho |
             TerminalSettings::kEchoErase | TerminalSettings::kEchoKill | TerminalSettings::kEchoControl |
             TerminalSettings::kEchoKillErases | TerminalSettings::kExtended,
    .characters = {3, 034, 0177, 025, 4, 0, 1, 0, 021, 023, 032, 0, 022, 017, 027, 026, 0},
};

constexpr bool is_control_character(char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
}

/// Columns and lines of the screen: Linux's struct winsize.
struct TerminalSize {
    std::uint16_t lines = 25, columns = 80;
    std::uint16_t width_pixels = 0, height_pixels = 0;
    bool operator==(const TerminalSize&) const = default;
};
static_assert(sizeof(TerminalSize) == 8);

}  // namespace kernel
