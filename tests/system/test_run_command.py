"""./run -- COMMAND: arguments, output and status, exactly; and how a run ends otherwise."""

import os
import random
import signal
import subprocess
import time
import unittest

from guest import HANG_SECONDS, ROOT, GuestTest, run, shell

RUN = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py")]
ENDLESS = "cat /proc/frames /proc/kmsg;" * 4000  # minutes of printing


def qemu_with(marker):
    """The process number of the QEMU with `marker` among its arguments; None if there is none."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"qemu-system-i386") and marker.encode() in words:
                return int(entry)
    return None


def alive(marker):
    """Whether a QEMU with `marker` among its arguments runs."""
    return qemu_with(marker) is not None


def wait_until_gone(marker):
    """The host's kernel needs a moment to end a process."""
    end = time.monotonic() + HANG_SECONDS
    while alive(marker) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(marker)


class Arguments(GuestTest):
    """Arguments arrive byte for byte: echo prints them with blanks between."""

    def assert_echoed(self, *words, **options):
        words = [word.encode() if isinstance(word, str) else word for word in words]
        result = run("echo", *words, **options)
        self.assert_ok(result)
        self.assertEqual(result.stdout, b" ".join(words) + b"\n")

    def test_what_a_shell_would_change(self):
        self.assert_echoed("a  b", "", "'", '"', "\\", "\\n", "$HOME", "*", ">", "/nope", ";", "&&", "#", "~")
        self.assert_echoed("--", "--help", "-e", "-n")
        self.assert_echoed(">", "/proc/frames")
        self.assert_echoed("a,b,,c=d")
        self.assert_echoed("")
        self.assert_echoed()
        self.assert_echoed("", "", "")

    def test_newlines_and_controls(self):
        self.assert_echoed("line\nline\r\n\ttab\n\n", "\x1b[1m\x07\x08\x7f", "\r")

    def test_every_byte_but_nul(self):
        self.assert_echoed(bytes(range(1, 256)), bytes(range(255, 0, -1)))

    def test_random_words(self):
        seed = 20240229
        chance = random.Random(seed)
        for _ in range(8):
            words = [
                bytes(chance.choice(range(1, 256)) for _ in range(chance.choice((0, 1, 2, 10, 300))))
                for _ in range(chance.randrange(1, 40))
            ]
            if words[0] != b"-n":
                self.assert_echoed(*words)

    def test_long_words(self):
        chance = random.Random(7)
        for size in (4095, 4096, 4097, 65535, 65536, 131071):
            self.assert_echoed(bytes(chance.choice(range(1, 256)) for _ in range(size)))

    def test_many_long_words_in_little_memory(self):
        words = [b"%02d" % number + b"x" * 65534 for number in range(20)]
        self.assert_echoed(*words, memory="10M")  # The shell has its program's words twice more.
        self.assert_echoed(*words, memory="8M", root="none")

    def test_many_words(self):
        self.assert_echoed(*(str(number) for number in range(20000)), memory="8M")

    def test_arguments_that_do_not_fit_are_an_error(self):
        result = run("echo", *["x" * 100000] * 19, memory="2M")
        self.assertIn(result.status, (2, 126), result)  # 2: the kernel needs more than 2M
        self.assertNotEqual(result.stderr, b"")
        self.assertEqual(result.stdout, b"")
        result = run("echo", *["x" * 65534] * 20, memory="8M")
        self.assertEqual((result.status, result.stdout), (128 + signal.SIGKILL, b""), result)

    def test_by_the_iso(self):
        self.assert_echoed("a  b", "", "\n", "'\"\\", "x" * 65536, iso=True)


