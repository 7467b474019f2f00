#!/usr/bin/env python3
"""Machines of every size: the frame account is the firmware's memory, and all of it is memory.

A1 A4 A6 A7: in each machine /proc/iomem's System RAM below 4 GiB, in whole frames, is the account's total, the sum of
its owners and exactly what its runs cover; what is above 4 GiB is told and left alone; and every free frame is taken,
written and read back once. That is the memory manager alone: with the built-in console nothing else has a frame.
With PRIMITIVE_LONG the large machines try and poison each frame on its way, too.
"""

import os
import re
import unittest

import proc_files
from guest import GuestTest, run, run_program, shell
from proc_files import FRAME, Frames

MIB = 1 << 20
# What SeaBIOS keeps of a PC's memory: the real-mode EBDA's page and the ISA hole below 1 MiB, tables at the top.
MOST_KEPT_BY_FIRMWARE = 512 * 1024 + 384 * 1024

# --memory, QEMU's other arguments, MiB of it below 4 GiB, and whether frames are checked in a short run as well.
MACHINES = [
    ("2M", None, 2, True),
    ("4M", None, 4, True),
    ("8M", None, 8, True),
    ("16M", None, 16, True),
    ("32M", None, 32, True),
    ("64M", None, 64, True),
    ("128M", None, 128, True),
    ("512M", None, 512, True),
    ("512M", "-machine pc,max-ram-below-4g=128M", 128, True),
    ("1G", None, 1024, False),
    ("2G", None, 2048, False),
    ("3G", None, 3072, False),
    ("3583M", None, 3583, False),
    ("3584M", None, 3072, False),
    ("5G", None, 3072, False),
]

ACCOUNT = proc_files.cat("iomem", "frames", "meminfo")
PROOF = " && ".join(
    [
        "echo audit > /proc/frames",
        "echo all-frames > /proc/exercise",
        "echo audit > /proc/frames",
        f"echo {proc_files.SEPARATOR}",
        "cat /proc/exercise",
        f"echo {proc_files.SEPARATOR}",
        "cat /proc/frames",
    ]
)


def mebibytes(memory):
    return int(memory[:-1]) * (1024 if memory[-1] == "G" else 1)


class MemorySizes(GuestTest):
    def check_machine(self, memory, qemu, low_mib, check):
        append = "check=frames" if check else None
        result = shell(f"{ACCOUNT}; {PROOF}", memory=memory, qemu=qemu, append=append, root="none")
        self.assert_ok(result)
        iomem, frames, meminfo, exercise, frames_after = proc_files.parts(result.stdout)
        account = Frames(frames)
        ram = proc_files.whole_frames(proc_files.parse_iomem(iomem))
        low = proc_files.below_4g(ram)

        # A7: the account is all of the firmware's whole frames and nothing else.
        self.assertEqual(account.total, proc_files.size(low))
        self.assertEqual(account.total, sum(account.owners.values()))
        self.assertEqual(proc_files.merged((b, e) for b, e, _ in account.runs), proc_files.merged(low))
        self.assertEqual(sum(e - b for b, e, _ in account.runs), account.total)
        self.assertEqual(account.counted_by_run(), account.owners)
        # A1: and the firmware gives what the machine has.
        kept = low_mib * MIB - account.total * FRAME
        self.assertGreaterEqual(kept, 0)
        self.assertLess(kept, MOST_KEPT_BY_FIRMWARE)
        above_4g = (mebibytes(memory) - low_mib) * MIB // FRAME
        self.assertEqual(account.above_4g, above_4g)
        self.assertEqual(proc_files.size(ram) - proc_files.size(low), above_4g)
        self.assertRegex(meminfo, rf"(?m)^MemFree: +{account.owners['free'] * 4} kB$")
        # A6: what the real-mode firmware uses is not handed out.
        self.assertIn((0, 1, "firmware"), account.runs)
        # A4: nor is the image, wherever it has something to read.
        self.assert_image_kept(account, iomem)

        # Every free frame was handed out once, kept what was written to it, and came back.
        self.assertRegex(exercise, rf"(?m)^all-frames {account.owners['free']} wrong 0$")
        self.assertEqual(Frames(frames_after), account)
        self.assertEqual(account.owners["withdrawn"], 0)

    def assert_image_kept(self, account, iomem):
        read_only = ("Kernel code", "Kernel rodata", "Kernel symbols")
        parts = [r for r in proc_files.parse_iomem(iomem) if r.name in read_only]
        self.assertEqual(len(parts), 3)
        image = proc_files.merged((b, e) for b, e, owner in account.runs if owner == "kernel-image")
        for part in parts:
            begin, end = part.begin // FRAME, part.end // FRAME
            self.assertTrue(any(b <= begin and end <= e for b, e in image), part)

    def test_every_machine(self):
        for memory, qemu, low_mib, check in MACHINES:
            with self.subTest(memory=memory, qemu=qemu):
                self.check_machine(memory, qemu, low_mib, check)

    @unittest.skipUnless(os.environ.get("PRIMITIVE_LONG"), "minutes: only with PRIMITIVE_LONG")
    def test_every_machine_the_other_way(self):
        for memory, qemu, low_mib, check in MACHINES:
            with self.subTest(memory=memory, qemu=qemu):
                self.check_machine(memory, qemu, low_mib, not check)

    def test_with_programs_all_memory_is_memory_too(self):
        for memory in ("16M", "128M", "1G"):
            with self.subTest(memory):
                result = shell(PROOF, memory=memory)
                self.assert_ok(result)
                _, exercise, frames = proc_files.parts(result.stdout)
                account = Frames(frames)
                swept = int(re.search(r"(?m)^all-frames (\d+) wrong 0$", exercise)[1])
                self.assertGreater(swept, account.total // 4)
                self.assertEqual(account.total, sum(account.owners.values()))
                self.assertEqual(account.counted_by_run(), account.owners)
                self.assertGreater(account.owners["anonymous"], 0)
                self.assertEqual(account.owners["withdrawn"], 0)

    def test_the_hole_is_no_memory(self):
        """512 MiB of which only 128 are below the hole: the rest starts at 4 GiB."""
        result = run("cat", "/proc/iomem", memory="512M", qemu="-machine pc,max-ram-below-4g=128M")
        ram = [r for r in proc_files.parse_iomem(result.stdout.decode()) if r.name == "System RAM"]
        self.assertTrue(all(r.end <= 128 * MIB or r.begin >= 1 << 32 for r in ram), ram)
        self.assertIn((1 << 32, (1 << 32) + 384 * MIB), [(r.begin, r.end) for r in ram])

    def test_less_than_2m_is_refused(self):
        """2M is enough; what too little for the kernel itself is, and that it says so, the crafted maps show."""
        for memory in ("1M", "2047K", "0", "1"):
            with self.subTest(memory):
                result = run_program(["--memory", memory, "--", "cat", "/proc/frames"])
                self.assertEqual((result.status, result.stdout), (2, b""), result)
                self.assertEqual(result.stderr, f"run: --memory: {memory} is too little; the least is 2M\n".encode())


if __name__ == "__main__":
    unittest.main()
