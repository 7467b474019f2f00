#!/usr/bin/env python3
"""The test programs of tests/programs, which pass on Linux, pass in PrimitiveOS: all of them in one boot, then one by one.

`programs.host.NAME` runs the same files on the host. What a program prints when a check of it fails, this shows. F3
"""

import os
import re
import unittest

from guest import BUILD, GuestTest, run, shell

PROGRAMS = os.path.join(BUILD, "guest_programs")
# What is run with arguments of its own, elsewhere.
OTHERS = {"bench_paths", "exhaustion", "failing_memory", "fuzz_calls", "swap_damage", "terminal"}
# Runs each and says how it ended, whatever it did.
LOOP = """
for program in {names}; do
    echo "== begin $program"
    /programs/$program
    echo "== end $program $?"
done
"""


def names():
    return sorted(set(os.listdir(PROGRAMS)) - OTHERS)


def run_guest(script, memory="256M", qemu=None):
    """Boots with the programs below /programs, and runs a line of the shell."""
    return shell(script, memory=memory, qemu=qemu, root="busybox", files=[f"{PROGRAMS}:/programs"])


class Programs(GuestTest):
    def test_every_program_passes(self):
        result = run_guest(LOOP.format(names=" ".join(names())))
        output = result.stdout.decode(errors="replace")
        self.assertGreater(len(names()), 15)
        for name in names():
            with self.subTest(name):
                part = re.search(rf"^== begin {name}\n(.*?)^== end {name} (\d+)$", output, re.MULTILINE | re.DOTALL)
                self.assertIsNotNone(part, f"{name} never ended: {output[-3000:]}\n{result!r}")
                self.assertEqual(part[2], "0", part[1][-6000:])
                self.assertRegex(part[1], r"(?m)^all \d+ checks passed", part[1][-6000:])
        self.assert_ok(result)

    def test_memory_is_used_up_without_harm(self):
        for memory in ("24M", "64M"):
            with self.subTest(memory):
                program = os.path.join(PROGRAMS, "exhaustion")
                result = run("/exhaustion", memory=memory, root="busybox", files=[f"{program}:/exhaustion"])
                self.assertRegex(result.stdout, rb"(?m)^all \d+ checks passed$", result)
                self.assert_status(result, 0)

    def test_a_failing_check_is_seen(self):
        result = run_guest("/programs/memory_pages --here no_test_of_this_name")
        self.assert_status(result, 1)


if __name__ == "__main__":
    unittest.main()
