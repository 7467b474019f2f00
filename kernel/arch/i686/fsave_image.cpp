#include "kernel/arch/i686/fsave_image.hpp"

#include <cstring>

namespace kernel {
namespace {

/// The x87's part of what FXSAVE stores.
struct FxsaveHeader {
    std::uint16_t control, status;
    std::uint8_t tags;  // a bit a register: 0 empty
    std::uint8_t reserved;
    std::uint16_t opcode;
    std::uint32_t instruction_offset;
    std::uint16_t instruction_selector, reserved_too;
    std::uint32_t operand_offset;
    std::uint16_t operand_selector, reserved_again;
};
static_assert(sizeof(FxsaveHeader) == 24);

constexpr std::size_t kRegisters = 8;
constexpr std::size_t kRegisterBytes = 10;
constexpr std::size_t kRegistersAt = 32;
constexpr std::size_t kRegisterSlot = 16;
constexpr std::uint32_t kReservedOnes = 0xFFFF'0000;

enum Tag : std::uint32_t { kValid = 0, kZero = 1, kSpecial = 2, kEmpty = 3 };

Tag tag_of(std::span<const std::byte> value) {
    std::uint64_t mantissa = 0;
    std::uint16_t exponent = 0;
    std::memcpy(&mantissa, value.data(), sizeof(mantissa));
    std::memcpy(&exponent, value.data() + sizeof(mantissa), sizeof(exponent));
    exponent &= 0x7FFF;
    if (exponent == 0 && mantissa == 0) {
        return kZero;
    }
    const bool normal = exponent != 0 && exponent != 0x7FFF && mantissa >> 63 != 0;
    return normal ? kValid : kSpecial;
}

/// Which physical register ST(i) is: tags are by number, contents by place on the stack.
std::size_t place_of(std::size_t number, std::uint16_t status) {
    const std::size_t top = status >> 11 & 7U;
    return (number - top) % kRegisters;
}

}  // namespace

FsaveImage fsave_image_of(std::span<const std::byte, 512> fxsave) {
    FxsaveHeader header;
    std::memcpy(&header, fxsave.data(), sizeof(header));
    FsaveImage image{};
    image.control = kReservedOnes | header.control;
    image.status = kReservedOnes | header.status;
    image.tags = kReservedOnes;
    for (std::size_t number = 0; number < kRegisters; ++number) {
        const std::size_t at = kRegistersAt + place_of(number, header.status) * kRegisterSlot;
        const bool used = (header.tags >> number & 1U) != 0;
        const Tag tag = used ? tag_of(fxsave.subspan(at, kRegisterBytes)) : kEmpty;
        image.tags |= static_cast<std::uint32_t>(tag) << (2 * number);
    }
    image.instruction_offset = header.instruction_offset;
    image.instruction_selector = std::uint32_t{header.instruction_selector} | std::uint32_t{header.opcode}
                                                                                  << 16;
    image.operand_offset = header.operand_offset;
    image.operand_selector = kReservedOnes | header.operand_selector;
    for (std::size_t place = 0; place < kRegisters; ++place) {
        std::memcpy(image.registers.data() + place * kRegisterBytes,
                    fxsave.data() + kRegistersAt + place * kRegisterSlot, kRegisterBytes);
    }
    image.status_again = header.status;
    return image;
}

void apply_fsave_image(const FsaveImage& image, std::span<std::byte, 512> fxsave) {
    FxsaveHeader header;
    std::memcpy(&header, fxsave.data(), sizeof(header));
    header.control = static_cast<std::uint16_t>(image.control);
    header.status = static_cast<std::uint16_t>(image.status);
    header.tags = 0;
    for (std::size_t number = 0; number < kRegisters; ++number) {
        const bool used = (image.tags >> (2 * number) & 3U) != kEmpty;
        header.tags = static_cast<std::uint8_t>(header.tags | (used ? 1U << number : 0U));
    }
    header.opcode = static_cast<std::uint16_t>(image.instruction_selector >> 16);
    header.instruction_offset = image.instruction_offset;
    header.instruction_selector = static_cast<std::uint16_t>(image.instruction_selector);
    header.operand_offset = image.operand_offset;
    header.operand_selector = static_cast<std::uint16_t>(image.operand_selector);
    std::memcpy(fxsave.data(), &header, sizeof(header));
    for (std::size_t place = 0; place < kRegisters; ++place) {
        std::memcpy(fxsave.data() + kRegistersAt + place * kRegisterSlot,
                    image.registers.data() + place * kRegisterBytes, kRegisterBytes);
    }
}

}  // namespace kernel
