#!/usr/bin/env python3
"""The shell at the console as a person uses it: keys that mean something, jobs, full-screen programs, the window's size."""

import os
import unittest
import unittest.mock

from guest import GuestTest, Prompt

PROMPT = b"# "


class Shell(GuestTest):
    def setUp(self):
        self.prompt = self.enterContext(Prompt(root="busybox"))
        self.prompt.expect(PROMPT)

    def run_line(self, line, wanted):
        """Types `line` and Enter; waits for the bytes `wanted` among what it shows, and for the next prompt."""
        self.prompt.type(line + "\r")
        self.prompt.expect(line.encode() + b"\n")
        self.prompt.expect(wanted)
        self.prompt.expect(PROMPT)

    def start(self, program):
        """Types a command; returns when the terminal is no longer the shell's own, which edits lines by itself."""
        self.prompt.type(f"echo begins; {program}\r")
        self.prompt.expect(b"\nbegins\n")

    def test_control_c_ends_a_program_and_leaves_the_shell(self):
        self.start("sleep 1000")
        self.prompt.type("\x03")
        self.prompt.expect(b"^C")
        self.prompt.expect(PROMPT)
        self.run_line("echo status $?", b"status 130\n")

    def test_control_c_ends_a_program_that_writes_without_end(self):
        self.prompt.type("yes\r")
        self.prompt.expect(b"y\n" * 100)
        self.prompt.type("\x03")
        self.prompt.expect(b"^C")
        self.run_line("echo alive", b"alive\n")

    def test_a_stopped_job_goes_on_in_the_foreground(self):
        self.start("cat")
        self.prompt.type("one\r")
        self.prompt.expect(b"one\none\n")
        self.prompt.type("\x1a")
        self.prompt.expect(b"^Z")
        self.prompt.expect(PROMPT)
        self.run_line("jobs", b"Stopped")
        self.prompt.type("fg\r")
        self.prompt.expect(b"fg\ncat\n")
        self.prompt.type("two\r")
        self.prompt.expect(b"two\ntwo\n")
        self.prompt.type("\x04")
        self.prompt.expect(PROMPT)

    def test_a_background_job_does_not_get_what_is_typed(self):
        self.run_line("cat </dev/tty & sleep 1", b"")
        self.run_line("jobs", b"Stopped (tty input)")

    def test_keys_edit_the_line(self):
        self.start("cat")
        self.prompt.type("one two\x17three\x7f\x7f\x7f\x7f\x7ffour\x15five\x16\x04\r")
        self.prompt.expect(b"\nfive\x04\n")
        self.prompt.type("\x04")
        self.prompt.expect(PROMPT)

    def test_output_stops_and_goes_on(self):
        self.prompt.type("sleep 1; echo shown later\r")
        self.prompt.expect(b"later\n")
        self.prompt.type("\x13")
        self.prompt.type("\x11")
        self.prompt.expect(b"shown later\n")

    def test_an_editor_and_a_pager_fill_the_screen(self):
        self.prompt.type("vi /tmp/text\r")
        self.prompt.expect(b"1/1")
        self.prompt.type("ifirst\rsecond\x1b")
        self.prompt.expect(b"- /tmp/text [Modified] 2/2")
        self.prompt.type("yyp:wq\r")
        self.prompt.expect(PROMPT)
        self.run_line("cat /tmp/text", b"first\nsecond\nsecond\n")
        self.prompt.type("seq 1 100 | less\r")
        self.prompt.expect(b"\x1b[K24\n")
        self.prompt.type(" ")
        self.prompt.expect(b"48")
        self.prompt.type("q")
        self.prompt.expect(PROMPT)

    def test_the_shells_end_ends_the_machine(self):
        self.prompt.type("exit\r")
        self.assertEqual(self.prompt.wait(), 0)


class Window(GuestTest):
    def test_the_guest_knows_the_windows_size_and_kind(self):
        with (
            unittest.mock.patch.dict(os.environ, {"TERM": "vt100"}),
            Prompt(root="busybox", window=(33, 111)) as prompt,
        ):
            prompt.expect(PROMPT)
            prompt.type("stty size; echo $TERM; exit\r")
            prompt.expect(b"\n33 111\nvt100\n")
            prompt.wait()

    def test_a_window_of_unknown_size_is_the_screens(self):
        with Prompt(root="busybox") as prompt:
            prompt.expect(PROMPT)
            prompt.type("stty size; exit\r")
            prompt.expect(b"\n25 80\n")
            prompt.wait()


if __name__ == "__main__":
    unittest.main()
