#!/usr/bin/env python3
"""Pages that arrive late, as from a disk: `echo slow-pages N > /proc/plant` makes every N-th page come late.

Every program of tests/programs, the shell's scripts and random system calls run so, and notice nothing. Whatever in the
kernel slept with a frame open, or on something that others had changed meanwhile, would panic, fail or hang here.
"""

import os
import re
import shutil
import tempfile
import unittest

import test_programs
import test_shell
from guest import BUILD, GuestTest, run, shell

AUDIT = "echo audit > /proc/frames"


class SlowPages(GuestTest):
    def assert_programs_pass(self, every):
        names = test_programs.names()
        script = f"echo slow-pages {every} > /proc/plant\n" + test_programs.LOOP.format(names=" ".join(names))
        result = test_programs.run_guest(f"{script}\n{AUDIT}")
        output = result.stdout.decode(errors="replace")
        for name in names:
            with self.subTest(name, every=every):
                part = re.search(rf"^== begin {name}\n(.*?)^== end {name} (\d+)$", output, re.MULTILINE | re.DOTALL)
                self.assertIsNotNone(part, f"{name} never ended: {output[-3000:]}\n{result!r}")
                self.assertEqual(part[2], "0", part[1][-6000:])
        self.assert_ok(result)

    def test_every_program_passes_with_every_page_late(self):
        self.assert_programs_pass(1)

    def test_every_program_passes_with_each_third_page_late(self):
        self.assert_programs_pass(3)

    def test_the_shell_s_scripts_do_as_on_this_host(self):
        with tempfile.TemporaryDirectory() as folder:
            scripts = os.path.join(folder, "shell")
            shutil.copytree(test_shell.SCRIPTS, scripts, ignore=shutil.ignore_patterns("*_heavy.sh"))
            path = test_shell.GUEST_PATH
            runner = test_shell.RUNNER.replace("$1", "/shell").replace("$2", "/tmp/shell")
            line = f"PATH={path}; umask 022; mkdir /tmp/shell; echo slow-pages 1 > /proc/plant; {runner}"
            result = run("sh", "-c", line, root="busybox", files=[scripts], memory="256M")
        self.assert_ok(result)
        late = test_shell.results_of(result.stdout)
        self.assertGreater(len(late), 10)
        native = test_shell.natively()
        for name, ran in late.items():
            with self.subTest(name):
                # Not what they complain of: of a job that has ended the shell speaks only if it waited for it in time.
                self.assertEqual((native[name].out, native[name].status), (ran.out, ran.status))

    def test_random_calls_leave_the_kernel_alive(self):
        program = os.path.join(BUILD, "guest_programs", "fuzz_calls")
        line = "echo slow-pages 3 > /proc/plant; /fuzz_calls --calls 6000 --seed 5 --batch 3000"
        result = run("sh", "-c", line, memory="128M", root="busybox", files=[f"{program}:/fuzz_calls"])
        self.assert_status(result, 0)
        self.assertTrue(result.stdout.endswith(b"all 6000 calls made, the kernel is alive\n"), result)

    def test_waits_are_major_faults(self):
        """Else nothing here would wait, and all of it prove nothing."""
        count = "awk '{ print $12 }' /proc/self/stat"
        result = shell(f"{count}; echo slow-pages 1 > /proc/plant; {count}", root="busybox")
        self.assert_ok(result)
        before, late = (int(number) for number in result.stdout.split())
        self.assertEqual(before, 0)
        self.assertGreater(late, 20)

    def test_what_is_no_number_is_refused(self):
        for text in ("slow-pages", "slow-pages x", "slow-pages 1 2"):
            with self.subTest(text):
                result = shell(f"echo '{text}' > /proc/plant; echo $?", root="busybox")
                self.assertIn(b"Invalid argument", result.stderr + result.stdout)


if __name__ == "__main__":
    unittest.main()
