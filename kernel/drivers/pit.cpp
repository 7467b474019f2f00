#include "kernel/drivers/pit.hpp"

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/port.hpp"

namespace kernel::pit {
namespace {

constexpr port::Port kChannel0 = 0x40;
constexpr port::Port kCommand = 0x43;
constexpr std::uint8_t kRateGenerator = 0x34;  // channel 0, low byte then high byte, mode 2, binary
constexpr std::uint8_t kLatchChannel0 = 0x00;

}  // namespace

void start() {
    port::out8(kCommand, kRateGenerator);
    port::out8(kChannel0, static_cast<std::uint8_t>(kCountsPerTick & 0xFF));
    port::out8(kChannel0, static_cast<std::uint8_t>(kCountsPerTick >> 8));
}

std::uint32_t counts_into_period() {
    const cpu::InterruptsOff guard;
    port::out8(kCommand, kLatchChannel0);
    const std::uint32_t low = port::in8(kChannel0);
    const std::uint32_t left = low | (std::uint32_t{port::in8(kChannel0)} << 8);
    return left < kCountsPerTick ? kCountsPerTick - left : 0;
}

}  // namespace kernel::pit
