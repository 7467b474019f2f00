#!/usr/bin/env python3
"""System calls as the booted system shows them: counts, clocks, standing, resets; the programs' own tests do the rest."""

import re
import unittest

from guest import GuestTest, run


def calls(result):
    """{name: calls} of /proc/syscalls in what `result` printed; those without a name under their numbers."""
    lines = [line.split() for line in result.stdout.decode().splitlines()]
    return {name if name != "unknown" else int(number): int(count) for number, name, count in lines}


class SystemCalls(GuestTest):
    def test_counts_rise_with_the_calls_that_are_made(self):
        one = calls(run("sh", "-c", "pwd > /dev/null; cat /proc/syscalls"))
        many = calls(run("sh", "-c", "kill -0 $$; kill -0 $$; kill -0 $$; cat /proc/syscalls"))
        self.assertEqual(many["kill"] - one["kill"], 3)
        self.assertGreater(one["execve"], 1)
        self.assertEqual(one["reboot"], 0)

    def test_numbers_rise_and_each_has_one_line(self):
        result = run("cat", "/proc/syscalls")
        self.assert_ok(result)
        numbers = [int(line.split()[0]) for line in result.stdout.decode().splitlines()]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertGreater(len(numbers), 200)

    def test_an_unknown_call_is_counted_and_named_in_the_log(self):
        # Every program of glibc's asks for rseq (386) at its start.
        result = run("sh", "-c", "cat /proc/syscalls; cat /proc/kmsg")
        self.assertRegex(result.stdout, rb"(?m)^386 unknown [1-9][0-9]*$")
        self.assertEqual(len(re.findall(rb"asks for system call 386, ", result.stdout)), 1)


class Time(GuestTest):
    def test_the_date_is_the_hardware_clocks(self):
        for base in ("2020-02-29T23:59:30", "2038-01-01T00:00:00", "1999-12-31T12:00:00"):
            with self.subTest(base):
                result = run("date", "-u", "+%Y-%m-%dT%H:%M", qemu=f"-rtc base={base},clock=vm")
                self.assertEqual(result.stdout.decode().strip(), base[:16])

    def test_sleep_takes_its_time_and_no_more_than_a_tick_longer(self):
        script = "a=$(cut -d' ' -f1 /proc/uptime); sleep 1.5; b=$(cut -d' ' -f1 /proc/uptime); echo $a $b"
        result = run("sh", "-c", script, qemu="-icount shift=0,sleep=off")
        self.assert_ok(result)
        before, after = (float(word) for word in result.stdout.split())
        self.assertGreaterEqual(after - before, 1.5)
        self.assertLess(after - before, 1.6)

    def test_a_timer_ends_what_runs_on(self):
        result = run("sh", "-c", "timeout 0.2 sh -c 'while :; do :; done'; echo $?")
        self.assertEqual(result.stdout, b"143\n")


class Scheduling(GuestTest):
    def test_whoever_waits_gets_a_turn_while_another_counts(self):
        script = "while :; do :; done & sleep 0.1; echo here; kill $!"
        result = run("sh", "-c", script)
        self.assertEqual((result.status, result.stdout), (0, b"here\n"))

    def test_standing_decides_who_gets_further(self):
        """Two count for the same second: the one at nice 19 gets far less of it."""
        count = "while :; do echo >> /tmp/{}; done"  # A line more each time: the end may come at any moment.
        script = (
            f"sh -c '{count.format('poor')}' & poor=$!; renice -n 19 -p $poor; "
            f"sh -c '{count.format('well')}' & well=$!; "
            "sleep 1; kill $poor $well; wc -l < /tmp/poor; wc -l < /tmp/well"
        )
        result = run("sh", "-c", script, qemu="-icount shift=0,sleep=off")
        poor, well = (int(word) for word in result.stdout.split())
        self.assertGreater(well, 3 * poor)
        self.assertGreater(poor, 0)


class Power(GuestTest):
    def test_a_program_switches_the_machine_off_or_resets_it(self):
        for command in ("poweroff -f", "reboot -f"):
            with self.subTest(command):
                result = run("sh", "-c", command + "; echo still here", qemu="-no-reboot")
                self.assertNotIn(b"still here", result.stdout)


if __name__ == "__main__":
    unittest.main()
