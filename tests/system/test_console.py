"""The prompt, the shell's and the built-in console's: on a terminal, from a pipe, and on the VGA screen and keyboard."""

import hashlib
import json
import os
import socket
import subprocess
import tempfile
import time
import unittest

from guest import HANG_SECONDS, GuestTest, Prompt, run_program
from test_run_command import RUN, wait_until_gone

CONTROL_A, CONTROL_C, CONTROL_D, CONTROL_U, DELETE = "\x01", "\x03", "\x04", "\x15", "\x7f"
# What either says when it wants a line.
SHELL, BUILT_IN = b"/ # ", b"# "


class Lines(GuestTest):
    question = SHELL

    def assert_line(self, prompt, typed, printed):
        """Types keys and Enter; the line's output follows what was echoed."""
        prompt.type(typed + "\r")
        prompt.expect(b"\n")
        self.assertEqual(prompt.expect(b"\n" + self.question if printed else self.question), printed)


class Terminal(Lines):
    def test_the_first_line_says_how_to_leave(self):
        with Prompt() as prompt:
            prompt.expect(SHELL)
            first = prompt.seen.splitlines()[0]
            self.assertIn(b"poweroff", first)
            self.assertIn(b"Ctrl-A X", first)
            prompt.type("poweroff\r")
            self.assertEqual(prompt.wait(), 0)

    def test_qemu_can_be_left_with_control_a_x(self):
        with Prompt(qemu="-name left") as prompt:
            prompt.expect(SHELL)
            prompt.type(CONTROL_A + "x")
            self.assertEqual(prompt.wait(), 0)
        self.assertTrue(wait_until_gone("left"))

    def test_lines_run_and_can_be_edited(self):
        with Prompt(iso=True) as prompt:
            prompt.expect(SHELL)
            self.assert_line(prompt, "echo hello", b"hello")
            self.assert_line(prompt, "echo helk" + DELETE + "lo", b"hello")
            self.assert_line(prompt, "echo helk\blo", b"hello")
            self.assert_line(prompt, "nonsense" + CONTROL_U + "echo yes", b"yes")
            self.assert_line(prompt, "echo arow\x1b[D\x1b[Dr", b"arrow")
            self.assert_line(prompt, "\x1b[A", b"arrow")
            self.assert_line(prompt, "echo 'a  b' \"c\"; cat /n", b"a  b c\ncat: can't open '/n': No such file or directory")
            self.assert_line(prompt, "", b"")
            self.assert_line(prompt, "   ", b"")
            self.assert_line(prompt, "frobnicate", b"-sh: frobnicate: not found")
            prompt.type("rubbish" + CONTROL_C)
            prompt.expect(b"^C\n" + SHELL)
            self.assert_line(prompt, "echo after", b"after")
            prompt.type(CONTROL_D)
            self.assertEqual(prompt.wait(), 0)

    def test_much_output_and_much_input(self):
        with Prompt() as prompt:
            prompt.expect(SHELL)
            for number in range(100):
                prompt.type(f"echo {number} >> /tmp/numbers\r")
            prompt.type("echo $(cat /tmp/numbers) | md5sum\r")
            numbers = " ".join(map(str, range(100))) + "\n"
            prompt.expect(hashlib.md5(numbers.encode(), usedforsecurity=False).hexdigest().encode())
            prompt.expect(SHELL)
            prompt.type("cat /proc/pagetables /proc/kmsg\r")
            prompt.expect(b"] PrimitiveOS\n")
            prompt.expect(SHELL)

    def test_a_panic_is_shown_and_ends_with_70(self):
        with Prompt() as prompt:
            prompt.expect(SHELL)
            prompt.type("echo panic > /proc/provoke\r")
            self.assertEqual(prompt.wait(), 70)
            self.assertIn(b"PANIC: ", prompt.seen)

    def test_a_time_limit_and_a_signal_end_it(self):
        with Prompt(timeout=2, qemu="-name limited") as prompt:
            self.assertEqual(prompt.wait(), 124)
        self.assertTrue(wait_until_gone("limited"))


