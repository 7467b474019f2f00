"""The crafted boots: what firmware and loaders could hand over, and what none ever should. Deterministic."""

import random

from script import (
    ACPI,
    BAD,
    HAS_BASIC_MEMORY,
    HAS_ELF_SECTIONS,
    HAS_MAP,
    NVS,
    RESERVED,
    USABLE,
    Boot,
    Module,
    entry,
)

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
MEMORY = 32 * MIB  # The machine's.

# What QEMU says of such a machine.
PC = [
    (0, 0x9FC00, USABLE),
    (0x9FC00, 0x400, RESERVED),
    (0xF0000, 0x10000, RESERVED),
    (MIB, MEMORY - MIB - 0x20000, USABLE),
    (MEMORY - 0x20000, 0x20000, RESERVED),
    (0xFFFC0000, 0x40000, RESERVED),
    (0xFD00000000, 0x300000000, RESERVED),
]


def raw(entries):
    return b"".join(entry(*e) for e in entries)


def pc_and(*more):
    return raw([*PC, *more])


def hand_written():
    """Each of the ways to be wrong, one at a time."""
    yield Boot("as-qemu-says", raw(PC))
    yield Boot("reversed", raw(PC[::-1]))
    yield Boot("every-entry-twice", raw(PC + PC))
    yield Boot("every-entry-a-hundred-times", raw(PC * 100))
    yield Boot("no-entries", b"")
    yield Boot("one-usable-frame", raw([(MIB, 4 * KIB, USABLE)]))
    yield Boot("one-usable-frame-in-low-memory", raw([(0x8000, 4 * KIB, USABLE)]))
    yield Boot("one-usable-frame-beside-the-image", raw([(8 * MIB, 4 * KIB, USABLE)]))
    yield Boot("one-usable-byte", raw([(8 * MIB, 1, USABLE)]))
    yield Boot("only-reserved", raw([(0, GIB, RESERVED)]))
    yield Boot("only-low-memory", raw([(0, 0x9FC00, USABLE)]))
    yield Boot("only-high-memory", raw([(MIB, 31 * MIB, USABLE)]))
    yield Boot("only-memory-above-the-image", raw([(8 * MIB, 24 * MIB, USABLE)]))
    yield Boot("only-above-4g", raw([(4 * GIB, GIB, USABLE)]))
    yield Boot("above-4g-too", pc_and((4 * GIB, GIB, USABLE), (2**52, GIB, USABLE)))
    yield Boot("across-4g", pc_and((0xFFFC0000, GIB, USABLE)))
    yield Boot("all-of-low-memory-and-the-isa-hole", raw([(0, MEMORY, USABLE)]))
    yield Boot("isa-hole-usable-too", pc_and((0xA0000, 0x60000, USABLE)))
    yield Boot("isa-hole-bad", pc_and((0xA0000, 0x60000, BAD)))
    yield Boot("zero-length", pc_and((8 * MIB, 0, RESERVED), (0, 0, BAD), (2**64 - 1, 0, USABLE)))
    yield Boot("unknown-types", pc_and((8 * MIB, MIB, 0), (10 * MIB, 1, 6), (12 * MIB, 1, 0xFFFFFFFF)))
    yield Boot("every-kind", pc_and((8 * MIB, 1, ACPI), (9 * MIB, MIB, NVS), (11 * MIB, 5000, BAD)))
    yield Boot("reserved-over-the-image", pc_and((MIB, MIB, RESERVED)))
    yield Boot("reserved-inside-the-image", pc_and((MIB + 0x20000, 1, BAD)))
    yield Boot("reserved-over-the-information", pc_and((24 * MIB, 0x1000, NVS)), information_at=24 * MIB)
    yield Boot("usable-meets-inside-frames", raw([(i * 0x1800, 0x1800, USABLE) for i in range(MEMORY // 0x1800)]))
    yield Boot("usable-almost-meets", raw([(i * 0x1800, 0x17FF, USABLE) for i in range(MEMORY // 0x1800)]))
    yield Boot("wrapping-usable", pc_and((12 * MIB, 2**64 - MIB, USABLE)))
    yield Boot("wrapping-usable-only", raw([(0x1000, 2**64 - 1, USABLE)]))
    yield Boot("wrapping-reserved", pc_and((20 * MIB, 2**64 - 1, RESERVED)))
    yield Boot("wrapping-reserved-to-zero", pc_and((2**64 - 0x1000, 0x1000, RESERVED)))
    yield Boot("wrapping-over-everything", pc_and((0, 2**64 - 1, RESERVED)))
    yield Boot("ends-at-2-to-the-64", pc_and((2**64 - 0x2000, 0x2000, USABLE)))
    yield Boot("reserved-last-byte", pc_and((2**64 - 1, 1, BAD)))

    for size in (0, 1, 4, 16, 19):
        yield Boot(f"entry-size-{size}-first", entry(0, GIB, USABLE, size) + raw(PC))
        yield Boot(f"entry-size-{size}-last", raw(PC) + entry(8 * MIB, MIB, RESERVED, size))
    for size in (0xFFFFFFFC, 0xFFFFFFFF, 0x80000000, 0xFFFFFFE8):
        yield Boot(f"entry-size-{size:x}-first", entry(0, MEMORY, USABLE, size) + raw(PC))
        yield Boot(f"entry-size-{size:x}-last", raw(PC) + entry(8 * MIB, MIB, RESERVED, size))
    yield Boot("entry-size-24", b"".join(entry(*e, size=24) for e in PC))
    yield Boot("entry-size-4000", b"".join(entry(*e, size=4000) for e in PC))
    yield Boot("entry-size-odd", b"".join(entry(*e, size=21 + i) for i, e in enumerate(PC)))

    whole = raw(PC)
    for cut in (0, 1, 3, 4, 20, 23, 24, 25, 47, 71, 95, 96, 97, len(whole) - 1):
        yield Boot(f"ends-at-byte-{cut}", whole, said_map_length=cut)
    for said in (len(whole) + 1, len(whole) + 24, 65536, 0x7FFFFFFF, 0xFFFFFFFF):
        yield Boot(f"says-{said:x}-bytes", whole + bytes(24), said_map_length=said)

    basic = HAS_BASIC_MEMORY
    yield Boot("no-map", flags=basic)
    yield Boot("no-map-although-there-is-one", raw([(0, GIB, USABLE)]), flags=basic)
    yield Boot("no-map-but-elf-sections", raw([(0, GIB, USABLE)]), flags=basic | HAS_ELF_SECTIONS)
    yield Boot("map-and-elf-sections", raw(PC), flags=HAS_MAP | HAS_ELF_SECTIONS)
    yield Boot("no-map-odd-sizes", flags=basic, lower_kib=637, upper_kib=20 * KIB + 3)
    yield Boot("no-map-too-much-lower", flags=basic, lower_kib=0xFFFFFFFF)
    yield Boot("no-map-no-upper", flags=basic, upper_kib=0)
    yield Boot("no-map-one-upper-frame", flags=basic, lower_kib=0, upper_kib=4)
    yield Boot("no-map-and-no-sizes", flags=0)
    yield Boot("map-and-sizes", raw(PC), flags=HAS_MAP | basic, lower_kib=0, upper_kib=0)

    for at in (0x8000, 0x10FF0, 0x7FFFC, 20 * MIB + 0xFFC, 24 * MIB, MEMORY - 0x30000):
        yield Boot(f"information-at-{at:x}", raw(PC), information_at=at, command_line="words for somebody else")
    for at in (0x8000, 0x20FFD, 24 * MIB + 0xFF9, MEMORY - len(whole)):
        yield Boot(f"map-at-{at:x}", whole, map_at=at)
    for at in (0xFFFFFFFF, 0xFFFFFFF0, 0xFFFFFFE8, 0x80000000):
        yield Boot(f"map-said-at-{at:x}", b"", said_map_at=at, said_map_length=0x1000)

    two_ranges = [(0, 0x9F000, USABLE), (MIB, 3 * MIB, USABLE)]
    for count in (100, 1000, 10_000, 12_000):
        yield Boot(f"{count}-holes", raw([*PC, *((3 * MIB + i * 2113, 1, RESERVED) for i in range(count))]))
        yield Boot(
            f"{count}-entries-of-odd-length",
            raw([*two_ranges, *((4 * MIB + i * 2000, 1999, USABLE) for i in range(count))]),
        )
    yield Boot("10000-entries-that-touch", raw([(i * 3000, 3000, USABLE) for i in range(10_000)]))
    yield Boot("10000-times-the-same", raw([(MIB, 30 * MIB, USABLE)] * 9_999 + [(8 * MIB, 1, BAD)]))
    yield Boot("20000-holes", raw([*PC, *((3 * MIB + i * 1201, 1, RESERVED) for i in range(20_000))]))
    yield Boot("20000-holes-of-every-kind", raw([*PC, *((3 * MIB + i * 1201, 1, 2 + i % 4) for i in range(20_000))]))
    yield Boot("40000-islands", raw([*two_ranges, *((10 * MIB + i * 521, 520, USABLE) for i in range(40_000))]))
    hole = (3 * MIB, 1, RESERVED)
    yield Boot("65536-entries-and-one", raw([*PC, *[hole] * (65_536 - len(PC)), (16 * MIB, 1, BAD)]))


def absent():
    """Memory that the map claims and the machine does not have. check=frames is what finds it, as it is taken."""
    checked = {"command_line": "check=frames"}
    yield Boot("absent-one-frame", pc_and((MEMORY, 0x1000, USABLE)), **checked)
    yield Boot("absent-8m", pc_and((MEMORY + MIB, 8 * MIB, USABLE)), **checked)
    yield Boot("absent-8m-unchecked", pc_and((MEMORY + MIB, 8 * MIB, USABLE)), sweep=False)
    yield Boot("absent-64m", pc_and((MEMORY, 64 * MIB, USABLE)), **checked)
    yield Boot("absent-1g", pc_and((MEMORY, GIB, USABLE)), sweep=False, **checked)
    yield Boot("absent-3g", pc_and((MEMORY, 3 * GIB - MEMORY, USABLE)), sweep=False, **checked)
    yield Boot("absent-3g-unchecked", pc_and((MEMORY, 3 * GIB - MEMORY, USABLE)), sweep=False)
    yield Boot("absent-islands", pc_and(*((i * 64 * MIB, 0x3000, USABLE) for i in range(1, 48))), **checked)
    yield Boot("only-absent-memory", raw([(GIB, GIB, USABLE)]), **checked)


def modules():
    """Modules that contradict the map, the kernel, or sense."""

    def told(name, *spans, map_bytes=raw(PC), **keywords):
        listed = [Module(begin, end, f"m{i}".encode()) for i, (begin, end) in enumerate(spans)]
        return Boot(f"module-{name}", map_bytes, modules=listed, **keywords)

    yield told("in-free-memory", (6 * MIB, 7 * MIB + 5))
    yield told("of-one-byte", (6 * MIB + 77, 6 * MIB + 78))
    yield told("empty", (6 * MIB, 6 * MIB), (6 * MIB + 5, 6 * MIB + 5))
    yield told("ends-before-it-begins", (7 * MIB, 6 * MIB))
    yield told("over-the-image", (MIB, MIB + 0x40000))
    yield told("over-all-of-the-image-and-more", (MIB, 4 * MIB))
    yield told("over-the-isa-hole", (0xB8000, 0xC0000), map_bytes=raw([(0, MEMORY, USABLE)]))
    yield told("over-page-zero", (0, 0x1000))
    yield told("over-the-information", (24 * MIB, 24 * MIB + 0x1000), information_at=24 * MIB)
    yield told("in-reserved-memory", (9 * MIB, 10 * MIB), map_bytes=pc_and((9 * MIB + 5, 1, RESERVED)))
    yield told("half-in-reserved-memory", (MEMORY - 0x40000, MEMORY - 0x10000))
    yield told("past-the-end-of-memory", (MEMORY - 0x40000, MEMORY + MIB))
    yield told("beyond-memory", (GIB, GIB + MIB))
    yield told("up-to-the-last-byte", (0xFFFFF000, 0xFFFFFFFF))
    yield told("over-everything", (0, 0xFFFFFFFF))
    yield told("over-all-high-memory", (MIB, MEMORY - 0x20000))
    yield told("the-same-twice", (6 * MIB, 7 * MIB), (6 * MIB, 7 * MIB))
    yield told("overlapping", (6 * MIB, 8 * MIB), (7 * MIB, 9 * MIB), (6 * MIB + 1, 6 * MIB + 2))
    yield told("thirty", *((6 * MIB + i * 0x1801, 6 * MIB + (i + 1) * 0x1801) for i in range(30)))
    yield told("four-thousand", *((6 * MIB + i * 0x1000, 6 * MIB + i * 0x1000 + 1) for i in range(4000)))
    yield told("more-than-are-looked-at", *((6 * MIB, 6 * MIB + 1) for _ in range(4500)))
    yield Boot("module-file", raw(PC), modules=[Module(source=0, text=b"a file")], files=[b"x" * 5000])
    yield Boot(
        "module-files-in-reserved-memory",
        pc_and((16 * MIB, 12 * MIB, RESERVED)),
        modules=[Module(source=0), Module(source=1)],
        files=[b"x" * 5000, b"y"],
    )


def random_boots():
    """Combinations of all that, a hundred of them."""
    kinds = (USABLE, USABLE, USABLE, RESERVED, ACPI, NVS, BAD, 0, 77)
    for seed in range(100):
        rng = random.Random(seed)
        family = ("edges", "crowd", "giants", "sizes", "modules")[seed % 5]
        entries = [*PC]
        keywords = {}
        for _ in range(rng.choice((3, 10, 40, 200))):
            kind = rng.choice(kinds)
            base = rng.randrange(MEMORY)
            length = min(rng.randrange(1, 1 << rng.randrange(1, 22)), MEMORY - base)
            if family == "edges":
                base = max(0, base // 4096 * 4096 + rng.randrange(-2, 3))
                length = max(0, min(length // 4096 * 4096 + rng.randrange(-2, 3), MEMORY - base))
            elif family == "crowd":
                length = min(length, 5000)
            elif family == "giants" and rng.random() < 0.3:
                base = rng.choice((4 * GIB, 2**40, 2**63, 2**64 - MIB))
                base += rng.randrange(0 if kind == USABLE else -8192, 8192)
                length = rng.choice((0, 1, GIB, 2**63, 2**64 - 1, rng.randrange(2**64)))
            entries.append((base, length, kind))
        rng.shuffle(entries)
        sizes = [rng.randrange(20, 80) if family == "sizes" else 20 for _ in entries]
        content = b"".join(entry(*e, size=s) for e, s in zip(entries, sizes))
        if rng.random() < 0.2:
            keywords["said_map_length"] = rng.randrange(len(content) + 1)
        if rng.random() < 0.2:
            keywords["information_at"] = rng.choice((0x8000, 0x30FF4, 24 * MIB + rng.randrange(MIB)))
        if family == "modules":
            begins = [rng.randrange(MEMORY) for _ in range(rng.randrange(1, 40))]
            keywords["modules"] = [Module(begin, begin + rng.randrange(1 << rng.randrange(1, 22))) for begin in begins]
        yield Boot(f"random-{seed}-{family}", content, **keywords)


def all_boots():
    return [*hand_written(), *absent(), *modules(), *random_boots()]
