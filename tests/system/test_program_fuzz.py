#!/usr/bin/env python3
"""Random system calls with hostile arguments leave the kernel alive and its frame account exact. PRIMITIVE_LONG: 10 million.

fuzz_calls has the account audited after each batch, and ends with status 1 if it is not exact or ordinary life has
ceased. To make the same calls again: the seed it printed. F3
"""

import os
import unittest

from guest import BUILD, GuestTest, run

LONG = os.environ.get("PRIMITIVE_LONG")


def fuzz(calls, seed, batch, memory="128M"):
    program = os.path.join(BUILD, "guest_programs", "fuzz_calls")
    command = ["/fuzz_calls", "--calls", str(calls), "--seed", str(seed), "--batch", str(batch)]
    return run(*command, memory=memory, root="busybox", files=[f"{program}:/fuzz_calls"])


class Fuzz(GuestTest):
    def assert_alive(self, result, calls):
        self.assertEqual(result.status, 0, result)
        self.assertTrue(result.stdout.endswith(b"all %d calls made, the kernel is alive\n" % calls), result)

    def test_some_calls(self):
        for seed in (1, 2):
            with self.subTest(seed=seed):
                self.assert_alive(fuzz(20_000, seed, 5_000), 20_000)

    def test_little_memory(self):
        self.assert_alive(fuzz(10_000, 3, 5_000, memory="16M"), 10_000)

    @unittest.skipUnless(LONG, "minutes")
    def test_ten_million_calls(self):
        for seed in range(10, 30):
            with self.subTest(seed=seed):
                self.assert_alive(fuzz(500_000, seed, 50_000), 500_000)


if __name__ == "__main__":
    unittest.main()
