// The PS/2 keyboard: scancode set 1, US layout, as characters.
//
// Gives what Linux's console gives: Enter is a carriage return, backspace 0x7F, control-letter the control character
// (control-C is 3), arrows and the keys around them and F1 to F12 escape sequences; Alt puts an escape character before
// what a key gives. Callable anywhere after start(). [IBM AT] keyboard controller 8042; [linux] console_codes(4)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/drivers/byte_ring.hpp"

namespace kernel {

class Keyboard {
  public:
    /// Sets the controller up (translation to set 1, interrupt on) and drops what was typed before. An absent
    /// controller is noticed, and then nothing is ever typed.
    void start();

    /// The next byte typed; none when there is none yet. What does not fit, whole, behind 64 bytes that nobody has
    /// read is dropped.
    std::optional<char> read();

    [[nodiscard]] bool has_typed() const { return !typed_.empty(); }

    /// For the interrupt handler: takes the scancodes that wait.
    void receive();

    /// One scancode, as the hardware would deliver it.
    void take(std::uint8_t scancode);

  private:
    void type(std::string_view bytes);
    void take_pressed(std::uint8_t key, bool extended);

    ByteRing<64> typed_;
    bool alt_ = false;
    bool shift_ = false;
    bool control_ = false;
    bool caps_lock_ = false;
    bool extended_ = false;  // 0xE0 came: the next code is of a key that the first keyboards did not have
};

/// The keyboard of this machine: IRQ 1.
Keyboard& keyboard();

}  // namespace kernel
