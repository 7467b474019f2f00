"""The files about the system as a whole: Linux's names and formats."""

import re
import unittest

from guest import GuestTest, run, shell


class SystemFiles(GuestTest):
    def read(self, path, **options):
        result = run("cat", path, **options)
        self.assert_ok(result)
        return result.stdout.decode()

    def test_version_is_one_line_with_the_compiler(self):
        text = self.read("/proc/version")
        self.assertRegex(text, r"\APrimitiveOS version \d+\.\d+ \(i686\) \((GCC|Clang) \d+.*\)\n\Z")

    def test_uptime_has_two_figures_that_grow(self):
        lines = shell("cat /proc/uptime;" * 2 + "cat /proc/pagetables /proc/kmsg;" * 200 + "cat /proc/uptime").stdout
        figures = re.findall(r"^(\d+\.\d\d) (\d+\.\d\d)$", lines.decode(), re.MULTILINE)
        self.assertEqual(len(figures), 3)
        times = [(float(up), float(asleep)) for up, asleep in figures]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[2][0], times[0][0])
        for up, asleep in times:
            self.assertLessEqual(asleep, up)

    def test_uptime_counts_the_sleep(self):
        # Counted instructions make a sleep exact: nothing sleeps on the way to a command.
        text = self.read("/proc/uptime", qemu="-icount shift=0,sleep=off")
        up, asleep = map(float, text.split())
        self.assertEqual(asleep, 0)
        self.assertLess(up, 0.1)

    def test_interrupts_are_counted_by_line(self):
        text = self.read("/proc/interrupts")
        self.assertRegex(text, r"\A +CPU0 *\n")
        self.assertRegex(text, r"(?m)^ +0: +\d+ +XT-PIC +timer$")
        line = "cat /proc/interrupts;" + "cat /proc/pagetables /proc/kmsg;" * 200 + "cat /proc/interrupts"
        counts = re.findall(r"(?m)^ +0: +(\d+)", shell(line).stdout.decode())
        self.assertGreater(int(counts[1]), int(counts[0]))

    def test_kmsg_has_the_log_that_went_to_the_serial_port(self):
        result = run("cat", "/proc/kmsg", verbose=True)
        lines = result.stdout.decode().splitlines()
        for line in lines:
            self.assertRegex(line, r"^<[346]>\[ *\d+\.\d{6}\] .")
        log = [line for line in result.stderr.decode().splitlines() if line.startswith("[")]
        self.assertEqual([line[3:] for line in lines], log)
        self.assertNotEqual(lines, [])

    def test_kmsg_stays_when_it_is_read(self):
        result = shell("cat /proc/kmsg; cat /proc/kmsg")
        half = len(result.stdout) // 2
        self.assertEqual(result.stdout[:half], result.stdout[half:])

    def test_none_of_them_can_be_written(self):
        for name in ("cmdline", "interrupts", "kmsg", "uptime", "version"):
            result = shell(f"echo 1 > /proc/{name}")
            self.assertEqual((result.status, result.stderr), (1, b"sh: write error: Permission denied\n"), name)

    def test_they_are_all_listed(self):
        names = run("ls", "/proc").stdout.decode().splitlines()
        self.assertEqual(names, sorted(names))
        self.assertLessEqual({"cmdline", "interrupts", "kmsg", "uptime", "version"}, set(names))


if __name__ == "__main__":
    unittest.main()
