"""Runs commands in PrimitiveOS for the system tests, through tools/run.py and never beside it.

    from guest import GuestTest, run

    class Frames(GuestTest):
        def test_audit_passes(self):
            result = run("cat", "/proc/frames", memory="16M")
            self.assert_ok(result)
            self.assertIn(b"total", result.stdout)
            self.assert_ok(shell("echo audit > /proc/frames; cat /proc/frames"))
        self.assertEqual(run("md5sum", stdin=b"hi").stdout, b"...")

    with Prompt(memory="8M") as prompt:      # the interactive prompt, on a pseudo-terminal
        prompt.type("ls /proc\\r")
        prompt.expect(b"meminfo")

The images come from the build folder that PRIMITIVE_BUILD_DIR names (CTest sets it), or from build/. The time limits
here only end a run that hangs: no test may depend on them.
"""

import os
import pty
import select
import signal
import subprocess
import termios
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.setdefault("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build"))
KERNEL = os.path.join(BUILD, "primitive.elf")
HANG_SECONDS = 300
CURSOR_QUESTION = b"\x1b[6n"


class Result:
    """How a run ended: status (0-255), stdout and stderr (bytes)."""

    def __init__(self, status, stdout, stderr):
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self):
        return f"status {self.status}, stdout {self.stdout[-2000:]!r}, stderr {self.stderr[-4000:]!r}"


def arguments_for(
    memory=None,
    append=None,
    root=None,
    files=(),
    modules=(),
    swap=None,
    disk=None,
    iso=False,
    qemu=None,
    timeout=None,
    verbose=False,
):
    """The options of ./run for these."""
    arguments = []
    if root is not None:
        arguments += ["--root", root]
    for file in files:
        arguments += ["--file", file]
    if memory is not None:
        arguments += ["--memory", memory]
    if append is not None:
        arguments += ["--append", append]
    for module in modules:
        arguments += ["--module", module]
    if swap is not None:
        arguments += ["--swap", swap]
    if disk is not None:
        arguments += ["--disk", disk]
    if iso:
        arguments.append("--iso")
    if qemu is not None:
        arguments += ["--qemu", qemu]
    if timeout is not None:
        arguments += ["--timeout", str(timeout)]
    if verbose:
        arguments.append("--verbose")
    return arguments


def run_program(arguments, stdin=b"", **keywords):
    """Runs `./run` with `arguments` as they are, and `stdin` as its standard input; returns its Result."""
    command = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py"), *arguments]
    done = subprocess.run(
        command, input=stdin, capture_output=True, timeout=HANG_SECONDS, check=False, **keywords
    )
    return Result(done.returncode, done.stdout, done.stderr)


def run(*command, stdin=b"", **options):
    """Boots with `options` (see arguments_for), runs `command` (str or bytes each) on `stdin`; returns its Result."""
    return run_program([*arguments_for(**options), "--", *command], stdin)


def shell(line, **options):
    """Runs a line of the shell's language: redirections, ';' and '&&' mean something in it, in the console's too."""
    return run("sh", "-c", line, **options)


class GuestTest(unittest.TestCase):
    """Assertions that show everything when they fail."""

    maxDiff = None

    def assert_ok(self, result):
        """Status 0 and nothing on standard error."""
        self.assertEqual((result.status, result.stderr), (0, b""), result)

    def assert_status(self, result, status):
        self.assertEqual(result.status, status, result)


class Prompt:
    """./run at its prompt, on a pseudo-terminal: what a person sees and types.

    `seen` is without carriage returns, and without the shell's question where the cursor is, which a terminal answers.
    """

    def __init__(self, arguments=(), window=None, **options):
        """`window`: the pseudo-terminal's lines and columns; its size is unknown without."""
        self.arguments = [*arguments_for(**options), *arguments]
        self.window = window
        self.seen = b""
        self.at = 0

    def __enter__(self):
        command = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py"), *self.arguments]
        self.terminal, theirs = pty.openpty()
        if self.window is not None:
            termios.tcsetwinsize(theirs, self.window)
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, close_fds=True
        )
        os.close(theirs)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        os.close(self.terminal)

    def type(self, text):
        """Types `text` (str; "\\r" is Enter)."""
        os.write(self.terminal, text.encode())

    def expect(self, wanted):
        """Waits until `wanted` (bytes) has been shown since the last match; returns what came before it."""
        end = time.monotonic() + HANG_SECONDS
        while (found := self.seen.find(wanted, self.at)) < 0:
            if time.monotonic() > end or not self._receive(end - time.monotonic()):
                raise AssertionError(f"never saw {wanted!r} in {self.seen[self.at:]!r}")
        before = self.seen[self.at : found]
        self.at = found + len(wanted)
        return before

    def wait(self):
        """Waits for the end of ./run; returns its status. `seen` has everything shown."""
        end = time.monotonic() + HANG_SECONDS
        while self._receive(end - time.monotonic()):
            pass
        return self.process.wait(timeout=HANG_SECONDS)

    def _receive(self, seconds):
        if not select.select([self.terminal], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self.terminal, 1 << 16)
        except OSError:  # The other end is closed: a terminal says so with an error.
            return False
        self.seen = (self.seen + data.replace(b"\r", b"")).replace(CURSOR_QUESTION, b"")
        return data != b""
