"""Initial roots as others write them: tar and cpio of several kinds, one laid over another, damaged, without a shell.

Nothing in them begins at a page, so that every page is copied at its first touch. Where no shell can be started from
them, the log says why in one line, and the built-in console takes over.
"""

import hashlib
import os
import random
import stat
import sys
import tarfile
import tempfile
import unittest

from archives import dense_cpio_of, tar_of
from guest import BUILD, ROOT, GuestTest, run

sys.path.insert(0, os.path.join(ROOT, "tools"))

import cpio  # noqa: E402

INITIAL_ROOT = os.path.join(BUILD, "root.cpio")
LONG = "/".join(["folder-with-a-rather-long-name"] * 8) + "/" + "n" * 200
SIZES = (0, 1, 511, 512, 513, 4095, 4096, 4097, 70_001)


def system_entries():
    """What the usual root holds."""
    with open(INITIAL_ROOT, "rb") as file:
        return list(cpio.read(file.read()))


def tree_entries(top, seed):
    """Files of many sizes under `top`, and what has a long name there."""
    chance = random.Random(seed)
    entries = [cpio.folder(top)]
    entries += [cpio.regular_file(f"{top}/{size}", chance.randbytes(size), 0o640, 86400 * seed) for size in SIZES]
    return entries


def long_entries(top):
    """A file whose path has more than ustar's 255 bytes, and a link to it."""
    folders = sorted(cpio.parents_of([f"{top}/{LONG}"]), key=len)
    return [
        *(cpio.folder(path) for path in folders[1:]),
        cpio.regular_file(f"{top}/{LONG}", b"far down\n"),
        cpio.symbolic_link(f"{top}/short", LONG),
    ]


def sums_of(entries):
    """What md5sum prints for the files among `entries`, by path."""
    files = sorted((entry for entry in entries if stat.S_ISREG(entry.mode)), key=lambda entry: entry.path)
    return "".join(
        f"{hashlib.md5(bytes(entry.content), usedforsecurity=False).hexdigest()}  /{entry.path}\n" for entry in files
    )


class Archives(GuestTest):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def guest(self, line, **options):
        result = run("sh", "-c", line, **options)
        self.assert_ok(result)
        return result.stdout.decode()

    def check_pair(self, first, second):
        """Boots from archive `first` of the system and /one, with `second` laid over it, which brings /two and more."""
        line = (
            "md5sum /one/[0-9]* /two/[0-9]* | sort -k 2; cat /etc/hostname /one/short; stat -c '%a %h %Y' /one/4096;"
            "cmp /one/4096 /one/hard && [ /one/4096 -ef /one/hard ] && echo one file; md5sum < /bin/busybox;"
            "echo x > /one/new; echo release 0 > /proc/modules; echo release 1 > /proc/modules; cat /one/short"
        )
        result = run("sh", "-c", line, root=self.file("root", first), modules=[f"{self.file('over', second)},second"])
        busybox = next(bytes(e.content) for e in self.system if e.path == "bin/busybox")
        self.assertEqual(
            result.stdout.decode().splitlines(),
            [
                *sums_of([*self.one, *self.two]).splitlines(),
                "laid over",
                "far down",
                "640 2 86400",
                "one file",
                hashlib.md5(busybox, usedforsecurity=False).hexdigest() + "  -",
                "far down",
            ],
        )
        self.assertEqual(
            result.stderr.decode().splitlines(),
            ["sh: can't create /one/new: Read-only file system"] + ["sh: write error: Device or resource busy"] * 2,
        )

    def test_pairs(self):
        """Each kind below, and each above."""
        self.system = system_entries()
        self.one, self.two = tree_entries("one", 1), tree_entries("two", 2)
        base = [*self.system, *self.one, *long_entries("one")]
        above = [*self.two, cpio.folder("etc"), cpio.regular_file("etc/hostname", b"laid over\n")]
        links = [("one/hard", "one/4096")]
        pairs = {
            "GNU tar, cpio": (tar_of(base, tarfile.GNU_FORMAT, links), dense_cpio_of(above)),
            "pax, ustar": (tar_of(base, tarfile.PAX_FORMAT, links), tar_of(above, tarfile.USTAR_FORMAT)),
            "cpio, GNU tar": (dense_cpio_of(base, links), tar_of(above, tarfile.GNU_FORMAT)),
        }
        for name, (first, second) in pairs.items():
            with self.subTest(name):
                self.check_pair(first, second)

    def assert_built_in(self, content, *phrases):
        """`content` as the root gives the built-in console; one line of the log holds all `phrases`."""
        result = run("cat", "/proc/version", "/proc/kmsg", root=self.file("root", content))
        self.assert_ok(result)
        lines = result.stdout.decode().splitlines()
        found = [line for line in lines if all(phrase in line for phrase in phrases)]
        self.assertEqual(len(found), 1, "\n".join(lines))

    def test_without_a_shell(self):
        console = "the built-in console runs instead"
        entries = tree_entries("one", 1)
        self.assert_built_in(tar_of(entries, tarfile.USTAR_FORMAT), "cannot run /bin/sh", "No such file", console)
        entries += [cpio.folder("bin"), cpio.regular_file("bin/sh", b"\x7fELF" + b"x" * 100, 0o755)]
        self.assert_built_in(dense_cpio_of(entries), "cannot run /bin/sh", console)
        self.assert_built_in(b"no archive at all\n" * 100, "module 0 is neither a cpio (newc) nor a tar (ustar)")

    def test_damaged(self):
        """Before its shell: the console. Behind it: what came before is there."""
        whole = tar_of(tree_entries("one", 1), tarfile.USTAR_FORMAT)
        at = 512 * 4  # The header of the file of 511 bytes: the folder, the empty file, and the one of a byte are first.
        damaged = whole[: at + 200] + b"\1" + whole[at + 201 :]
        self.assert_built_in(damaged, f"the entry at byte {at}", "checksum is wrong")
        system = system_entries()
        system.sort(key=lambda entry: not (entry.path.startswith("bin") or entry.path == "usr"))
        late = tar_of([*system, *tree_entries("one", 1)], tarfile.GNU_FORMAT)
        cut = late[: late.index(b"one/4096\0") + 512 + 100]
        output = self.guest("ls /one; grep -c 'ends behind the archive' /proc/kmsg", root=self.file("cut", cut))
        self.assertEqual(output.split(), ["0", "1", "4095", "511", "512", "513", "1"])

    def test_no_room_for_it(self):
        """The usual root is left out of a small machine; a wanted one is refused."""
        result = run("cat", "/proc/modules", memory="4M")
        self.assert_ok(result)
        self.assertEqual(result.stdout, b"")
        result = run("ls", memory="4M", root=INITIAL_ROOT)
        self.assert_status(result, 2)
        self.assertRegex(result.stderr, rb"root .* wants a machine of \d+M at least")


if __name__ == "__main__":
    unittest.main()
