#!/usr/bin/env python3
"""Memory that runs out at the n-th request, for each n that a boot and a session at the prompt make.

A run without failures tells how many requests there are; then each of them fails once, in a run of its own. It may be
refused the boot, in one clear line, or it has something to complain about; but it never panics, never hangs, and at
its end the audit finds a sound account. The prompt is the built-in console's: what the kernel itself asks for. A short run takes every n of the boot and of all that asks for memory in
different places, and a sample of the sweep's and the benchmark's hundreds of equal ones; with PRIMITIVE_LONG, all. E2
"""

import os
import re
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

import proc_files
from guest import HANG_SECONDS, ROOT, GuestTest, Result, arguments_for, shell

AT_ONCE = 2
SAMPLE = 1 if os.environ.get("PRIMITIVE_LONG") else 23
MEMORY = "3M"  # The least with room for modules behind the kernel: the sweep takes every frame.
COUNTS = "cat /proc/vmstat /proc/heap"
SOUND = "the account is sound"

FILES = [
    "cmdline", "frames", "interrupts", "iomem", "kmsg", "meminfo", "modules", "pagetables", "plant", "provoke",
    "uptime", "version",
]  # fmt: skip

# The marks are where the test reads the counts.
SESSION = [
    "",
    "help",
    "ls /proc",
    *(f"cat /proc/{name}" for name in FILES),
    "cat /proc/no-such-file",
    COUNTS,
    "cat /proc/benchmark",
    COUNTS,
    "echo random 1 100 > /proc/exercise",
    "cat /proc/exercise",
    COUNTS,
    "echo release 0 > /proc/modules",
    "echo all-frames > /proc/exercise",
    "cat /proc/exercise",
    COUNTS,
    f"echo audit > /proc/frames && echo {SOUND}",
]

ERROR = r"(?m)^(?:sh|cat|echo|ls): .*$"
NO_SUCH_FILE = "cat: /proc/no-such-file: No such file or directory"
NO_MEMORY = "Cannot allocate memory"
SWEEP_FAILED = "echo: write error: Input/output error"


