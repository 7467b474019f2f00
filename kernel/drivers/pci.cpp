#include "kernel/drivers/pci.hpp"

#include "kernel/arch/i686/port.hpp"
#include "kernel/boot/init.hpp"

namespace kernel::pci {
namespace {

constexpr port::Port kAddress = 0xCF8;
constexpr port::Port kData = 0xCFC;
constexpr std::uint32_t kEnable = 1U << 31;

constexpr std::uint8_t kIdentity = 0x00;
constexpr std::uint8_t kHeaderType = 0x0C;
constexpr std::uint32_t kManyFunctions = 1U << 23;
constexpr std::uint32_t kAbsent = 0xFFFF;  // no vendor has this number
constexpr std::uint8_t kDevices = 32;
constexpr std::uint8_t kFunctions = 8;

void select(Function function, std::uint8_t offset) {
    port::out32(kAddress, kEnable | std::uint32_t{function.device} << 11 |
                              std::uint32_t{function.function} << 8 | offset);
}

bool is_present(Function function) {
    return (read(function, kIdentity) & kAbsent) != kAbsent;
}

}  // namespace

std::uint32_t read(Function function, std::uint8_t offset) {
    select(function, offset);
    return port::in32(kData);
}

void write(Function function, std::uint8_t offset, std::uint32_t value) {
    select(function, offset);
    port::out32(kData, value);
}

INIT_CODE std::optional<Function> find(std::uint8_t class_code, std::uint8_t subclass) {
    const std::uint32_t wanted = std::uint32_t{class_code} << 8 | subclass;
    for (std::uint8_t device = 0; device < kDevices; ++device) {
        const Function first{device, 0};
        if (!is_present(first)) {
            continue;
        }
        const std::uint8_t count = (read(first, kHeaderType) & kManyFunctions) != 0 ? kFunctions : 1;
        for (std::uint8_t number = 0; number < count; ++number) {
            const Function function{device, number};
            if (is_present(function) && read(function, kClass) >> 16 == wanted) {
                return function;
            }
        }
    }
    return std::nullopt;
}

}  // namespace kernel::pci
