#!/usr/bin/env python3
"""Memory that runs out at the n-th request of programs' lives: fork, execve, page faults, pipes, mappings, threads, files.

In one boot, failing_memory lets each request of a life fail in turn. And whole boots, from the first request to the last of
a session with a shell: a sample, all with PRIMITIVE_LONG. Programs may fail or be killed; the kernel may refuse a boot in
one clear line; but it never panics, never hangs, and where the shell still lives the audit finds a sound account. E2
"""

import os
import re
import unittest

import proc_files
from guest import BUILD, GuestTest, shell

LONG = os.environ.get("PRIMITIVE_LONG")
SAMPLED = 6
PROGRAMS = os.path.join(BUILD, "guest_programs")
NEVER = 0xFFFFFFFF
TIMEOUT = 120
TIMED_OUT = 124
COUNTED = b"pgalloc_normal"
SOUND = "the account is sound"
SESSION = f"""
sh -c 'seq 1 2000 | sort -n | tail -1; (echo a; ls /proc | wc -l) > /tmp/x; cat /tmp/x'
/programs/memory_pages grandchildren_see_their_parents_memory protection_survives_fork > /tmp/y
echo audit > /proc/frames && echo {SOUND}
echo audit > /proc/frames && echo {SOUND}
cat /proc/heap /proc/vmstat
"""


class FailingPrograms(GuestTest):
    def session(self, append=None):
        return shell(SESSION, memory="32M", append=append, root="busybox", timeout=TIMEOUT,
                     files=[f"{PROGRAMS}/memory_pages:/programs/"])  # fmt: skip

    def assert_survived(self, result):
        self.assertNotIn(b"PANIC", result.stdout + result.stderr, result)
        self.assertNotEqual(result.status, TIMED_OUT, result)
        # A shell lives, the built-in one if need be: only one request failed, so one of its two audits is made.
        if COUNTED in result.stdout:
            self.assertIn(SOUND.encode(), result.stdout, result)

    def assert_all_failed_in_turn(self, kind):
        result = shell(f"/programs/failing_memory {kind}", memory="64M", root="busybox", append=f"fail-frames={NEVER}",
                       files=[f"{PROGRAMS}/failing_memory:/programs/"])  # fmt: skip
        self.assertEqual(result.status, 0, result)
        failed, requests = re.search(rb"(?m)^(\d+) of (\d+) failed in turn$", result.stdout).groups()
        self.assertEqual(failed, requests)
        self.assertGreater(int(requests), 100)

    def test_each_block_of_a_life(self):
        self.assert_all_failed_in_turn("block")

    def test_each_frame_of_a_life(self):
        self.assert_all_failed_in_turn("frame")

    def test_boots(self):
        reference = self.session()
        self.assert_ok(reference)
        text = reference.stdout.decode()
        self.assertTrue(text.startswith("2000\na\n"), reference)
        counts = proc_files.parse_numbers(text.rpartition(SOUND)[2].strip())
        totals = {"fail-heap": counts["requests"], "fail-frames": counts["pgalloc_boot"] + counts["pgalloc_normal"]}
        for option, total in totals.items():
            step = 1 if LONG else total // SAMPLED
            for n in range(step, total + 1, step):
                with self.subTest(f"{option}={n}"):
                    self.assert_survived(self.session(f"{option}={n}"))


if __name__ == "__main__":
    unittest.main()
