"""./run --gdb and tools/primitive.gdb."""

import os
import socket
import subprocess
import unittest

import proc_files
from guest import HANG_SECONDS, ROOT, GuestTest

RUN = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py")]
LINES_OF_OWNERS = 1 + len(proc_files.OWNERS)


class Gdb(GuestTest):
    def setUp(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.environment = os.environ | {"PRIMITIVE_GDB_PORT": str(free.getsockname()[1])}

    def gdb(self, *commands):
        words = ["gdb", "-q", "-batch", "-x", "tools/primitive.gdb"]
        for command in commands:
            words += ["-ex", command]
        done = subprocess.run(
            words, cwd=ROOT, env=self.environment, capture_output=True, timeout=HANG_SECONDS, check=False
        )
        return done.stdout.decode()

    def test_the_machine_waits(self):
        done = subprocess.run(
            [*RUN, "--gdb", "--timeout", "1", "--", "ls"], env=self.environment, capture_output=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout), (124, b""))
        self.assertIn(b"gdb -x tools/primitive.gdb", done.stderr)

    def test_the_script_prints_the_frame_account_that_the_kernel_prints(self):
        with subprocess.Popen(
            [*RUN, "--root", "none", "--gdb", "--", "cat", "/proc/frames"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stderr.readline()
            early = self.gdb_when_listening("frames", "disconnect")
            self.assertIn("Memory is not up yet", early)
            shown = self.gdb("prompt", "frames", "bt", "detach").splitlines()
            listing = process.communicate(timeout=HANG_SECONDS)[0].decode().splitlines()
        self.assertEqual(process.returncode, 0)
        self.assertTrue(any("kernel_main" in line for line in shown), shown)
        at = next(number for number, line in enumerate(shown) if line.startswith("total "))
        by_gdb = dict(line.split(" ", 1) for line in shown[at : at + LINES_OF_OWNERS])
        by_kernel = dict(line.split(" ", 1) for line in listing[1 : 1 + LINES_OF_OWNERS])
        self.assertEqual(by_gdb.keys(), by_kernel.keys())
        # The command's own arguments may have taken a heap frame in between.
        for owner in by_gdb.keys() - {"free", "kernel-heap"}:
            self.assertEqual(by_gdb[owner], by_kernel[owner], owner)

    def test_it_stops_where_the_first_program_is_about_to_run(self):
        with subprocess.Popen(
            [*RUN, "--gdb", "--", "echo", "hi"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stderr.readline()
            self.gdb_when_listening("disconnect")
            shown = self.gdb("prompt", "frames", "bt", "detach")
            self.assertEqual(process.communicate(timeout=HANG_SECONDS)[0], b"hi\n")
        self.assertIn("run_scheduler", shown)
        self.assertRegex(shown, r"(?m)^anonymous [1-9]")

    def gdb_when_listening(self, *commands):
        """QEMU listens a moment after ./run has spoken."""
        while "0x0000fff0" not in (shown := self.gdb(*commands)):
            pass
        return shown


if __name__ == "__main__":
    unittest.main()
