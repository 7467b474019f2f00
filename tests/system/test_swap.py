#!/usr/bin/env python3
"""Programs that do not fit into memory run all the same: their pages go to the swap disk and come back. E2, E8, E9

Each policy sorts more than memory holds; the checks of tests/programs/paged_out.c look at every byte; a page that the
disk changed kills whoever needs it, and nobody else; a disk that is full is memory that is short.
"""

import hashlib
import os
import re
import unittest

from guest import BUILD, GuestTest, shell

LINES = 90000
SORT = f"seq 1 {LINES} | sort -rn | md5sum"
SORTED = hashlib.md5(
    b"".join(b"%d\n" % number for number in range(LINES, 0, -1)), usedforsecurity=False
).hexdigest()
AUDIT = "echo audit > /proc/frames && echo sound"
PROGRAM = os.path.join(BUILD, "guest_programs", "paged_out")


def figures(text):
    """{name: value} of what `cat /proc/vmstat` printed."""
    return {name: int(value) for name, value in re.findall(r"(?m)^(\w+) (\d+)$", text)}


class Swap(GuestTest):
    memory = "6M"

    def shell(self, line, **options):
        return shell(line, **{"memory": self.memory, "swap": "32M", **options})

    def test_every_policy_runs_what_does_not_fit(self):
        """All in one boot, each taking over from the one before with pages in memory and on the disk."""
        names = self.shell("cat /proc/sys/vm/replacement").stdout.decode()
        self.assertEqual(len(re.findall(r"\[\w+\]", names)), 1)
        names = names.replace("[", "").replace("]", "").split()
        self.assertGreater(len(names), 7)
        result = self.shell(
            f"for name in {' '.join(names)}; do echo $name > /proc/sys/vm/replacement; echo == $name; {SORT};"
            f" grep pswpout /proc/vmstat; done; {AUDIT}"
        )
        self.assert_ok(result)
        parts = result.stdout.decode().split("== ")[1:]
        self.assertEqual([part.split("\n")[0] for part in parts], names)
        written = 0
        for part in parts:
            with self.subTest(part.split("\n")[0]):
                self.assertIn(SORTED, part)
                self.assertGreater(figures(part)["pswpout"], written, "it never had to write a page")
                written = figures(part)["pswpout"]
        self.assertTrue(result.stdout.endswith(b"sound\n"), result)

    def test_a_policy_is_chosen_at_boot(self):
        result = self.shell(f"cat /proc/sys/vm/replacement; {SORT}", append="replacement=clock")
        self.assert_ok(result)
        self.assertIn(b" [clock] ", result.stdout)
        self.assertIn(SORTED.encode(), result.stdout)

    def test_a_policy_that_does_not_exist_is_refused(self):
        result = self.shell("echo oracle > /proc/sys/vm/replacement; echo $?; cat /proc/sys/vm/replacement")
        self.assertIn(b"\n1\n", b"\n" + result.stdout)
        self.assertIn(b"[", result.stdout)
        result = self.shell("true", append="replacement=oracle")
        self.assert_status(result, 2)
        self.assertIn(b"replacement=", result.stderr)

    def test_the_figures_are_linuxs(self):
        result = self.shell(f"{SORT}; cat /proc/vmstat; free; cat /proc/swaps /proc/meminfo")
        self.assert_ok(result)
        text = result.stdout.decode()
        counts = figures(text)
        self.assertGreater(counts["pswpout"], 100)
        self.assertGreater(counts["pswpin"], 10)
        self.assertLessEqual(counts["swap_reads"], counts["pswpin"])
        self.assertLess(counts["swap_writes"], counts["pswpout"] / 4, "writes are not clustered")
        self.assertRegex(text, r"(?m)^Swap: +32764 ")
        self.assertRegex(text, r"(?m)^/dev/sda +partition\t32764\t+\d+\t+-2$")
        self.assertRegex(text, r"(?m)^SwapTotal: +32764 kB$")

    def test_every_byte_comes_back(self):
        result = self.shell(
            f"./paged_out; {AUDIT}; swapoff /dev/sda; cat /proc/swaps; {AUDIT}", memory="9M", files=[PROGRAM]
        )
        self.assertRegex(result.stdout, rb"(?m)^all \d+ checks passed$", result)
        self.assertTrue(result.stdout.endswith(b"Priority\nsound\n"), result)
        self.assert_ok(result)

    def test_swap_is_turned_off_and_on_under_load(self):
        result = self.shell(
            f"({SORT}) > /tmp/sum & for i in 1 2 3 4 5; do swapoff /dev/sda; swapon /dev/sda; done 2>/dev/null;"
            f" wait; cat /tmp/sum; {AUDIT}",
            memory="6M",
        )
        self.assertIn(SORTED.encode(), result.stdout, result)
        self.assertIn(b"sound\n", result.stdout, result)

    def test_what_is_no_swap_disk_is_refused(self):
        result = self.shell(
            "swapon /dev/sda; swapon /dev/null; swapon /tmp; swapoff /dev/null; swapoff /dev/sda;"
            " dd if=/dev/zero of=/dev/sda bs=4096 count=1 2>/dev/null; swapon /dev/sda; cat /proc/swaps"
        )
        self.assertEqual(
            result.stderr.decode().splitlines(),
            [
                "swapon: /dev/sda: Device or resource busy",
                "swapon: /dev/null: Invalid argument",
                "swapon: /tmp: Invalid argument",
                "swapoff: /dev/null: Invalid argument",
                "swapon: /dev/sda: Invalid argument",
            ],
        )
        self.assertEqual(result.stdout.count(b"\n"), 1, result)

    def test_a_page_that_came_back_changed_kills_whoever_needs_it(self):
        """Process 1, which has no page on the disk, writes over the disk; its child's pages are there."""
        program = os.path.join(BUILD, "guest_programs", "swap_damage")
        result = self.shell("exec ./swap_damage --here damaged_pages_kill_their_owner", files=[program], verbose=True)
        self.assert_status(result, 0)
        self.assertRegex(result.stderr, rb"swap: sda: the page in slot \d+ came back changed")
        self.assertRegex(result.stderr, rb"a page of process \d+ \(swap_damage\) is lost")

    def test_a_full_disk_is_memory_that_is_short(self):
        """One program wants more than there is: it is killed, and nobody else."""
        result = self.shell(
            f"sh -c 'x=$(seq 1 1000000)'; echo ended with $?; {SORT}; {AUDIT}", swap="4M", memory="6M"
        )
        self.assertRegex(result.stdout, rb"ended with 137\n" + SORTED.encode() + rb"  -\nsound\n", result)


if __name__ == "__main__":
    unittest.main()
