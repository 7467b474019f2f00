#!/usr/bin/env python3
"""Every bug that can be planted in the memory management is found, named, and changes nothing it should not.

B1 B2: a release of what is not out is refused and reported with the frame's owner. D1: the heap names a smashed block,
a double free and a foreign pointer. C5: a stale translation shows. A clean system passes its audit, whatever it did.
With the built-in console the account is the same from one command to the next, and each frame of a difference can be
told; with the shell every command is a program, with frames of its own.
"""

import functools
import re
import unittest

import guest
import proc_files
import test_program_audit
from guest import GuestTest
from proc_files import SEPARATOR, Frames

run, shell = (functools.partial(function, root="none") for function in (guest.run, guest.shell))

AUDIT = "echo audit > /proc/frames"
IO_ERROR = b"echo: write error: Input/output error\n"

# Each leaves a wrong account behind. What the audit has to say of it, all of it, {} being a number.
FOR_THE_AUDIT = {
    "wrong-owner": [
        "audit: frame {}, mapped at {}, belongs to module instead of kernel-heap",
        "audit: frame {} is lost: module is said to have it, but does not",
        "audit: module has 1 frames, the account says 0",
        "audit: kernel-heap has {} frames, the account says {}",
    ],
    "leaked-frame": [
        "audit: the heap holds {} pages, the account says {} frames",
        "audit: frame {} is lost: kernel-heap is said to have it, but does not",
    ],
    "hidden-frame": [
        "audit: frame {} is lost: boot-information is said to have it, but does not",
        "audit: boot-information has {} frames, the account says {}",
        "audit: exercise has 0 frames, the account says 1",
    ],
    "stale-translation": [
        "audit: stale translation: page {} is not mapped, but the CPU still reads it",
    ],
    "miscounted-table": [
        "audit: page table {} has {} entries, its record says {}",
    ],
}

# Each is refused at once. The release that is claimed, and the frame's real owner.
WRONG_RELEASES = {
    "double-release": ("exercise", "not allocated", "free"),
    "foreign-release": ("page-table", "not allocated", "kernel-heap"),
    "reserved-release": ("exercise", "not allocated", "kernel-image"),
    "out-of-range-release": ("exercise", "out of range", "hole"),
}

# Each is the end.
PANICS = {
    "heap-double-free": ("heap: double free", "heap_double_free"),
    "heap-overrun": ("heap: a block was written past its end", "heap_overrun"),
    "heap-smashed-header": ("heap: a block's header was overwritten", "heap_smashed_header"),
    "heap-foreign-pointer": ("heap: foreign pointer", "heap_foreign_pointer"),
}

VERIFIED = "use-after-release"


def pattern(sentence):
    """A regular expression for `sentence` with a number, hexadecimal or not, for each {}."""
    return re.escape(sentence).replace(r"\{\}", r"(?:0x[0-9a-f]+|\d+)")


def complaints(log):
    """The errors in /proc/kmsg, without their level and time."""
    return re.findall(r"(?m)^<3>\[ *\d+\.\d+\] (.*)$", log)


def plant(bug, **options):
    """Plants `bug` between two readings of the account, audits, and shows the log."""
    account = proc_files.cat("frames", "vmstat")
    mark = f"echo {SEPARATOR}"
    return shell(f"{account}; {mark}; echo {bug} > /proc/plant; {account}; {mark}; {AUDIT}; cat /proc/kmsg", **options)


