#!/usr/bin/env python3
"""tools/screenshot.py [OPTION…] PICTURE.png LINE…: boots PrimitiveOS, types LINEs on its keyboard, saves its screen.

README's picture is made so (the program by `python3 programs/build.py lua-musl`, the images by ./run):

    tools/screenshot.py --memory 512M --file build/programs/lua-musl:/lua --until PID docs/images/top.png \\
        'seq 1 3999999 | sort -rn > /tmp/sorted &' 'md5sum < /dev/zero &' \\
        './lua -e "t={} for i=1,1e6 do t[i]={i} end while 1 do end" &' 'sleep 8; top'

The keys go through QEMU's keyboard and the picture comes from its VGA, so that it shows what a person at that machine
sees. `--memory`, `--append`, `--root` and `--file` as ./run has them. `--until TEXT` is for a last LINE that does not
end: the picture is taken when it has printed TEXT and has nothing more to say for a moment. The images come from the
build folder that PRIMITIVE_BUILD_DIR names, or build/. Needs nothing but QEMU and Python's standard library.
"""

import argparse
import json
import os
import select
import socket
import struct
import sys
import tempfile
import zlib

import initial_root
import options
from machine import Machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROMPT = b"# "
CURSOR_QUESTION = b"\x1b[6n"
QUIET_SECONDS = 0.5

# The keys of a US keyboard, by what they type: QEMU's name, with `shift-` where Shift is held.
KEYS = {" ": "spc", "\n": "ret", "/": "slash", "-": "minus", ".": "dot", ",": "comma", ";": "semicolon",
        "'": "apostrophe", "=": "equal", "\\": "backslash",
        ">": "shift-dot", "<": "shift-comma", "&": "shift-7", "|": "shift-backslash", '"': "shift-apostrophe",
        "[": "bracket_left", "]": "bracket_right", "{": "shift-bracket_left", "}": "shift-bracket_right",
        "(": "shift-9", ")": "shift-0", "+": "shift-equal", "!": "shift-1", "%": "shift-5",
        "_": "shift-minus", "*": "shift-8", "$": "shift-4", "?": "shift-slash", ":": "shift-semicolon"}  # fmt: skip


def keys_for(character):
    """The names of the keys that, pressed together, type `character`."""
    if character.isascii() and character.isalnum():
        return ["shift", character.lower()] if character.isupper() else [character]
    return KEYS[character].split("-")


class Qmp:
    """QEMU's control socket: one JSON object a line."""

    def __init__(self, connection):
        self.stream = connection.makefile("rwb", buffering=0)
        self.receive()  # The greeting.
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.stream.write(json.dumps(request).encode() + b"\n")
        while True:
            answer = self.receive()
            if "error" in answer:
                raise SystemExit(f"screenshot: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def receive(self):
        line = self.stream.readline()
        if not line:
            raise SystemExit("screenshot: QEMU has ended")
        return json.loads(line)


class Session:
    """The machine at its prompt. Its serial port says the same as its screen: that tells when a command is done."""

    def __init__(self, folder, wanted):
        self.machine = Machine(wanted.memory_bytes)
        root = initial_root.prepare(wanted, folder)
        image = os.path.join(folder, "primitive.elf")
        self.machine.boot_kernel(image, wanted.append, [root] if root else [])
        self.serial = self.machine.open_serial_port("console")
        ours, theirs = socket.socketpair()
        descriptor = theirs.detach()
        self.machine.descriptors.append(descriptor)
        self.machine.arguments += ["-display", "none", "-chardev", f"socket,id=qmp,fd={descriptor}",
                                   "-mon", "chardev=qmp,mode=control"]  # fmt: skip
        self.machine.start()
        self.qmp = Qmp(ours)
        self.wait_for(PROMPT)

    def wait_for(self, text):
        """Reads the serial port until its output ends in `text`; the shell asks where the cursor is at any time."""
        seen = b""
        while not seen.replace(CURSOR_QUESTION, b"").endswith(text):
            seen += self.read(seen)

    def wait_until_quiet_after(self, text):
        """Reads the serial port until `text` has come, and then nothing for a moment."""
        seen = b""
        while text not in seen or select.select([self.serial], [], [], QUIET_SECONDS)[0]:
            seen += self.read(seen)

    def read(self, seen):
        """What comes next; `seen` is for the report when nothing does."""
        data = os.read(self.serial, 4096)
        if not data:
            raise SystemExit(f"screenshot: QEMU has ended; the last it said: {seen[-500:]!r}")
        return data

    def type(self, line, until=None):
        for character in line:
            keys = [{"type": "qcode", "data": key} for key in keys_for(character)]
            self.qmp.do("send-key", keys=keys)
            self.wait_for(character.encode())  # Its echo: the keyboard holds only so many keys.
        self.qmp.do("send-key", keys=[{"type": "qcode", "data": "ret"}])
        if until is None:
            self.wait_for(PROMPT)
        else:
            self.wait_until_quiet_after(until)

    def screen(self):
        """The screen as (width, height, rows of RGB bytes)."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "screen.ppm")
            self.qmp.do("screendump", filename=path)
            with open(path, "rb") as file:
                content = file.read()
        kind, size, _, pixels = content.split(b"\n", 3)
        if kind != b"P6":
            raise SystemExit("screenshot: QEMU wrote something else than a PPM")
        width, height = map(int, size.split())
        return width, height, [pixels[y * width * 3 : (y + 1) * width * 3] for y in range(height)]


def chunk(kind, data):
    """A PNG chunk: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows):
    """A PNG of `rows` with a palette of 16 colours, four bits a pixel: text mode has no more."""
    palette = []
    packed = bytearray()
    for row in rows:
        pixels = []
        for x in range(width):
            colour = row[3 * x : 3 * x + 3]
            if colour not in palette:
                palette.append(colour)
            pixels.append(palette.index(colour))
        if width % 2:
            pixels.append(0)
        packed.append(0)  # This row is not filtered.
        packed += bytes(pixels[x] << 4 | pixels[x + 1] for x in range(0, len(pixels), 2))
    if len(palette) > 16:
        raise SystemExit(f"screenshot: {len(palette)} colours on the screen; text mode has 16")
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"PLTE", b"".join(palette)),
                     chunk(b"IDAT", zlib.compress(bytes(packed), 9)), chunk(b"IEND", b"")])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Boots PrimitiveOS, types lines, saves its screen.")
    for name in ("memory", "append", "root"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--file", action="append", default=[], metavar="PATH[:GUEST]")
    parser.add_argument("--until", metavar="TEXT")
    parser.add_argument("picture", metavar="PICTURE.png")
    parser.add_argument("lines", metavar="LINE", nargs="*")
    arguments = parser.parse_args()
    for_run = [f"--file={file}" for file in arguments.file]
    for name in ("memory", "append", "root"):
        if getattr(arguments, name) is not None:
            for_run.append(f"--{name}={getattr(arguments, name)}")
    try:
        wanted = options.parse(for_run)
        session = Session(os.environ.get("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build")), wanted)
    except options.UsageError as error:
        raise SystemExit(f"screenshot: {error}") from None
    try:
        for number, line in enumerate(arguments.lines, 1):
            is_last = number == len(arguments.lines)
            session.type(line, arguments.until.encode() if arguments.until and is_last else None)
        picture = png(*session.screen())
    finally:
        session.machine.stop()
    with open(arguments.picture, "wb") as file:
        file.write(picture)


if __name__ == "__main__":
    sys.exit(main())
