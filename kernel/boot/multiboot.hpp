// What a Multiboot 1 loader leaves in memory. Multiboot Specification 0.6.96, 3.3 "Boot information format".
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::multiboot {

inline constexpr std::uint32_t kLoaderMagic = 0x2badb002;  ///< In EAX when the loader jumps.

/// Bits of Information::flags: which fields mean anything.
inline constexpr std::uint32_t kHasBasicMemory = 1U << 0;
inline constexpr std::uint32_t kHasCommandLine = 1U << 2;
inline constexpr std::uint32_t kHasModules = 1U << 3;
inline constexpr std::uint32_t kHasMemoryMap = 1U << 6;  // Not bit 5: that one is the ELF section table.
inline constexpr std::uint32_t kHasLoaderName = 1U << 9;

struct Information {
    std::uint32_t flags;
    std::uint32_t memory_lower_kib;
    std::uint32_t memory_upper_kib;
    std::uint32_t boot_device;
    std::uint32_t command_line;
    std::uint32_t module_count;
    std::uint32_t modules;
    std::uint32_t symbols[4];
    std::uint32_t map_length;
    std::uint32_t map;
    std::uint32_t drives_length;
    std::uint32_t drives;
    std::uint32_t configuration_table;
    std::uint32_t loader_name;
};
static_assert(sizeof(Information) == 68);
static_assert(offsetof(Information, command_line) == 16);
static_assert(offsetof(Information, map_length) == 44);
static_assert(offsetof(Information, loader_name) == 64);

struct Module {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t text;
    std::uint32_t reserved;
};
static_assert(sizeof(Module) == 16);

}  // namespace kernel::multiboot
