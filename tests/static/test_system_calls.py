#!/usr/bin/env python3
"""The tables of system calls: each number once, each table in order; docs/system-calls.md says what they say.

The checks also run on planted rows.
"""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import system_calls  # noqa: E402

TABLE = "constexpr CallRow kRows[] = {\n%s};\n"


def numbers_twice(rows):
    """Numbers that more than one row has."""
    numbers = [number for number, _, _, _ in rows]
    return sorted({number for number in numbers if numbers.count(number) > 1})


class SystemCalls(unittest.TestCase):
    maxDiff = None

    def test_no_number_is_there_twice(self):
        rows = system_calls.rows(ROOT)
        self.assertGreater(len(rows), 200)
        self.assertEqual(numbers_twice(rows), [])

    def test_the_document_is_current(self):
        """If not: python3 tools/system_calls.py"""
        with open(os.path.join(ROOT, system_calls.DOCUMENT), encoding="utf-8") as file:
            self.assertEqual(file.read(), system_calls.document(ROOT))


class PlantedRows(unittest.TestCase):
    def rows_of(self, *lines):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, system_calls.SOURCES))
            path = os.path.join(root, system_calls.SOURCES, "a_calls.cpp")
            with open(path, "w", encoding="utf-8") as file:
                file.write(TABLE % "".join(f"    {line}\n" for line in lines))
            return system_calls.rows(root)

    def test_rows_are_read_over_line_ends(self):
        rows = self.rows_of('{240, "futex", "word, operation, "', '           "value",', "     futex<Timespec32>},")
        self.assertEqual(rows, [(240, "futex", "word, operation, value", "a_calls.cpp")])

    def test_a_number_that_is_there_twice_is_found(self):
        rows = self.rows_of('{1, "exit", "status", exit},', '{1, "quit", "", quit},')
        self.assertEqual(numbers_twice(rows), [1])


if __name__ == "__main__":
    unittest.main()
