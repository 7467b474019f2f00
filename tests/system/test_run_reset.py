"""A machine that resets itself is no machine that was switched off: ./run says so, and status 70."""

import os
import struct
import tempfile
import unittest

from guest import GuestTest, Prompt, run_program

BASE = 0x100000
MULTIBOOT_MAGIC = 0x1BADB002
ADDRESSES_ARE_GIVEN = 1 << 16
CODE_AT = 32
EMPTY_IDT_AT = 64
SIZE = 128


def kernel_that_faults():
    """A Multiboot kernel of two instructions: a fault without an IDT is a triple fault."""
    header = struct.pack(
        "<8I",
        MULTIBOOT_MAGIC,
        ADDRESSES_ARE_GIVEN,
        -(MULTIBOOT_MAGIC + ADDRESSES_ARE_GIVEN) & 0xFFFFFFFF,
        *(BASE, BASE, 0, 0, BASE + CODE_AT),
    )
    load_idt = b"\x0f\x01\x1d" + struct.pack("<I", BASE + EMPTY_IDT_AT)
    undefined = b"\x0f\x0b"
    return (header + load_idt + undefined).ljust(SIZE, b"\0")


class Reset(GuestTest):
    def test_a_triple_fault_is_told_from_a_power_off(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("primitive.elf", "primitive.iso"):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(kernel_that_faults())
            result = run_program(["--root", "none"], env={**os.environ, "PRIMITIVE_BUILD_DIR": folder})
        self.assert_status(result, 70)
        self.assertEqual(result.stderr, b"run: the machine was reset\n")

    def test_what_ends_as_asked_is_a_success(self):
        for keys in ("poweroff\r", "\x01x"):  # the second is for QEMU itself
            with self.subTest(keys), Prompt() as prompt:
                prompt.expect(b"# ")
                prompt.type(keys)
                self.assertEqual(prompt.wait(), 0, prompt.seen)
                self.assertNotIn(b"reset", prompt.seen)


if __name__ == "__main__":
    unittest.main()
