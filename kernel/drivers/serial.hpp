// A serial port: 16550 UART, 115,200 baud, 8 data bits, no parity, one stop bit.
//
// Sending waits for the device, 16 bytes at a time; receiving is by interrupt, into a ring. Bytes pass
// unchanged, but for write_text. Invariant I1: nothing received is lost while the sender minds the hardware's
// flow: what does not fit into the ring waits in the device. Callable anywhere after start(); write also with
// interrupts off. [National PC16550D]
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/arch/i686/port.hpp"
#include "kernel/drivers/byte_ring.hpp"
#include "kernel/files/printer.hpp"

namespace kernel {

class Serial final : public Sink {
  public:
    explicit constexpr Serial(port::Port base) : base_(base) {}

    /// Looks whether the port exists and sets it up, receive interrupt on (masked at the interrupt controller
    /// until somebody enables the line). Absent ports drop what is written and never have anything to read.
    void start();
    [[nodiscard]] bool present() const { return present_; }

    /// Sends all of `bytes`; waits for as long as the device takes. The last 16 may still be in the device.
    void write(std::string_view bytes) override;
    /// Sends as many of `bytes` as the device takes at once; returns how many: 0 while it is busy.
    std::size_t write_some(std::string_view bytes);
    /// The same as write for a terminal, which wants a carriage return before each newline.
    void write_text(std::string_view text);

    /// Waits until everything has left the device: what it holds is lost when the machine is switched off.
    void wait_until_sent() const;

    /// The next byte received; none when there is none yet.
    std::optional<char> read();
    /// Whether to call read: it may give one. False only when the next byte will interrupt. Cheap: the device itself is
    /// not asked.
    [[nodiscard]] bool has_received() const { return !received_.empty() || left_in_device_; }

    /// For the interrupt handler: moves what has been received into the ring, as far as it fits.
    void receive();

  private:
    port::Port base_;
    bool present_ = false;
    /// The last look ended at a full ring: what the device may still hold has interrupted already, and won't again.
    bool left_in_device_ = false;
    ByteRing<1024> received_;
};

/// COM1 carries the log and the interactive console: ports 0x3F8, IRQ 4.
Serial& com1();
/// COM2 carries what a command prints in command mode: ports 0x2F8, IRQ 3.
Serial& com2();

}  // namespace kernel
