#!/usr/bin/env python3
"""Every bug that can be planted in a program's memory is found by the audit, and named.

E2: no frame is reached by an address space that should not have it, none is lost; what is counted is recounted.
"""

import re
import unittest

import proc_files
from guest import GuestTest, shell
from proc_files import SEPARATOR

AUDIT = "echo audit > /proc/frames"
IO_ERROR = b"sh: write error: Input/output error\n"

# What the audit has to say of each, all of it, {} being a number.
BUGS = {
    "writable-file-page": [
        "audit: page {} of space {} allows more than its region",
        "audit: page {} of space {} may write to a module's frame {}",
    ],
    "forgotten-reference": [
        "audit: frame {} at page {}: its record says 2 mappings at page {}",
        "audit: frame {} of anonymous: its record has 1 references too many",
    ],
    "page-without-region": [
        "audit: space {} maps page {}, where it has no region",
        "audit: page table {} has {} entries, its record says {}",
    ],
    "lost-program-frame": ["audit: frame {} is lost: anonymous is said to have it, but does not"],
    "unequal-kernel-half": ["audit: entry 1000 of page directory {} is {}, the kernel's is {}"],
}


def pattern(sentence):
    """A regular expression for `sentence` with a number, hexadecimal or not, for each {}."""
    return re.escape(sentence).replace(r"\{\}", r"(?:0x[0-9a-f]+|\d+)")


class ProgramAudit(GuestTest):
    def test_each_bug_is_found_and_named(self):
        for bug, sentences in BUGS.items():
            with self.subTest(bug):
                result = shell(f"{AUDIT} && echo {bug} > /proc/plant; {AUDIT}; echo {SEPARATOR}; grep audit: /proc/kmsg")
                self.assertEqual((result.status, result.stderr), (0, IO_ERROR), result)
                said = re.findall(r"(?m)^<3>\[ *\d+\.\d+\] (.*)$", proc_files.parts(result.stdout)[-1])
                self.assertEqual(len(said), len(sentences), said)
                for sentence, line in zip(sentences, said):
                    self.assertRegex(line, f"^{pattern(sentence)}$")

    def test_the_built_in_console_has_no_program_to_plant_them_in(self):
        for bug in BUGS:
            with self.subTest(bug):
                result = shell(f"echo {bug} > /proc/plant; {AUDIT} && echo sound", append="console=builtin")
                self.assertEqual((result.stdout, result.stderr), (b"sound\n", b"echo: write error: No such process\n"))


if __name__ == "__main__":
    unittest.main()
