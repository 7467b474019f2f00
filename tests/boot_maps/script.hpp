// What the shim is told: the layout of its second module, written by script.py. All numbers little-endian.
//
//   | ScriptHeader | map bytes | command line | module 0 | its string | module 1 | its string | ...
//
// The map's bytes may be anything; strings end in NUL and their lengths count it. Nothing is aligned.
#pragma once

#include <cstdint>

namespace shim {

struct [[gnu::packed]] ScriptHeader {
    static constexpr std::uint64_t kMagic = 0x3150414d544f4f42;  // "BOOTMAP1"
    static constexpr std::uint32_t kHere = 0;                    // An address that the shim is to fill in.

    std::uint64_t magic;
    std::uint32_t flags;             ///< Of the Multiboot information, as they are.
    std::uint32_t memory_lower_kib;  ///< As it is.
    std::uint32_t memory_upper_kib;  ///< As it is.
    std::uint32_t
        information_at;         ///< Where to put the information and its strings; kHere: above all modules.
    std::uint32_t map_at;       ///< Where to put the map's bytes; kHere: behind the information.
    std::uint32_t said_map_at;  ///< What the information says of that; kHere: the truth.
    std::uint32_t said_map_length;  ///< What the information says of the map's length.
    std::uint32_t map_bytes;
    std::uint32_t command_line_bytes;
    std::uint32_t module_count;
};
static_assert(sizeof(ScriptHeader) == 48);

/// One module of the kernel's: a real one that QEMU loaded behind the script, or a claim about memory.
struct [[gnu::packed]] ScriptModule {
    static constexpr std::uint32_t kInvented = 0xffffffff;

    std::uint32_t
        source;  ///< The how-manieth module behind the script; kInvented: `begin` and `end` as they are.
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t text_bytes;
};
static_assert(sizeof(ScriptModule) == 16);

}  // namespace shim
