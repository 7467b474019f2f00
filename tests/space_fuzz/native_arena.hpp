// The native program's address space: everything but the arena is plugged, and what is mapped can be asked.
//
// Calls no libc function that could map or allocate.
#pragma once

#include <cstdint>

namespace space_fuzz {

/// Says what went wrong, with errno's reason, and ends the process.
[[noreturn]] void give_up(const char* what);

inline void* address_of(std::uint32_t address) {
    return reinterpret_cast<void*>(address);
}

struct Span {
    std::uint32_t begin, end;
};

/// The mapping that has `address`, or the next above.
Span mapping_above(std::uint32_t address);
/// Whether one mapping has all of [address, address + length).
bool is_one_mapping(std::uint32_t address, std::uint32_t length);

/// Moves the program break into the arena, where the program is linked right below it and Linux has put the
/// break close to the program's end; whether that was possible.
bool place_break();
/// Plugs all of the address space but the arena, which is empty afterwards. `heap_end`: what libc has of the
/// heap.
void plug_all_but_arena(std::uint32_t heap_end, bool break_in_arena);

}  // namespace space_fuzz