class BuiltInConsole(Lines):
    """The console of a system without an initial root, or without room for one."""

    question = BUILT_IN

    def test_it_is_there_when_asked_for_and_when_the_root_does_not_fit(self):
        for options in ({"root": "none"}, {"append": "console=builtin"}, {"memory": "4M"}):
            with self.subTest(**options), Prompt(**options) as prompt:
                prompt.expect(b"\nType help to see what there is.\n" + BUILT_IN)
                self.assertEqual(b"does not fit" in prompt.seen, "memory" in options)
                self.assert_line(prompt, "echo hello", b"hello")

    def test_lines_run_and_can_be_edited(self):
        with Prompt(root="none", iso=True) as prompt:
            prompt.expect(BUILT_IN)
            self.assert_line(prompt, "echo hello", b"hello")
            self.assert_line(prompt, "echo helk" + DELETE + "lo", b"hello")
            self.assert_line(prompt, "echo helk\blo", b"hello")
            self.assert_line(prompt, "nonsense" + CONTROL_U + "echo yes", b"yes")
            self.assert_line(prompt, "echo \x1b[Aarrow\x1b[D", b"arrow")
            self.assert_line(prompt, "echo 'a  b' \"c\"; cat /nope", b"a  b c\ncat: /nope: No such file or directory")
            self.assert_line(prompt, "", b"")
            self.assert_line(prompt, "   ", b"")
            self.assert_line(prompt, "frobnicate", b"sh: frobnicate: not found")
            prompt.type("rubbish" + CONTROL_C)
            prompt.expect(b"^C\n" + BUILT_IN)
            self.assert_line(prompt, "echo after", b"after")
            prompt.type("x" + CONTROL_D + DELETE + CONTROL_D)
            self.assertEqual(prompt.wait(), 0)

    def test_a_line_that_is_too_long_is_refused_whole(self):
        with Prompt(root="none") as prompt:
            prompt.expect(BUILT_IN)
            prompt.type("echo " + "x" * 1019)
            prompt.expect(b"echo " + b"x" * 1019)
            prompt.type("\r")
            prompt.expect(b"\n" + b"x" * 1019 + b"\n" + BUILT_IN)
            prompt.type("echo " + "x" * 1500 + "\r")
            prompt.expect(b"sh: a line has at most 1024 characters; nothing was run\n" + BUILT_IN)
            self.assert_line(prompt, "echo fine", b"fine")

    def test_much_output_and_much_input(self):
        with Prompt(root="none") as prompt:
            prompt.expect(BUILT_IN)
            for number in range(30):
                prompt.type(f"echo {number}\r")
            for number in range(30):
                prompt.expect(b"\n%d\n" % number)
            prompt.expect(BUILT_IN)
            prompt.type("cat /proc/pagetables /proc/kmsg\r")
            prompt.expect(b"] PrimitiveOS\n")
            prompt.expect(BUILT_IN)

    def test_help_and_ls(self):
        with Prompt(root="none") as prompt:
            prompt.expect(BUILT_IN)
            prompt.type("help\r")
            shown = prompt.expect(b"\n" + BUILT_IN)
            for command in (b"cat", b"ls", b"echo", b"help", b"poweroff"):
                self.assertIn(b"\n  " + command, shown)
            self.assert_line(prompt, "ls /", b"proc")

    def test_a_panic_is_shown_and_ends_with_70(self):
        with Prompt(root="none") as prompt:
            prompt.expect(BUILT_IN)
            prompt.type("echo panic > /proc/provoke\r")
            self.assertEqual(prompt.wait(), 70)
            self.assertIn(b"PANIC: ", prompt.seen)


class Pipe(GuestTest):
    def type(self, text, *arguments):
        done = subprocess.run([*RUN, *arguments], input=text, capture_output=True, check=False, timeout=HANG_SECONDS)
        # The first line is not the machine's; in all that is, a carriage return stands before each newline.
        output = done.stdout.split(b"\n", 1)[1]
        self.assertEqual(output.count(b"\n"), output.count(b"\r\n"))
        return done.returncode, output.replace(b"\r", b"")

    def test_lines_from_a_pipe_run_and_its_end_switches_off(self):
        """What is typed while a command runs is echoed in the midst of what it prints: only a file shows it alone."""
        script = b"echo one > /tmp/x\necho two >> /tmp/x; cat /nope 2>> /tmp/x\necho 'three' >> /tmp/x\nmd5sum < /tmp/x"
        expected = b"one\ntwo\ncat: can't open '/nope': No such file or directory\nthree\n"
        status, output = self.type(script)
        self.assertEqual(status, 0)
        self.assertIn(hashlib.md5(expected, usedforsecurity=False).hexdigest().encode(), output)

    def test_a_long_script(self):
        texts = [b"line %d %s" % (number, b"x" * 200) for number in range(300)]
        status, output = self.type(b"".join(b"echo %s >> /tmp/x\n" % text for text in texts) + b"md5sum < /tmp/x\n")
        self.assertEqual(status, 0)
        expected = b"".join(text + b"\n" for text in texts)
        self.assertIn(hashlib.md5(expected, usedforsecurity=False).hexdigest().encode(), output)

    def test_lines_that_fill_each_buffer_to_the_last_byte(self):
        """When the terminal had taken the port's whole ring, nobody asked the device for the rest: it had interrupted
        while the ring was full, and didn't again."""
        texts = [b"line %03d" % number for number in range(200)]
        lines = b"".join((b"echo %s >>/tmp/x #" % text).ljust(63, b"x") + b"\n" for text in texts)
        status, output = self.type(b"sleep 1\n" + lines + b"md5sum < /tmp/x\n")
        self.assertEqual(status, 0)
        expected = b"".join(text + b"\n" for text in texts)
        self.assertIn(hashlib.md5(expected, usedforsecurity=False).hexdigest().encode(), output)

    def test_the_built_in_console_reads_it_too(self):
        status, output = self.type(b"echo one\necho two; cat /nope\necho 'three'", "--root", "none")
        self.assertEqual(status, 0)
        self.assertTrue(
            output.endswith(
                b"# echo one\none\n# echo two; cat /nope\ntwo\ncat: /nope: No such file or directory\n"
                b"# echo 'three'\nthree\n# \n"
            ),
            output,
        )

    def test_a_long_script_for_the_built_in_console(self):
        lines = b"".join(b"echo line %d %s\n" % (number, b"x" * 200) for number in range(1000))
        status, output = self.type(lines, "--root", "none")
        self.assertEqual(status, 0)
        for number in range(1000):
            self.assertIn(b"\nline %d xx" % number, output)

    def test_a_refused_boot_is_2(self):
        result = run_program(["--append", "check=perhaps"])
        self.assert_status(result, 2)
        self.assertIn(b'"check=perhaps"', result.stdout)


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rwb")
        self.file.readline()  # the greeting
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise AssertionError(answer)

    def close(self):
        self.file.close()
        self.socket.close()


