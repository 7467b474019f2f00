// The words that a boot loader hands over, as the user wrote them.
//
// Loaders add something of their own to the kernel's command line and to the modules' strings:
//
//   QEMU -kernel   writes the file's name before the words:      /dev/fd/7 quiet 'a b'   ->  quiet 'a b'
//   GRUB           leaves the name out, but quotes each argument that holds a blank, and puts a backslash
//                  before each backslash and quote:              "quiet \'a b\'"         ->  quiet 'a b'
//
// This undoes both, so that /proc/cmdline and /proc/modules read the same whatever booted the kernel.
// Pure functions: no state, no allocation; callable anywhere. Cost: a few instructions a character.
// Follows: GRUB 2.06 lib/cmdline.c, QEMU 7.2 hw/i386/multiboot.c, as observed; Multiboot 1, 3.3
// (boot_loader_name).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kernel {

/// Who wrote the words.
enum class Loader : std::uint8_t {
    kQemu,
    kGrub,
    kOther,  ///< Unknown, or without a name: its words are taken as they are.
};

/// The loader that calls itself `name` ("qemu", "GRUB 2.06-13+deb12u2").
Loader loader_named(std::string_view name);

/// Rewrites `text` in place to what the user wrote; returns the part of `text` that holds it. Never fails: a
/// quoting that no loader would write loses its quotes.
std::string_view restore_loader_text(Loader loader, std::span<char> text);

}  // namespace kernel
