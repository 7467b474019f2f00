#include "kernel/drivers/keyboard.hpp"

#include <string_view>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/port.hpp"

namespace kernel {
namespace {

constinit Keyboard machine_keyboard;

constexpr port::Port kData = 0x60;
constexpr port::Port kStatus = 0x64;
constexpr port::Port kCommand = 0x64;
constexpr std::uint8_t kOutputFull = 0x01;
constexpr std::uint8_t kInputFull = 0x02;
constexpr std::uint8_t kReadConfiguration = 0x20;
constexpr std::uint8_t kWriteConfiguration = 0x60;
constexpr std::uint8_t kEnableKeyboard = 0xAE;
constexpr std::uint8_t kInterruptOn = 0x01;
constexpr std::uint8_t kClockOff = 0x10;
constexpr std::uint8_t kTranslate = 0x40;
constexpr unsigned kMostPolls = 10'000;
constexpr unsigned kMostStaleBytes = 32;  // what a controller can hold; an absent one reads as full for ever

constexpr std::uint8_t kReleased = 0x80;
constexpr std::uint8_t kExtendedPrefix = 0xE0;
constexpr std::uint8_t kControl = 0x1D;
constexpr std::uint8_t kAlt = 0x38;
constexpr std::uint8_t kLeftShift = 0x2A;
constexpr std::uint8_t kRightShift = 0x36;
constexpr std::uint8_t kCapsLock = 0x3A;
constexpr std::uint8_t kKeypadEnter = 0x1C;  // extended, like the next
constexpr std::uint8_t kKeypadSlash = 0x35;

// The character of each scancode from 0 on; NUL: none.
constexpr std::string_view kPlain{
    "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 "
    "\0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.",
    84};
constexpr std::string_view kShifted{
    "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 "
    "\0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.",
    84};
static_assert(kPlain[0x1E] == 'a' && kShifted[0x1E] == 'A' && kPlain[0x39] == ' ' && kPlain[0x53] == '.');

/// Keys that give more than a character.
struct SequenceKey {
    std::uint8_t key;
    bool extended;
    std::string_view bytes;
};
constexpr SequenceKey kSequences[] = {
    {0x48, true, "\033[A"},    {0x50, true, "\033[B"},    {0x4D, true, "\033[C"},
    {0x4B, true, "\033[D"},    {0x47, true, "\033[1~"},   {0x4F, true, "\033[4~"},
    {0x52, true, "\033[2~"},   {0x53, true, "\033[3~"},   {0x49, true, "\033[5~"},
    {0x51, true, "\033[6~"},   {0x3B, false, "\033[[A"},  {0x3C, false, "\033[[B"},
    {0x3D, false, "\033[[C"},  {0x3E, false, "\033[[D"},  {0x3F, false, "\033[[E"},
    {0x40, false, "\033[17~"}, {0x41, false, "\033[18~"}, {0x42, false, "\033[19~"},
    {0x43, false, "\033[20~"}, {0x44, false, "\033[21~"}, {0x57, false, "\033[23~"},
    {0x58, false, "\033[24~"}};

bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

bool wait_for_input_room() {
    for (unsigned polls = 0; polls < kMostPolls; ++polls) {
        if ((port::in8(kStatus) & kInputFull) == 0) {
            return true;
        }
    }
    return false;
}

bool wait_for_output() {
    for (unsigned polls = 0; polls < kMostPolls; ++polls) {
        if ((port::in8(kStatus) & kOutputFull) != 0) {
            return true;
        }
    }
    return false;
}

void drop_waiting_bytes() {
    for (unsigned count = 0; count < kMostStaleBytes && (port::in8(kStatus) & kOutputFull) != 0; ++count) {
        port::in8(kData);
    }
}

}  // namespace

Keyboard& keyboard() {
    return machine_keyboard;
}

void Keyboard::start() {
    drop_waiting_bytes();
    if (!wait_for_input_room()) {
        return;
    }
    port::out8(kCommand, kEnableKeyboard);
    if (!wait_for_input_room()) {
        return;
    }
    port::out8(kCommand, kReadConfiguration);
    if (!wait_for_output()) {
        return;
    }
    const auto before = port::in8(kData);
    const auto wanted = static_cast<std::uint8_t>((before | kInterruptOn | kTranslate) & ~kClockOff);
    port::out8(kCommand, kWriteConfiguration);
    if (wait_for_input_room()) {
        port::out8(kData, wanted);
    }
}

std::optional<char> Keyboard::read() {
    const cpu::InterruptsOff guard;
    return typed_.pop();
}

void Keyboard::receive() {
    for (unsigned count = 0; count < kMostStaleBytes && (port::in8(kStatus) & kOutputFull) != 0; ++count) {
        take(port::in8(kData));
    }
}

void Keyboard::take(std::uint8_t scancode) {
    if (scancode == kExtendedPrefix) {
        extended_ = true;
        return;
    }
    const bool extended = extended_;
    extended_ = false;
    const bool pressed = (scancode & kReleased) == 0;
    const auto key = static_cast<std::uint8_t>(scancode & ~kReleased);
    switch (key) {
        case kControl:
            control_ = pressed;
            return;
        case kAlt:
            alt_ = pressed;
            return;
        case kLeftShift:
        case kRightShift:
            // With the prefix these are no keys: some keys send them along.
            shift_ = extended ? shift_ : pressed;
            return;
        case kCapsLock:
            caps_lock_ = caps_lock_ != (pressed && !extended);
            return;
        default:
            break;
    }
    if (pressed) {
        take_pressed(key, extended);
    }
}

void Keyboard::take_pressed(std::uint8_t key, bool extended) {
    for (const SequenceKey& sequence : kSequences) {
        if (sequence.key == key && sequence.extended == extended) {
            type(sequence.bytes);
            return;
        }
    }
    if (key >= kPlain.size() || (extended && key != kKeypadEnter && key != kKeypadSlash)) {
        return;
    }
    const char plain = kPlain[key];
    // Shift changes nothing on the keypad.
    const bool upper = is_letter(plain) ? shift_ != caps_lock_ : shift_ && !extended;
    char character = upper ? kShifted[key] : plain;
    if (control_ && (is_letter(plain) || (character >= '[' && character <= '_'))) {
        character = static_cast<char>(character & 0x1F);
    }
    if (character != '\0') {
        type({&character, 1});
    }
}

void Keyboard::type(std::string_view bytes) {
    if (typed_.room() < bytes.size() + 1) {
        return;
    }
    if (alt_) {
        typed_.push('\033');
    }
    for (const char byte : bytes) {
        typed_.push(byte);
    }
}

}  // namespace kernel
