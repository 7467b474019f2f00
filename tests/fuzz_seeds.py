#!/usr/bin/env python3
"""Writes the seed corpus of mm/map/multiboot_map_fuzz.cpp into a directory, which is emptied first.

usage: fuzz_seeds.py DIRECTORY

A fuzzer left to itself takes long to find that 20 is the size of an entry; these inputs tell it.
"""

import shutil
import struct
import sys
from pathlib import Path

CROWDED, SCARCE, LENGTH_OFF, OVERLONG, FEW_CLAIMS = 1, 2, 4, 8, 16

PC = [
    (0x0, 0x9FC00, 1),
    (0x9FC00, 0x400, 2),
    (0xF0000, 0x10000, 2),
    (0x100000, 0x7EE0000, 1),
    (0x7FE0000, 0x20000, 3),
]
CLAIMS = struct.pack("<HBBHBBHBB", 0x100, 0x1F, 1, 0x90, 0x12, 2, 0x108, 0x1F, 3)


def entry(base, length, kind, size=20):
    return struct.pack("<IQQI", size, base, length, kind)


def seed(options, payload, claims=CLAIMS):
    return bytes([options, len(claims) // 4]) + claims + payload


def seeds():
    pc = b"".join(entry(*e) for e in PC)
    yield seed(0, pc)
    yield seed(0, pc, b"")
    yield seed(FEW_CLAIMS, pc)
    yield seed(LENGTH_OFF, pc)
    yield seed(LENGTH_OFF | OVERLONG, pc)
    yield seed(0, entry(0, 0x200000, 1) + entry(0x100000, 0x1000, 2, size=0))
    yield seed(0, entry(0, 0x200000, 1) + entry(0x100000, 0x1000, 2, size=0xFFFFFFFC))
    yield seed(0, entry(2**64 - 0x1000, 0x1000, 1) + entry(2**64 - 0x1000, 0x1001, 1))
    yield seed(0, entry(0xFFFFF800, 0x1800, 1) + entry(0x180000000, 2**64 - 1, 5))
    for options in (CROWDED, CROWDED | SCARCE):
        for anchor in range(8):
            records = [(anchor << 3 | kind, 16 * kind, 8 * kind, 0x21F0, kind) for kind in range(1, 6)]
            yield seed(options, b"".join(struct.pack("<BBBHB", *r) for r in records))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = Path(sys.argv[1])
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for number, content in enumerate(seeds()):
        (directory / f"seed-{number:02}").write_bytes(content)


if __name__ == "__main__":
    main()
