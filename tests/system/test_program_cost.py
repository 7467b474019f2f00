#!/usr/bin/env python3
"""What programs take most costs no more guest instructions than promised: bench_paths, as `./bench programs` runs it."""

import os
import sys
import unittest

from guest import BUILD, ROOT, GuestTest, run_program

sys.path.insert(0, os.path.join(ROOT, "tools"))
import bench_programs  # noqa: E402

# No path can cost less than the instructions it cannot do without: less means that it was not run.
FLOORS = {"getpid": 20, "first-write": 60, "first-read": 60, "copy-on-write": 60, "copy-on-write-sole-owner": 60,
          "fork": 1_000, "pipe-round-trip": 200, "mmap-munmap-untouched": 200}  # fmt: skip


class Cost(GuestTest):
    def test_each_path_stays_below_what_was_promised(self):
        result = run_program(bench_programs.run_arguments(BUILD))
        self.assert_ok(result)
        figures = bench_programs.parse(result.stdout.decode())
        self.assertLessEqual(set(bench_programs.PROMISED), set(figures))
        for name, (limit, _) in bench_programs.PROMISED.items():
            with self.subTest(name):
                self.assertLessEqual(figures[name], limit)
                self.assertGreaterEqual(figures[name], FLOORS.get(name, 0))


if __name__ == "__main__":
    unittest.main()
