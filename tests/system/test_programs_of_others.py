"""The programs that others wrote: each is a static one for i386, and does its work on this host.

What they do in PrimitiveOS is compared with this.
"""

import subprocess
import unittest

import programs


class Natively(unittest.TestCase):
    def test_all_are_static_and_for_i386(self):
        for name in programs.NAMES:
            with self.subTest(name):
                header = subprocess.run(
                    ["readelf", "-hlW", programs.path(name)], stdout=subprocess.PIPE, check=True
                ).stdout
                self.assertIn(b"Intel 80386", header)
                self.assertNotIn(b"INTERP", header)

    def test_lua_is_with_either_library(self):
        script = b"for i = 1, 3 do print(i, i / 7, ('x'):rep(i)) end"
        by_glibc = programs.natively("lua-glibc", "-", stdin=script)
        self.assertEqual(by_glibc.splitlines()[1], b"2\t0.28571428571429\txx")
        self.assertEqual(programs.natively("lua-musl", "-", stdin=script), by_glibc)

    def test_zstd_has_threads(self):
        content = bytes(range(256)) * 40000
        packed = programs.natively("zstd", "-T2", "-c", stdin=content)
        self.assertEqual(programs.natively("zstd", "-dc", stdin=packed), content)


if __name__ == "__main__":
    unittest.main()
