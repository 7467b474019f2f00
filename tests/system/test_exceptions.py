#!/usr/bin/env python3
"""Every fault that /proc/provoke knows ends in a report that says what happened, and in exit status 70. (F2)"""

import re
import unittest

from guest import GuestTest, run, shell

# Name, a pattern for the report's first line, and a function that the backtrace must name.
REPORTS = [
    ("divide-error", r"divide error", "divide_by_zero"),
    ("breakpoint", r"breakpoint", "serve_system_call"),
    ("invalid-opcode", r"invalid opcode", "serve_system_call"),
    ("general-protection", r"general protection fault: entry 8191 of the GDT", "serve_system_call"),
    ("page-fault-read", r"page fault: kernel read of 0xc0000000, the page is not present", "serve_system_call"),
    ("page-fault-write", r"page fault: kernel write to 0xc0000000, the page is not present", "serve_system_call"),
    ("null", r"page fault: kernel read of 0x00000000, .* \(a null pointer\)", "serve_system_call"),
    ("call-null", r"page fault: kernel read of 0x00000000, .* \(a null pointer\)", "serve_system_call"),
    ("write-text", r"page fault: kernel write to 0xc0100000, the page's protection forbids it", "serve_system_call"),
    ("write-rodata", r"page fault: kernel write to 0x[0-9a-f]{8}, the page's protection forbids it", "serve_system_call"),
    ("stack-overflow", r"double fault: the kernel stack overflowed into its guard page", "recurse"),
    ("smashed-stack", r"invalid opcode", "smash_frame_pointer"),
    (
        "panic",
        r"provoked, at kernel/arch/i686/provoke\.cpp:\d+, address 0xc0000000, size 4096",
        "Provoke::write",
    ),
    ("fault-in-report", r"provoked, with a frame account that faults, at kernel/.*", "fault_in_report"),
]


def provoke(name, **options):
    return shell(f"echo {name} > /proc/provoke", **options)


class Exceptions(GuestTest):
    def assert_report(self, result, headline, function):
        self.assert_status(result, 70)
        report = result.stderr.decode()
        self.assertRegex(report, rf"(?m)^PANIC: {headline}$")
        self.assertRegex(report, rf"(?m)^  0x[0-9a-f]{{8}} .*{re.escape(function)}.*\+0x[0-9a-f]+$")

    def test_the_list_is_complete(self):
        result = run("cat", "/proc/provoke")
        self.assert_ok(result)
        self.assertEqual(result.stdout.decode().split(), [name for name, _, _ in REPORTS])

    def test_each_is_reported(self):
        for name, headline, function in REPORTS:
            with self.subTest(name):
                self.assert_report(provoke(name), headline, function)

    def test_registers_are_those_of_the_fault(self):
        result = provoke("page-fault-write")
        self.assertRegex(result.stderr, rb"(?m)^cr0 8\w{7}  cr2 c0000000  cr3 \w{8}$")
        self.assertIn(b"600dbad0", result.stderr)  # what the provocation was about to write

    def test_an_overflow_shows_the_stack_that_overflowed(self):
        """The double fault runs on a stack of its own; what it shows is the other one's state."""
        report = provoke("stack-overflow").stderr.decode()
        fault = int(re.search(r"cr2 (\w{8})", report)[1], 16)
        stack_pointer = int(re.search(r"esp (\w{8})", report)[1], 16)
        self.assertLess(abs(stack_pointer - fault), 4096)
        self.assertGreater(report.count("recurse"), 3)

    def test_a_smashed_stack_ends_the_backtrace(self):
        self.assertIn(b"the frame pointer 0x600dbad0 is not on a kernel stack", provoke("smashed-stack").stderr)

    def test_a_fault_in_the_report_is_told_and_ends_it(self):
        report = provoke("fault-in-report").stderr
        self.assertIn(b"and while reporting: page fault: kernel read of 0xc0000000", report)

    def test_the_report_ends_with_the_frame_account(self):
        report = provoke("panic").stderr.decode()
        self.assertRegex(report, r"(?ms)^frames:$.*^total +\d+")

    def test_an_unknown_name_harms_nobody(self):
        result = shell("echo no-such-fault > /proc/provoke; echo alive")
        self.assertEqual(result.stdout, b"alive\n")
        self.assertIn(b"Invalid argument", result.stderr)


if __name__ == "__main__":
    unittest.main()
