#!/usr/bin/env python3
"""The kernel image keeps what the linker script and the compiler flags promise. Proves A2 and C4.

Every check is also run on an image that breaks it, built here on the spot: a check that passes that one fails.
"""

import os
import re
import struct
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build"))
IMAGE = os.path.join(BUILD, "primitive.elf")

PAGE = 4096
KERNEL_BASE = 0xC0000000
LOAD_ADDRESS = 1 << 20
WINDOW_BEGIN = 0xC03F8000
SECTIONS = [".text", ".rodata", ".data", ".bss", ".init", ".symbols", ".init_bss"]
# Division of 64-bit numbers and counting of bits, which an i686 does not have. Anything else has slipped in.
LIBGCC_ALLOWED = {
    "__divdi3", "__divmoddi4", "__moddi3", "__udivdi3", "__udivmoddi4", "__umoddi3", "__popcountsi2",
    "__ctzdi2",
}  # fmt: skip
# Registers of vector units and of the x87, and the latter's instructions, all of which begin with f; but not the two
# that keep programs' registers while others run.
FOREIGN_REGISTERS = re.compile(r"%[xyz]mm\d|%mm\d|%st\b|\b(?:emms|ldmxcsr|stmxcsr|vzeroupper)\b|\t(?!fxsave\b|fxrstor\b)f\w+\b")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def foreign_instructions(image):
    """Lines of the disassembly that use a register the kernel does not save."""
    found, is_code = [], True
    for line in output("objdump", "-d", "--no-show-raw-insn", image).splitlines():
        if line.endswith(">:"):
            is_code = not line.endswith("<init_array_start>:")  # Addresses, which may look like anything.
        if is_code and FOREIGN_REGISTERS.search(line):
            found.append(line)
    return found


def undefined_symbols(image):
    return output("nm", "--undefined-only", image).split()


def libgcc_symbols(image):
    """Functions of the image that libgcc defines."""
    library = output("g++", "-m32", "-print-libgcc-file-name").strip()
    theirs = {fields[-1] for line in output("nm", "--defined-only", library).splitlines()
              if len(fields := line.split()) == 3 and fields[1] in "TW"}  # fmt: skip
    ours = {line.split()[-1] for line in output("nm", "--defined-only", image).splitlines()}
    return theirs & ours


def loaded_sections(image):
    """[(name, address, size)] of the sections that take up memory, by address."""
    found = []
    for line in output("readelf", "--sections", "--wide", image).splitlines():
        match = re.match(r"\s*\[ *\d+\] (\S+) +\S+ +([0-9a-f]{8}) [0-9a-f]{6} ([0-9a-f]{6}) \d\d +(\w+)", line)
        if match and "A" in match[4] and int(match[3], 16) > 0:
            found.append((match[1], int(match[2], 16), int(match[3], 16)))
    return sorted(found, key=lambda section: section[1])


def segments(image):
    """[(virtual, physical, size in memory)] of what a loader places."""
    found = []
    for line in output("readelf", "--segments", "--wide", image).splitlines():
        fields = line.split()
        if fields and fields[0] == "LOAD":
            found.append((int(fields[2], 16), int(fields[3], 16), int(fields[5], 16)))
    return found


def unaligned_sections(image):
    return [section for section in loaded_sections(image) if section[1] % PAGE or section[2] % PAGE]


def multiboot_flags(image):
    """The header's flags; None when the first 8 KiB hold no header."""
    with open(image, "rb") as file:
        head = file.read(8192)
    for offset in range(0, len(head) - 11, 4):
        magic, flags, checksum = struct.unpack_from("<III", head, offset)
        if magic == 0x1BADB002 and (magic + flags + checksum) % 2**32 == 0:
            return flags
    return None


