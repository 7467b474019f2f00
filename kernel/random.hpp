// Unpredictable bytes: /dev/urandom, getrandom, AT_RANDOM.
//
// A ChaCha20 stream [rfc8439], whose key is replaced by its own output after every request (what was given out cannot
// be computed from what is left), and into which times of interrupts and of requests are mixed. It is as good as its
// seed: the CPU's RDRAND where there is one, else only times, which under an emulator that counts instructions are the
// same at every boot. Main line only; mix_in anywhere. Cost: about 20 instructions a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kernel {

/// Fills all of `bytes`.
void fill_with_random(std::span<std::byte> bytes);

/// Adds something that an attacker may not know. A few instructions.
void mix_into_random(std::uint32_t value);

}  // namespace kernel