class FailingAllocations(GuestTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.modules = []
        for size in (4097, 1):
            cls.modules.append(os.path.join(cls.folder.name, f"{size}"))
            with open(cls.modules[-1], "wb") as file:
                file.write(b"m" * size)
        reference = cls.session(None)
        counts = [proc_files.parse_numbers(text) for text in cls.counts_in(reference)]
        assert len(counts) == 4, reference
        # Frames asked for up to each mark, and requests to the heap. At its end the sweep asks once in vain.
        cls.frames = [c["pgalloc_boot"] + c["pgalloc_normal"] for c in counts]
        cls.heap = [c["requests"] for c in counts]
        cls.reference = reference

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def session(cls, append):
        """Types SESSION at the prompt; returns the Result, its output as a terminal would show it."""
        arguments = arguments_for(memory=MEMORY, append=append, root="none", modules=cls.modules)
        done = subprocess.run(
            ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py"), *arguments],
            input="\n".join([*SESSION, ""]).encode(), capture_output=True, timeout=HANG_SECONDS, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout.replace(b"\r", b"").decode(), done.stderr.decode())

    @staticmethod
    def counts_in(result):
        return re.findall(r"(?m)^(nr_free_pages \d+\n(?:[a-z_-]+ \d+\n)+)", result.stdout)

    def sessions(self, option, numbers):
        """(n, Result) of a session for each n."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from zip(numbers, pool.map(lambda n: self.session(f"{option}={n}"), numbers))

    def assert_clean(self, result):
        """Refused in a clear line, or through to a sound account; returns the complaints on the way."""
        self.assertNotIn("PANIC", result.stdout)
        if result.status == 2:
            self.assertRegex(result.stdout, r"(?m)memory: too little: .*$")
            return ["refused"]
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        self.assertRegex(result.stdout, rf"(?m)^{SOUND}$", result)
        complaints = re.findall(ERROR, result.stdout)
        self.assertIn(NO_SUCH_FILE, complaints)
        complaints.remove(NO_SUCH_FILE)
        return complaints

    def test_the_reference_has_nothing_to_complain_about(self):
        self.assertEqual(self.assert_clean(self.reference), [])
        boot, benchmark, exercise, sweep = self.frames
        self.assertTrue(0 < boot < benchmark < exercise < sweep, self.frames)

    def test_a_frame_that_boot_and_the_files_ask_for(self):
        boot = self.frames[0]
        for n, result in self.sessions("fail-frames", range(1, boot + 1)):
            with self.subTest(n):
                complaints = self.assert_clean(result)
                # What is taken before there is an account cannot be done without.
                without = proc_files.parse_numbers(self.counts_in(self.reference)[0])["pgalloc_boot"]
                if n <= without:
                    self.assertEqual(complaints, ["refused"])
                else:  # The heap's first page: the module cannot be kept track of, and not be released.
                    self.assertIn(complaints, ([], [f"echo: write error: {NO_MEMORY}"]))

    def test_a_frame_that_the_benchmark_asks_for(self):
        boot, benchmark, _, _ = self.frames
        for n, result in self.sessions("fail-frames", range(boot + 1, benchmark + 1, SAMPLE)):
            with self.subTest(n):
                for complaint in self.assert_clean(result):
                    self.assertRegex(complaint, rf"^cat: .*{NO_MEMORY}$")

    def test_a_frame_that_the_exerciser_asks_for(self):
        _, benchmark, exercise, _ = self.frames
        noticed = 0
        for n, result in self.sessions("fail-frames", range(benchmark + 1, exercise + 1)):
            with self.subTest(n):
                self.assertEqual(self.assert_clean(result), [])
                noticed += self.refusals(result) > self.refusals(self.reference)
        # The heap makes do with fewer pages than it asks for first; all else shows.
        self.assertGreater(noticed, (exercise - benchmark) // 2)

    def test_a_frame_that_the_sweep_asks_for(self):
        _, _, exercise, sweep = self.frames
        for n, result in self.sessions("fail-frames", range(exercise + 1, sweep + 1, SAMPLE)):
            with self.subTest(n):
                self.assertEqual(self.assert_clean(result), [SWEEP_FAILED])
                self.assertRegex(result.stdout, rf"(?m)^all-frames {n - exercise - 1} wrong 0$")

    def test_a_frame_that_nobody_asks_for(self):
        """The sweep's last request, for which there is nothing left, and one more than there are."""
        for n, result in self.sessions("fail-frames", [self.frames[-1] + 1, self.frames[-1] + 2]):
            with self.subTest(n):
                self.assertEqual(self.assert_clean(result), [])

    def test_a_block_of_the_heap(self):
        total = self.heap[-1]
        before_exercise = self.heap[1]
        random_steps = range(before_exercise + 1, total + 1)
        noticed = 0
        numbers = [*range(1, self.heap[0] + 1), *range(self.heap[0] + 1, before_exercise + 1, SAMPLE), *random_steps]
        for n, result in self.sessions("fail-heap", [*numbers, total + 1]):
            with self.subTest(n):
                for complaint in self.assert_clean(result):
                    self.assertTrue(complaint.endswith(NO_MEMORY), complaint)
                noticed += self.refusals(result) != self.refusals(self.reference)
                # The boot's blocks remember the module, and the map: without its copy the start-up section stays.
                kept = "memory: no room to copy the map; the start-up section is kept" in result.stdout
                self.assertEqual(kept, n == 2)
        self.assertGreater(noticed, len(random_steps) // 2)

    @staticmethod
    def refusals(result):
        """How often the exerciser was refused memory; -1 when it did not even begin."""
        found = re.search(r"(?m)^random-steps .* refusals (\d+)$", result.stdout)
        return int(found[1]) if found else -1

    def test_a_block_that_a_command_of_the_host_needs(self):
        """A command line that does not fit into memory ends as a shell's does, and nothing of it is run."""
        line = f"{COUNTS}; echo audit > /proc/frames && echo {SOUND}"
        total = proc_files.parse_numbers(shell(line, memory=MEMORY, root="none").stdout.decode().rpartition(SOUND)[0])["requests"]
        ends = []
        for n in range(1, total + 2):
            with self.subTest(n):
                result = shell(line, memory=MEMORY, root="none", append=f"fail-heap={n}")
                ends.append(result.status)
                if result.status == 0:
                    self.assertTrue(result.stdout.decode().endswith(f"{SOUND}\n"))
                    self.assertEqual(result.stderr, b"")
                else:
                    self.assertIn(result.status, (2, 126), result)
                    self.assertEqual(result.stdout, b"")
                    self.assertRegex(result.stderr, rb"^sh: .*Cannot allocate memory\n$")
        # What the boot asks for (the copy of the map first) is done without; the command's own blocks, the last four,
        # are not; the last n is beyond all.
        self.assertEqual([end != 0 for end in ends], [False] * (len(ends) - 5) + [True] * 4 + [False], ends)


if __name__ == "__main__":
    unittest.main()
