#!/usr/bin/env python3
"""What the kernel's paths cost, in guest instructions, stays below what was promised.

Under QEMU's -icount one instruction is one tick of the time-stamp counter, so the figures are exact and the same at
every run; no clock of the host has a part in them. They are measured in the image that ./run boots, through the calls
that everything else uses: with the built-in console, whose command they are then the only thing to run, and at the shell's
prompt. B4 B5 C5 D1
"""

import unittest

import proc_files
from guest import GuestTest, Prompt, run

ICOUNT = "-icount shift=0,sleep=off"

CEILINGS = {
    "frame-pair": 150,
    "heap-pair-64": 120,
    "map-touch-unmap": 600,
    "map-touch-unmap-new-table": 600 + 1024,
    "bytes-per-frame-account": 16,
    "bits-per-frame-allocator": 1,
}
BOOT_CEILING = 2_000_000  # with 512 MiB
BOOT_CEILING_PER_GIB = 1_000_000  # for each further one
SHELL_CEILING = 6_000_000  # with 512 MiB, to the prompt of busybox's shell

# No path can cost less than the instructions that it cannot do without: less means that it was not run.
FLOORS = {"frame-pair": 20, "heap-pair-64": 20, "map-touch-unmap": 60, "map-touch-unmap-new-table": 1024 // 2}


class Cost(GuestTest):
    def figures(self, memory, append="console=builtin", **options):
        result = run("cat", "/proc/benchmark", memory=memory, append=append, qemu=ICOUNT, **options)
        self.assert_ok(result)
        return proc_files.parse_numbers(result.stdout.decode())

    def figures_at_the_prompt(self, memory, **options):
        with Prompt(memory=memory, qemu=ICOUNT, **options) as prompt:
            prompt.expect(b"# ")
            prompt.type("cat /proc/benchmark\r")
            prompt.expect(b"cat /proc/benchmark\n")
            return proc_files.parse_numbers(prompt.expect(b"# ").decode().removesuffix("/ "))

    def test_each_path_stays_below_its_ceiling(self):
        figures = self.figures("512M")
        self.assertEqual(set(figures), {"entry-to-prompt", *CEILINGS})
        for name, ceiling in CEILINGS.items():
            with self.subTest(name):
                self.assertLessEqual(figures[name], ceiling)
                self.assertGreaterEqual(figures[name], FLOORS.get(name, 1))

    def test_a_boot_stays_below_its_ceiling(self):
        half_gib = self.figures("512M")["entry-to-prompt"]
        self.assertLessEqual(half_gib, BOOT_CEILING)
        self.assertGreater(half_gib, 10_000)
        for gib in (1, 2, 3):
            with self.subTest(gib=gib):
                more = self.figures(f"{gib}G")["entry-to-prompt"] - half_gib
                self.assertLessEqual(more, (gib - 0.5) * BOOT_CEILING_PER_GIB)

    def test_a_boot_to_the_shell_stays_below_its_ceiling(self):
        to_the_prompt = self.figures_at_the_prompt("512M")["entry-to-prompt"]
        to_a_command = self.figures("512M", append=None)["entry-to-prompt"]
        console_s = self.figures("512M")["entry-to-prompt"]
        for figure in (to_the_prompt, to_a_command):
            self.assertLessEqual(figure, SHELL_CEILING)
            self.assertGreater(figure, console_s)

    def test_the_figures_are_exact(self):
        """At the prompt: a command's standard input may come in, and interrupt, at any time while the system boots."""
        figures = [self.figures_at_the_prompt("512M", root="none") for _ in range(2)]
        self.assertEqual(figures[0], figures[1])

    def test_the_paths_cost_the_same_in_every_machine(self):
        """The search for a frame starts at a hint, so its cost does not grow with memory."""
        figures = [self.figures(memory) for memory in ("4M", "3G")]
        for name in CEILINGS:
            if name != "bytes-per-frame-account":  # Whole frames: a small machine has more of them for each of its own.
                with self.subTest(name):
                    self.assertEqual(figures[0][name], figures[1][name])

    def test_a_run_without_memory_is_no_figure(self):
        """A request that fails costs less than one that succeeds: it must not be taken for the path's cost."""
        result = run("cat", "/proc/vmstat", memory="4M", append="console=builtin")
        boot = proc_files.parse_numbers(result.stdout.decode())
        figures = self.figures("4M")
        first = boot["pgalloc_boot"] + boot["pgalloc_normal"] + 1
        for n in (first, first + 1, first + 200):
            with self.subTest(n):
                failing = self.figures("4M", append=f"console=builtin fail-frames={n}")
                for name in ("frame-pair", "map-touch-unmap", "map-touch-unmap-new-table"):
                    # The detour that lets a request fail is a cost of its own.
                    self.assertGreaterEqual(failing[name], figures[name])


if __name__ == "__main__":
    unittest.main()
