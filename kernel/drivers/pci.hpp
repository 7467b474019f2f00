// PCI configuration space, by the two ports of configuration mechanism 1: what is plugged in, and where it listens.
//
// Only bus 0 is looked at: there a PC has what it boots with. Without PCI nothing is found.
// Cost: four port accesses at most a function looked at. Main line only. [pci] 3.2.2.3.2, 6.1, 6.2
#pragma once

#include <cstdint>
#include <optional>

namespace kernel::pci {

/// A function of a device on bus 0.
struct Function {
    std::uint8_t device = 0;    ///< 0..31
    std::uint8_t function = 0;  ///< 0..7
};

// Offsets of the header that all functions share.
inline constexpr std::uint8_t kCommand = 0x04;  ///< And the status, in the upper half.
inline constexpr std::uint8_t kClass = 0x08;    ///< Revision, interface, subclass, class: a byte each.
inline constexpr std::uint8_t kFifthBaseAddress = 0x20;

// Bits of the command.
inline constexpr std::uint32_t kAnswersPorts = 1U << 0;
inline constexpr std::uint32_t kBusMaster = 1U << 2;

/// The register at `offset`, a multiple of 4.
std::uint32_t read(Function function, std::uint8_t offset);
void write(Function function, std::uint8_t offset, std::uint32_t value);

/// The first function whose class and subclass are these. Cost: at most 256 functions looked at.
std::optional<Function> find(std::uint8_t class_code, std::uint8_t subclass);

}  // namespace kernel::pci