class Output(GuestTest):
    def test_all_byte_values(self):
        text = "".join(f"\\{byte:03o}" for byte in range(256))
        result = run("printf", text * 3)
        self.assert_ok(result)
        self.assertEqual(result.stdout, bytes(range(256)) * 3)

    def test_the_two_streams_are_told_apart(self):
        result = shell("echo out; nope; echo more; cat /nope")
        self.assertEqual(
            (result.stdout, result.stderr),
            (b"out\nmore\n", b"sh: nope: not found\ncat: can't open '/nope': No such file or directory\n"),
        )
        self.assert_status(result, 1)

    def test_the_two_streams_keep_their_order(self):
        line = "".join(f"echo {i}; {i};" for i in range(50))
        done = subprocess.run(
            [*RUN, "--", "sh", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        self.assertEqual(done.stdout.decode(), "".join(f"{i}\nsh: {i}: not found\n" for i in range(50)))

    def test_nothing_is_added(self):
        self.assertEqual(run("echo", "-n").stdout, b"")
        self.assertEqual(run("printf", "a\\r\\nb").stdout, b"a\r\nb")

    def test_the_log_is_shown_only_when_asked_for(self):
        self.assertEqual(run("echo", "hi").stderr, b"")
        result = run("echo", "hi", verbose=True)
        self.assertEqual((result.status, result.stdout), (0, b"hi\n"))
        self.assertIn(b"] PrimitiveOS\n", result.stderr)
        self.assertNotIn(b"\r", result.stderr)

    def test_a_reader_that_pauses_loses_nothing(self):
        words = ["y" * 100000] * 8
        with subprocess.Popen([*RUN, "--", "echo", *words], stdout=subprocess.PIPE) as process:
            time.sleep(4)  # long enough for every buffer on the way to fill, and for a driver to lose its patience
            output = process.stdout.read()
        self.assertEqual((process.returncode, len(output)), (0, 8 * 100001))

    def test_a_reader_that_leaves_ends_the_run(self):
        command = [*RUN, "--qemu", "-name leaving", "--", "sh", "-c", ENDLESS]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.read(10000)
            process.stdout.close()
            self.assertEqual(process.wait(HANG_SECONDS), -signal.SIGPIPE)
        self.assertTrue(wait_until_gone("leaving"))


class Status(GuestTest):
    def test_statuses_of_commands(self):
        for status in (0, 1, 2, 69, 70, 71, 124, 127, 128, 254, 255):
            self.assert_status(shell(f"exit {status}"), status)

    def test_unknown_commands_and_failures(self):
        self.assert_status(run("nope"), 127)
        self.assert_status(run(""), 127)
        self.assert_status(run("cat", "/nope"), 1)
        self.assert_status(shell("echo 'a"), 2)
        self.assert_status(shell("echo on > /proc/version"), 1)

    def test_poweroff_is_success(self):
        for command, options in (("poweroff", {}), ("poweroff -f", {}), ("poweroff", {"root": "none"})):
            with self.subTest(command):
                result = shell(f"echo before; {command}; echo after", **options)
                self.assert_ok(result)
                self.assertEqual(result.stdout, b"before\n")

    def test_a_panic_is_70_with_the_report(self):
        for verbose in (False, True):
            result = shell("echo before; echo panic > /proc/provoke; echo after", verbose=verbose)
            self.assert_status(result, 70)
            self.assertEqual(result.stdout, b"before\n", "what was printed before a panic is not lost")
            self.assertEqual(result.stderr.count(b"PANIC: "), 1, result)
            self.assertIn(b"serve_system_call", result.stderr)
            if not verbose:
                self.assertTrue(result.stderr.splitlines()[0].find(b"PANIC: ") >= 0, result)


def inside(depth, line):
    """`line` as the argument of `depth` shells inside one another. A redirection is what takes most of the stack."""
    for _ in range(depth):
        line = "sh -c " + "".join("\\" + c if c in " \\>;" else c for c in line) + ">/proc/frames"
    return line


class ShellsInsideOneAnother(GuestTest):
    """The built-in console's: their depth is bounded, because the kernel's stack is."""

    def test_too_many_are_refused(self):
        for depth in (8, 12):
            result = shell(inside(depth, "ls") + " || echo on", root="none")
            self.assertEqual(
                (result.status, result.stdout, result.stderr),
                (0, b"on\n", b"sh: more than 8 lines inside one another\n"),
            )
            self.assert_status(shell(inside(depth, "ls"), root="none"), 2)

    def test_in_the_deepest_every_command_has_stack_enough(self):
        deep = "echo random 3 5000 > /proc/exercise; cat /proc/benchmark > /proc/plant; echo audit > /proc/frames; exit 3"
        result = shell(inside(7, deep), root="none")
        self.assertEqual((result.status, result.stderr), (3, b"cat: write error: Invalid argument\n"))

    def test_in_the_deepest_a_fault_is_still_reported(self):
        result = shell(inside(7, "echo panic > /proc/provoke"), root="none")
        self.assert_status(result, 70)
        self.assertIn(b"PANIC: provoked", result.stderr)


class Endings(GuestTest):
    """However a run ends, no machine stays behind."""

    def test_a_timeout_is_124_with_the_log(self):
        result = shell(ENDLESS, timeout=2, qemu="-name late")
        self.assert_status(result, 124)
        self.assertIn(b"] PrimitiveOS\n", result.stderr)
        self.assertIn(b"2 seconds", result.stderr)
        self.assertFalse(alive("late"))

    def test_a_timeout_before_the_first_instruction(self):
        result = run("ls", timeout=1, qemu="-S -name frozen")
        self.assert_status(result, 124)
        self.assertFalse(alive("frozen"))

    def test_a_timeout_while_nobody_reads(self):
        command = [*RUN, "--timeout", "2", "--", "sh", "-c", ENDLESS]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.wait(HANG_SECONDS), 124)

    def test_no_limit_is_needed(self):
        self.assert_ok(run("echo", "hi", timeout=250))
        self.assert_ok(run("echo", "hi", timeout="250.5"))

    def test_signals(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)):
            marker = f"signal-{number}"
            command = [*RUN, "--qemu", f"-name {marker}", "--", "sh", "-c", ENDLESS]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                self.assertTrue(process.stdout.read(1))
                self.assertTrue(alive(marker))
                process.send_signal(number)
                self.assertEqual(process.wait(HANG_SECONDS), status)
            self.assertTrue(wait_until_gone(marker), marker)

    def test_a_machine_that_dies_is_70(self):
        with subprocess.Popen(
            [*RUN, "--qemu", "-name dying", "--", "sh", "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            self.assertTrue(process.stdout.read(1))
            os.kill(qemu_with("dying"), signal.SIGKILL)
            _, error = process.communicate(timeout=HANG_SECONDS)
            self.assertEqual(process.returncode, 70)
            self.assertIn(b"run: the machine stopped without a status", error)


if __name__ == "__main__":
    unittest.main()