class Image(unittest.TestCase):
    def test_no_register_that_the_kernel_does_not_save(self):
        self.assertEqual(foreign_instructions(IMAGE), [])

    def test_no_undefined_symbol(self):
        self.assertEqual(undefined_symbols(IMAGE), [])

    def test_libgcc_gives_nothing_unexpected(self):
        self.assertEqual(libgcc_symbols(IMAGE) - LIBGCC_ALLOWED, set())

    def test_sections_are_whole_pages(self):  # A2
        self.assertEqual(unaligned_sections(IMAGE), [])

    def test_sections_are_those_of_the_script(self):
        names = [name for name, _, _ in loaded_sections(IMAGE)]
        self.assertEqual(names, [name for name in SECTIONS if name in names])
        self.assertLessEqual({".text", ".rodata", ".data", ".bss", ".init", ".symbols"}, set(names))

    def test_linked_three_gibibytes_above_where_it_is_loaded(self):  # A2
        self.assertEqual(segments(IMAGE)[0][:2], (KERNEL_BASE + LOAD_ADDRESS, LOAD_ADDRESS))
        for virtual, physical, _ in segments(IMAGE):
            self.assertEqual(virtual - physical, KERNEL_BASE)

    def test_ends_below_the_window(self):  # C4
        self.assertLessEqual(max(virtual + size for virtual, _, size in segments(IMAGE)), WINDOW_BEGIN)

    def test_header_asks_for_the_memory_map(self):  # A1
        self.assertEqual(multiboot_flags(IMAGE), 3)


class PlantedViolations(unittest.TestCase):
    """Each check sees what it is there for."""

    def build(self, source, *options):
        """A program of `source` (C++), not linked against anything but libgcc."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        image = os.path.join(folder.name, "image")
        subprocess.run(
            ["g++", "-m32", "-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie", "-Wl,-e,f",
             *options, "-x", "c++", "-", "-lgcc", "-o", image],
            input=source, text=True, check=True, capture_output=True,
        )  # fmt: skip
        return image

    def test_vector_register_is_seen(self):
        image = self.build('extern "C" double f(double a) { return a * 3; }', "-msse2", "-mfpmath=sse")
        self.assertTrue(foreign_instructions(image))

    def test_x87_is_seen(self):
        image = self.build('extern "C" float f(float a) { return a * 3; }', "-mfpmath=387")
        self.assertTrue(foreign_instructions(image))

    def test_mmx_is_seen(self):
        image = self.build('extern "C" void f() { asm volatile("paddb %mm0, %mm1"); }')
        self.assertTrue(foreign_instructions(image))

    def test_saving_programs_registers_is_not_taken_for_using_them(self):
        image = self.build('extern "C" void f(char* a) { asm volatile("fxsave (%0); fxrstor (%0)" : : "r"(a)); }')
        self.assertEqual(foreign_instructions(image), [])

    def test_addresses_among_the_code_are_not_taken_for_any_of_them(self):
        table = 'asm(".globl init_array_start, init_array_end; init_array_start: .long 0xc0196460; init_array_end: emms");'
        (line,) = foreign_instructions(self.build(table))
        self.assertIn("emms", line)

    def test_integer_code_is_not_taken_for_any_of_them(self):
        image = self.build('extern "C" unsigned f(unsigned a) { asm volatile("movl %eax, %fs"); return a * 3; }')
        self.assertEqual(foreign_instructions(image), [])

    def test_undefined_symbol_is_seen(self):
        image = self.build('void g(); extern "C" void f() { g(); }', "-r")
        self.assertTrue(undefined_symbols(image))

    def test_member_of_libgcc_is_seen(self):
        image = self.build('extern "C" int f(unsigned long long a) { return __builtin_popcountll(a); }')
        self.assertEqual(libgcc_symbols(image) - LIBGCC_ALLOWED, {"__popcountdi2"})

    def test_odd_section_and_missing_header_are_seen(self):
        image = self.build('extern "C" int f() { return 1; }')
        self.assertTrue(unaligned_sections(image))
        self.assertIsNone(multiboot_flags(image))

    def test_image_in_the_window_does_not_link(self):  # C4
        script = os.path.join(ROOT, "kernel", "boot", "kernel.ld")
        source = 'extern "C" void entry() {} char big[%d];'
        self.build(source % (2 << 20), f"-Wl,-T,{script}")
        with self.assertRaises(subprocess.CalledProcessError) as failure:
            self.build(source % (3 << 20), f"-Wl,-T,{script}")
        self.assertIn("reaches into the window", failure.exception.stderr)


if __name__ == "__main__":
    unittest.main()
