// The PS/2 keyboard: scancode set 1, US layout, as characters.
//
// Enter is '\n', backspace '\b', control-letter the control character (control-C is 3); keys that stand for
// no character (arrows, function keys) give none. Callable anywhere after start(). [IBM AT] keyboard
// controller 8042
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/drivers/byte_ring.hpp"

namespace kernel {

class Keyboard {
  public:
    /// Sets the controller up (translation to set 1, interrupt on) and drops what was typed before. An absent
    /// controller is noticed, and then nothing is ever typed.
    void start();

    /// The next character typed; none when there is none yet. Typed more than 64 ahead, characters are
    /// dropped.
    std::optional<char> read();

    /// For the interrupt handler: takes the scancodes that wait.
    void receive();

    /// One scancode, as the hardware would deliver it.
    void take(std::uint8_t scancode);

  private:
    ByteRing<64> typed_;
    bool shift_ = false;
    bool control_ = false;
    bool caps_lock_ = false;
    bool extended_ = false;  // 0xE0 came: the next code is of a key that the first keyboards did not have
};

/// The keyboard of this machine: IRQ 1.
Keyboard& keyboard();

}  // namespace kernel