class Audit(GuestTest):
    def test_the_list_is_complete(self):
        result = run("cat", "/proc/plant")
        self.assert_ok(result)
        known = [*FOR_THE_AUDIT, *WRONG_RELEASES, VERIFIED, *PANICS, *test_program_audit.BUGS]
        self.assertEqual(result.stdout.decode().split(), known)

    def test_a_clean_system_passes(self):
        files = "cmdline frames heap interrupts iomem kmsg meminfo modules pagetables uptime version vmstat".split()
        busy = "; ".join(
            [
                *(f"cat /proc/{name}" for name in files),
                "cat /proc/benchmark",
                "echo random 3 5000 > /proc/exercise",
                "echo all-frames > /proc/exercise",
            ]
        )
        shells = [{"root": "busybox", **options} for options in ({}, {"append": "check=frames"}, {"iso": True})]
        for options in ({}, {"append": "check=frames"}, {"iso": True}, {"memory": "4M"}, *shells):
            with self.subTest(**options):
                options = {"memory": "16M", **options}
                done = f"{AUDIT} && {busy} && {AUDIT} && echo {SEPARATOR}; {proc_files.cat('kmsg')}"
                result = shell(done, **options)
                self.assert_ok(result)
                self.assertEqual(complaints(proc_files.parts(result.stdout)[-1]), [])

    def test_the_audit_finds_each_contradiction(self):
        for append in (None, "check=frames"):
            for bug, sentences in FOR_THE_AUDIT.items():
                with self.subTest(bug, append=append):
                    result = plant(bug, append=append)
                    self.assertEqual((result.status, result.stderr), (0, IO_ERROR), result)
                    log = complaints(proc_files.parts(result.stdout)[-1])
                    for sentence in sentences:
                        self.assertTrue(any(re.fullmatch(pattern(sentence), line) for line in log), (sentence, log))
                    for line in log:
                        self.assertTrue(any(re.fullmatch(pattern(s), line) for s in sentences), line)

    def test_the_audit_finds_them_at_every_time(self):
        """An audit marks what it sees: the marks of one that passed must not hide anything from the next."""
        for bug in FOR_THE_AUDIT:
            if bug == "stale-translation":
                continue  # The first audit's own accesses displace it from the TLB: the CPU has forgotten by itself.
            with self.subTest(bug):
                result = shell(f"{AUDIT} && {AUDIT} && echo {bug} > /proc/plant; {AUDIT} || {AUDIT} || echo twice")
                self.assertEqual((result.stdout, result.stderr), (b"twice\n", 2 * IO_ERROR), result)

    def test_wrong_releases_are_refused_and_change_nothing(self):
        for append in (None, "check=frames"):
            for bug, (claimed, error, owner) in WRONG_RELEASES.items():
                with self.subTest(bug, append=append):
                    result = plant(bug, append=append)
                    self.assert_ok(result)
                    before, counts, after, counts_after, log = proc_files.parts(result.stdout)
                    self.assertEqual(Frames(before), Frames(after))
                    told = f"frames: refused to release frame {{}} for {claimed}: {error}, its owner is {owner}"
                    self.assertEqual(len(complaints(log)), 1, log)
                    self.assertRegex(complaints(log)[0], f"^{pattern(told)}$")
                    old, new = (proc_files.parse_numbers(text) for text in (counts, counts_after))
                    self.assertEqual(old["pgfree_refused"] + 1, new["pgfree_refused"])
                    self.assertEqual(old["nr_free_pages"], new["nr_free_pages"])

    def test_a_write_after_release_shows_when_frames_are_checked(self):
        told = pattern("frames: frame {} was written to after its release")
        result = plant(VERIFIED, append="check=frames")
        self.assert_ok(result)
        log = complaints(proc_files.parts(result.stdout)[-1])
        self.assertEqual(len(log), 1, log)
        self.assertRegex(log[0], f"^{told}$")
        unchecked = plant(VERIFIED)
        self.assert_ok(unchecked)
        self.assertEqual(complaints(proc_files.parts(unchecked.stdout)[-1]), [])

    def test_the_heap_names_what_was_done_to_it(self):
        for bug, (name, function) in PANICS.items():
            with self.subTest(bug):
                result = plant(bug)
                self.assert_status(result, 70)
                report = result.stderr.decode()
                self.assertRegex(report, rf"(?m)^PANIC: {re.escape(name)}.*, at \S+:\d+, address 0x[0-9a-f]+")
                self.assertRegex(report, rf"(?m)^  0x[0-9a-f]{{8}} .*{function}\+0x[0-9a-f]+$")
                # The report ends with the account, which still adds up.
                counts = dict(re.findall(r"(?m)^([a-z-]+) (\d+) \d+$", report.partition("frames:\n")[2]))
                total = int(counts.pop("total"))
                self.assertEqual(list(counts), proc_files.OWNERS)
                self.assertEqual(sum(map(int, counts.values())), total)

    def test_under_the_shell_each_is_found_too(self):
        """The frames of its programs, and the heap's for them, are all known to the audit: it says nothing of these."""
        for bug, sentences in FOR_THE_AUDIT.items():
            if bug == "stale-translation":
                continue  # Another address space may have run meanwhile: then the CPU has forgotten by itself.
            with self.subTest(bug):
                result = guest.shell(f"{AUDIT} && echo {bug} > /proc/plant; {AUDIT} || cat /proc/kmsg")
                self.assertEqual((result.status, result.stderr), (0, IO_ERROR.replace(b"echo", b"sh")), result)
                patterns = [pattern(re.sub(r"\d+", "{}", sentence)) for sentence in sentences]
                log = complaints(result.stdout.decode())
                for wanted in patterns:
                    self.assertTrue(any(re.fullmatch(wanted, line) for line in log), (wanted, log))
                for line in log:
                    self.assertTrue(any(re.fullmatch(wanted, line) for wanted in patterns), line)

    def test_unknown_words_harm_nobody(self):
        for line in ("echo no-such-bug > /proc/plant", "echo > /proc/plant", "echo audits > /proc/frames"):
            with self.subTest(line):
                result = shell(f"{line}; {AUDIT} && echo sound")
                self.assertEqual(
                    (result.stdout, result.stderr), (b"sound\n", b"echo: write error: Invalid argument\n"), result
                )


if __name__ == "__main__":
    unittest.main()
