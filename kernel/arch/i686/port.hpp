// Port input and output. [intel/vol1] 19
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::port {

/// A port number.
using Port = std::uint16_t;

inline std::uint8_t in8(Port port) {
    std::uint8_t value = 0;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

inline void out8(Port port, std::uint8_t value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

inline void out16(Port port, std::uint16_t value) {
    asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

inline std::uint32_t in32(Port port) {
    std::uint32_t value = 0;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

inline void out32(Port port, std::uint32_t value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/// Reads `count` bytes, one after the other, from `port` into `to`.
inline void read_bytes(Port port, void* to, std::size_t count) {
    asm volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

/// Reads `count` words of 16 bits, one after the other, from `port` into `to`.
inline void read_words(Port port, void* to, std::size_t count) {
    asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

/// Writes `count` bytes, one after the other, from `from` to `port`.
inline void write_bytes(Port port, const void* from, std::size_t count) {
    asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

}  // namespace kernel::port
