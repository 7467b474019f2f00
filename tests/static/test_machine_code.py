#!/usr/bin/env python3
"""Only kernel/arch knows the CPU: no instruction is written out anywhere else, and none at all in mm/.

The check also runs on planted text.
"""

import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# An empty statement is a barrier for the compiler, not an instruction.
ASSEMBLY = re.compile(r'\basm\b(?:\s+volatile)?\s*\(\s*"(?=[^"])')


def offending_lines(text):
    """The numbers of the lines of `text` that hold an instruction."""
    return [number for number, line in enumerate(text.splitlines(), 1) if ASSEMBLY.search(line)]


def sources():
    for part in ("mm", "kernel"):
        for folder, _, files in os.walk(os.path.join(ROOT, part)):
            if os.path.relpath(folder, ROOT).startswith(os.path.join("kernel", "arch")):
                continue
            yield from (os.path.join(folder, name) for name in files if name.endswith((".hpp", ".cpp")))


class MachineCode(unittest.TestCase):
    def test_there_is_none_outside_arch(self):
        found = []
        paths = list(sources())
        self.assertGreater(len(paths), 50)
        for path in paths:
            with open(path, encoding="utf-8") as file:
                found += [f"{os.path.relpath(path, ROOT)}:{number}" for number in offending_lines(file.read())]
        self.assertEqual(found, [])

    def test_a_planted_instruction_is_found(self):
        self.assertEqual(offending_lines('int x;\n    asm volatile("hlt");\n'), [2])
        self.assertEqual(offending_lines('asm("cli" : : : "memory");'), [1])

    def test_a_barrier_is_none(self):
        self.assertEqual(offending_lines('asm volatile("" : "+r"(block) : : "memory");'), [])


if __name__ == "__main__":
    unittest.main()
