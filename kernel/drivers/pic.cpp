#include "kernel/drivers/pic.hpp"

#include "kernel/arch/i686/port.hpp"
#include "kernel/boot/init.hpp"

namespace kernel::pic {
namespace {

constexpr port::Port kFirstCommand = 0x20;
constexpr port::Port kFirstData = 0x21;
constexpr port::Port kSecondCommand = 0xA0;
constexpr port::Port kSecondData = 0xA1;

constexpr std::uint32_t kCascadeLine = 2;
constexpr std::uint8_t kInitialise = 0x11;  // edge-triggered, cascaded, ICW4 follows
constexpr std::uint8_t k8086Mode = 0x01;
constexpr std::uint8_t kEndOfInterrupt = 0x20;
constexpr std::uint8_t kReadInService = 0x0B;
constexpr std::uint8_t kHighestOfEight = 0x80;

constinit std::uint16_t mask = 0xFFFF & ~(1U << kCascadeLine);

void write_mask() {
    port::out8(kFirstData, static_cast<std::uint8_t>(mask));
    port::out8(kSecondData, static_cast<std::uint8_t>(mask >> 8));
}

bool highest_is_in_service(port::Port command) {
    port::out8(command, kReadInService);
    return (port::in8(command) & kHighestOfEight) != 0;
}

}  // namespace

INIT_CODE void start(std::uint32_t first_vector) {
    port::out8(kFirstCommand, kInitialise);
    port::out8(kSecondCommand, kInitialise);
    port::out8(kFirstData, static_cast<std::uint8_t>(first_vector));
    port::out8(kSecondData, static_cast<std::uint8_t>(first_vector + 8));
    port::out8(kFirstData, 1U << kCascadeLine);
    port::out8(kSecondData, kCascadeLine);
    port::out8(kFirstData, k8086Mode);
    port::out8(kSecondData, k8086Mode);
    write_mask();
}

void unmask(std::uint32_t line) {
    mask = static_cast<std::uint16_t>(mask & ~(1U << line));
    write_mask();
}

bool is_spurious(std::uint32_t line) {
    if (line == 7) {
        return !highest_is_in_service(kFirstCommand);
    }
    if (line == 15 && !highest_is_in_service(kSecondCommand)) {
        port::out8(kFirstCommand, kEndOfInterrupt);  // the first controller did see its cascade line
        return true;
    }
    return false;
}

void end_of_interrupt(std::uint32_t line) {
    if (line >= 8) {
        port::out8(kSecondCommand, kEndOfInterrupt);
    }
    port::out8(kFirstCommand, kEndOfInterrupt);
}

}  // namespace kernel::pic
