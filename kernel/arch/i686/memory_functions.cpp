// The four functions that compilers call without being asked, and two that string_view needs; nothing else of
// a C library exists in the kernel.
//
// Copies and fills move machine words by string instructions: one instruction a word under an emulator that
// counts them, and the fastest wide way on real hardware without vector registers. Compiled with
// -fno-builtin, or the loops below would be turned into calls of themselves.
#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size_bytes) {
    void* destination = to;
    std::size_t words = size_bytes / 4;
    asm volatile("rep movsl" : "+D"(destination), "+S"(from), "+c"(words) : : "memory");
    std::size_t rest = size_bytes % 4;
    asm volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(rest) : : "memory");
    return to;
}

void* memmove(void* to, const void* from, std::size_t size_bytes) {
    const auto target = reinterpret_cast<std::uintptr_t>(to);
    const auto source = reinterpret_cast<std::uintptr_t>(from);
    if (target - source >= size_bytes) {  // also when the target lies below: the difference wraps
        return memcpy(to, from, size_bytes);
    }
    std::uintptr_t last_target = target + size_bytes - 1;
    std::uintptr_t last_source = source + size_bytes - 1;
    asm volatile("std; rep movsb; cld" : "+D"(last_target), "+S"(last_source), "+c"(size_bytes) : : "memory");
    return to;
}

void* memset(void* to, int value, std::size_t size_bytes) {
    void* destination = to;
    const std::uint32_t word = static_cast<std::uint8_t>(value) * 0x0101'0101U;
    std::size_t words = size_bytes / 4;
    asm volatile("rep stosl" : "+D"(destination), "+c"(words) : "a"(word) : "memory");
    std::size_t rest = size_bytes % 4;
    asm volatile("rep stosb" : "+D"(destination), "+c"(rest) : "a"(word) : "memory");
    return to;
}

int memcmp(const void* a, const void* b, std::size_t size_bytes) {
    const auto* left = static_cast<const unsigned char*>(a);
    const auto* right = static_cast<const unsigned char*>(b);
    for (std::size_t i = 0; i < size_bytes; ++i) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}

void* memchr(const void* in, int value, std::size_t size_bytes) {
    const auto* bytes = static_cast<const unsigned char*>(in);
    for (std::size_t i = 0; i < size_bytes; ++i) {
        if (bytes[i] == static_cast<unsigned char>(value)) {
            return const_cast<unsigned char*>(bytes + i);
        }
    }
    return nullptr;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}

}  // extern "C"
