#include "kernel/drivers/serial.hpp"

#include <algorithm>

#include "kernel/arch/i686/cpu.hpp"

namespace kernel {
namespace {

constinit Serial first_port(0x3F8);
constinit Serial second_port(0x2F8);

// Register offsets.
constexpr port::Port kData = 0;             // divisor, low byte, while DLAB is set
constexpr port::Port kInterruptEnable = 1;  // divisor, high byte, while DLAB is set
constexpr port::Port kFifoControl = 2;
constexpr port::Port kLineControl = 3;
constexpr port::Port kModemControl = 4;
constexpr port::Port kLineStatus = 5;
constexpr port::Port kScratch = 7;

constexpr std::uint8_t kDivisorLatch = 0x80;
constexpr std::uint8_t kEightBitsNoParity = 0x03;
constexpr std::uint8_t kFifosClearedTrigger14 = 0xC7;
constexpr std::uint8_t kReadyAndInterruptsOut = 0x0B;  // DTR, RTS, OUT2: the last gates the interrupt line
constexpr std::uint8_t kOnReceive = 0x01;
constexpr std::uint8_t kDataReady = 0x01;
constexpr std::uint8_t kTransmitFifoEmpty = 0x20;
constexpr std::uint8_t kTransmitterEmpty = 0x40;  // the FIFO, and the byte on its way as well

constexpr std::size_t kFifoBytes = 16;

}  // namespace

Serial& com1() {
    return first_port;
}
Serial& com2() {
    return second_port;
}

void Serial::start() {
    // Where there is no device the bus floats: two different patterns cannot both be read back.
    for (const std::uint8_t pattern : {std::uint8_t{0x5A}, std::uint8_t{0xA5}}) {
        port::out8(base_ + kScratch, pattern);
        if (port::in8(base_ + kScratch) != pattern) {
            return;
        }
    }
    port::out8(base_ + kInterruptEnable, 0);
    port::out8(base_ + kLineControl, kDivisorLatch);
    port::out8(base_ + kData, 1);  // 115,200 baud: the base clock itself
    port::out8(base_ + kInterruptEnable, 0);
    port::out8(base_ + kLineControl, kEightBitsNoParity);
    port::out8(base_ + kFifoControl, kFifosClearedTrigger14);
    port::out8(base_ + kModemControl, kReadyAndInterruptsOut);
    port::out8(base_ + kInterruptEnable, kOnReceive);
    present_ = true;
}

void Serial::write(std::string_view bytes) {
    while (!bytes.empty()) {
        // A UART always becomes free; an emulator's may take as long as nobody reads at its other end.
        bytes.remove_prefix(write_some(bytes));
    }
}

std::size_t Serial::write_some(std::string_view bytes) {
    if (!present_) {
        return bytes.size();
    }
    if ((port::in8(base_ + kLineStatus) & kTransmitFifoEmpty) == 0) {
        return 0;
    }
    const std::size_t count = std::min(bytes.size(), kFifoBytes);
    port::write_bytes(base_ + kData, bytes.data(), count);
    return count;
}

void Serial::wait_until_sent() const {
    while (present_ && (port::in8(base_ + kLineStatus) & kTransmitterEmpty) == 0) {
    }
}

void Serial::write_text(std::string_view text) {
    for (;;) {
        const std::size_t newline = text.find('\n');
        write(text.substr(0, newline));
        if (newline == std::string_view::npos) {
            return;
        }
        write("\r\n");
        text.remove_prefix(newline + 1);
    }
}

std::optional<char> Serial::read() {
    const cpu::InterruptsOff guard;
    if (received_.empty()) {
        // The interrupt may have stopped at a full ring; the line is edge-triggered and would not ask again.
        receive();
    }
    return received_.pop();
}

void Serial::receive() {
    while (present_ && !received_.full() && (port::in8(base_ + kLineStatus) & kDataReady) != 0) {
        received_.push(static_cast<char>(port::in8(base_ + kData)));
    }
    left_in_device_ = received_.full();
}

}  // namespace kernel
