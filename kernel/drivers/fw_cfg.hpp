// QEMU's firmware configuration device: named files that the host gives to the guest.
//
// Only under QEMU; elsewhere nothing is found. One file is read at a time. Called from the main line only.
// [qemu/specs/fw_cfg]
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kernel::fw_cfg {

/// A file of the device.
struct File {
    std::uint16_t key = 0;
    std::uint32_t size_bytes = 0;
};

/// The file called `name` (at most 55 characters), opened at its first byte; none when there is no such file
/// or no such device. Cost: 64 bytes read for each file before it.
std::optional<File> open(std::string_view name);

/// The next bytes of the file opened last, into all of `to`. Behind its end the device gives zeros.
void read(std::span<char> to);

}  // namespace kernel::fw_cfg
