"""What a boot hands to the kernel, and the shim's script that says so (its layout: script.hpp)."""

import struct
from dataclasses import dataclass, field

HAS_BASIC_MEMORY = 1 << 0
HAS_COMMAND_LINE = 1 << 2
HAS_MODULES = 1 << 3
HAS_ELF_SECTIONS = 1 << 5
HAS_MAP = 1 << 6

USABLE, RESERVED, ACPI, NVS, BAD = 1, 2, 3, 4, 5

MAGIC = b"BOOTMAP1"
INVENTED = 0xFFFFFFFF


def entry(base, length, kind, size=20, padding=None):
    """One entry of a raw map. `padding` bytes follow it; as many as `size` says unless told."""
    if padding is None:
        padding = max(size - 20, 0) if size < 4096 else 0
    return struct.pack("<IQQI", size, base % 2**64, length % 2**64, kind) + b"\xee" * padding


@dataclass
class Module:
    """A module as the kernel is told of it: [begin, end) as it is, or the file `source` that QEMU loads."""

    begin: int = 0
    end: int = 0
    text: bytes = b"module"
    source: int = INVENTED


@dataclass
class Boot:
    """One crafted boot. `raw` are the map's bytes; addresses of 0 are the shim's to choose."""

    name: str
    raw: bytes = b""
    flags: int = HAS_MAP
    lower_kib: int = 639
    upper_kib: int = 31 * 1024
    information_at: int = 0
    map_at: int = 0
    said_map_at: int = 0
    said_map_length: int | None = None  # The truth unless told.
    command_line: str = ""
    modules: list = field(default_factory=list)
    files: list = field(default_factory=list)  # Contents of the files that modules may name as their source.
    sweep: bool = True  # Whether every free frame is to be taken, written and read back.

    @property
    def map_length(self):
        return len(self.raw) if self.said_map_length is None else self.said_map_length

    def script(self):
        """The bytes of the shim's script."""
        flags = self.flags
        flags |= HAS_COMMAND_LINE if self.command_line else 0
        flags |= HAS_MODULES if self.modules else 0
        words = self.command_line.encode() + b"\0"
        parts = [
            struct.pack(
                "<8s10I",
                MAGIC,
                flags,
                self.lower_kib,
                self.upper_kib,
                self.information_at,
                self.map_at,
                self.said_map_at,
                self.map_length,
                len(self.raw),
                len(words),
                len(self.modules),
            ),
            self.raw,
            words,
        ]
        for module in self.modules:
            text = module.text + b"\0"
            parts.append(struct.pack("<4I", module.source, module.begin, module.end, len(text)) + text)
        return b"".join(parts)
