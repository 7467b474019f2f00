// The VGA's characters, code page 437: which of them shows a character of Unicode. [IBM] code page 437
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kernel {

/// The code that shows `code_point`, a question mark where there is none. Cost: linear in a table of some 100.
constexpr std::uint8_t code_page_437(std::uint32_t code_point) {
    // Codes 128 to 175 and some of the rest, in order.
    constexpr std::array<std::uint16_t, 48> kFrom128 = {
        0xC7, 0xFC, 0xE9, 0xE2, 0xE4, 0xE0, 0xE5, 0xE7, 0xEA, 0xEB,   0xE8, 0xEF, 0xEE, 0xEC, 0xC4,   0xC5,
        0xC9, 0xE6, 0xC6, 0xF4, 0xF6, 0xF2, 0xFB, 0xF9, 0xFF, 0xD6,   0xDC, 0xA2, 0xA3, 0xA5, 0x20A7, 0x192,
        0xE1, 0xED, 0xF3, 0xFA, 0xF1, 0xD1, 0xAA, 0xBA, 0xBF, 0x2310, 0xAC, 0xBD, 0xBC, 0xA1, 0xAB,   0xBB};
    constexpr std::array<std::uint16_t, 48> kFrom176 = {
        0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
        0x255D, 0x255C, 0x255B, 0x2510, 0x2514, 0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F,
        0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
        0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C, 0x2588, 0x2584, 0x258C, 0x2590, 0x2580};
    struct Other {
        std::uint16_t code_point;
        std::uint8_t code;
    };
    constexpr std::array kOthers = {
        Other{0xB0, 0xF8},   Other{0xB1, 0xF1},   Other{0xB2, 0xFD},   Other{0xB5, 0xE6},
        Other{0xB7, 0xFA},   Other{0xF7, 0xF6},   Other{0xDF, 0xE1},   Other{0xA0, 0x20},
        Other{0x2022, 0x07}, Other{0x2018, '\''}, Other{0x2019, '\''}, Other{0x201C, '"'},
        Other{0x201D, '"'},  Other{0x2013, '-'},  Other{0x2014, '-'},  Other{0x25A0, 0xFE}};
    if (code_point < 0x80) {
        return static_cast<std::uint8_t>(code_point);
    }
    for (std::size_t index = 0; index < kFrom128.size(); ++index) {
        if (kFrom128[index] == code_point) {
            return static_cast<std::uint8_t>(128 + index);
        }
        if (kFrom176[index] == code_point) {
            return static_cast<std::uint8_t>(176 + index);
        }
    }
    for (const Other& other : kOthers) {
        if (other.code_point == code_point) {
            return other.code;
        }
    }
    return '?';
}

/// The code for a letter of the DEC line-graphics set, which ESC ( 0 selects.
constexpr std::uint8_t line_graphic(std::uint8_t letter) {
    constexpr std::string_view kLetters = "`afgjklmnqtuvwx~";
    constexpr std::array<std::uint8_t, 16> kCodes = {0x04, 0xB1, 0xF8, 0xF1, 0xD9, 0xBF, 0xDA, 0xC0,
                                                     0xC5, 0xC4, 0xC3, 0xB4, 0xC1, 0xC2, 0xB3, 0xFA};
    static_assert(kLetters.size() == kCodes.size());
    const std::size_t index = kLetters.find(static_cast<char>(letter));
    return index == std::string_view::npos ? letter : kCodes[index];
}

}  // namespace kernel
