#!/usr/bin/env python3
"""The test program `terminal` passes at the guest's own terminal, with the keys that it asks for typed there."""

import os
import sys
import unittest

from guest import BUILD, ROOT, GuestTest, Prompt

sys.path.insert(0, os.path.join(ROOT, "tests", "programs"))
import typist  # noqa: E402


class Terminal(GuestTest):
    def test_modes_lines_keys_and_job_control(self):
        program = os.path.join(BUILD, "guest_programs", "terminal")
        with Prompt(root="busybox", files=[f"{program}:/terminal"]) as prompt:
            prompt.expect(b"# ")
            prompt.type("/terminal; echo ended with $?\r")
            prompt.expect(b"\n")
            shown = b""
            while not shown.startswith(b"ended with"):
                shown = prompt.expect(b"\n")
                if keys := typist.answer(shown):
                    prompt.type(keys.decode())
            self.assertEqual(shown, b"ended with 0", prompt.seen.decode(errors="replace"))
            self.assertRegex(prompt.seen, rb"all \d+ checks passed")
            prompt.type("poweroff\r")
            self.assertEqual(prompt.wait(), 0)


if __name__ == "__main__":
    unittest.main()