# QEMU's names of the keys, where they differ from what they print.
KEYS = {" ": "spc", "\n": "ret", "\b": "backspace", "/": "slash", ";": "semicolon", ".": "dot"}
LINES, COLUMNS, TEXT_MEMORY = 25, 80, 0xB8000


class Screen(GuestTest):
    """The VGA screen and the keyboard, as somebody in front of the machine sees them."""

    root, question, rubbed_out = "busybox", SHELL, b"\b\x1b[J"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = os.path.join(self.folder.name, "qmp")
        self.prompt = self.enterContext(Prompt(root=self.root, qemu=f"-qmp unix:{path},server=on,wait=off"))
        self.prompt.expect(self.question)
        self.qmp = Qmp(path)
        self.addCleanup(self.qmp.close)

    def type(self, text):
        """Presses keys on the keyboard; the serial line shows what they did."""
        for character in text:
            names = KEYS.get(character, character)
            if character.isupper():
                names = "shift-" + character.lower()
            keys = [{"type": "qcode", "data": name} for name in names.split("-")]
            self.qmp.ask("send-key", **{"keys": keys, "hold-time": 1})
            self.prompt.expect({"\n": b"\n", "\b": self.rubbed_out}.get(character, character.encode()))

    def asked(self, line):
        """The prompt and what was typed, as the screen shows them."""
        return (self.question.decode() + line).rstrip()

    def lines(self, last):
        """The screen's text, as soon as the end of `last` and a prompt end it: it follows the terminal a tick later."""
        deadline = time.monotonic() + HANG_SECONDS
        while True:
            lines = self.lines_now()
            written = [line for line in lines if line]
            shown = len(written) > 1 and written[-2].endswith(last) and written[-1] == self.asked("")
            if shown or time.monotonic() > deadline:
                return lines
            time.sleep(0.02)

    def lines_now(self):
        path = os.path.join(self.folder.name, "screen")
        self.qmp.ask("pmemsave", val=TEXT_MEMORY, size=LINES * COLUMNS * 2, filename=path)
        with open(path, "rb") as file:
            cells = file.read()
        rows = [cells[at : at + 2 * COLUMNS : 2] for at in range(0, len(cells), 2 * COLUMNS)]
        return [row.decode("latin-1").rstrip(" \0") for row in rows]

    def test_commands_can_be_typed_at_the_keyboard(self):
        self.type("echo Hello; ls /prox\bc/sys\n")
        self.prompt.expect(self.question)
        lines = self.lines("vm")
        at = lines.index(self.asked("echo Hello; ls /proc/sys"))
        self.assertEqual(lines[at + 1], "Hello")
        self.assertTrue(any(line.startswith("kernel") for line in lines), lines)
        self.assertEqual([line for line in lines if line][-1], self.asked(""))

    def test_what_is_typed_on_the_serial_line_is_on_the_screen(self):
        self.prompt.type("echo from afarr\b\r")
        self.prompt.expect(b"\nfrom afar\n" + self.question)
        lines = self.lines("from afar")
        at = lines.index(self.asked("echo from afar"))
        self.assertEqual(lines[at + 1 : at + 3], ["from afar", self.asked("")])

    def test_control_keys_work_on_the_keyboard(self):
        self.type("nonsense")
        self.qmp.ask("send-key", **{"keys": [{"type": "qcode", "data": "ctrl"}, {"type": "qcode", "data": "c"}]})
        self.prompt.expect(b"^C\n" + self.question)
        self.type("poweroff\n")
        self.assertEqual(self.prompt.wait(), 0)

    def test_the_screen_scrolls(self):
        for number in range(40):
            self.prompt.type(f"echo line {number}\r")
            self.prompt.expect(b"\nline %d\n" % number + self.question)
        lines = self.lines("line 39")
        self.assertEqual(lines[-1], self.asked(""))
        self.assertEqual(lines[-3:-1], [self.asked("echo line 39"), "line 39"])
        self.assertEqual(lines[0], self.asked("echo line 28"))


class BuiltInScreen(Screen):
    root, question, rubbed_out = "none", BUILT_IN, b"\b \b"


if __name__ == "__main__":
    unittest.main()
