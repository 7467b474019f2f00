"""The prompt: on a terminal, from a pipe, and on the VGA screen and keyboard."""

import json
import os
import socket
import subprocess
import tempfile
import unittest

from guest import HANG_SECONDS, GuestTest, Prompt, run_program
from test_run_command import RUN, wait_until_gone

PROMPT = b"# "
CONTROL_A, CONTROL_C, CONTROL_D, CONTROL_U, DELETE = "\x01", "\x03", "\x04", "\x15", "\x7f"


class Terminal(GuestTest):
    def test_the_first_line_says_how_to_leave(self):
        with Prompt() as prompt:
            prompt.expect(PROMPT)
            first = prompt.seen.splitlines()[0]
            self.assertIn(b"poweroff", first)
            self.assertIn(b"Ctrl-A X", first)
            prompt.type("poweroff\r")
            self.assertEqual(prompt.wait(), 0)

    def test_qemu_can_be_left_with_control_a_x(self):
        with Prompt(qemu="-name left") as prompt:
            prompt.expect(PROMPT)
            prompt.type(CONTROL_A + "x")
            self.assertEqual(prompt.wait(), 0)
        self.assertTrue(wait_until_gone("left"))

    def assert_line(self, prompt, typed, printed):
        """Types keys and Enter; the line's output follows what was echoed."""
        prompt.type(typed + "\r")
        prompt.expect(b"\n")
        self.assertEqual(prompt.expect(b"\n" + PROMPT if printed else PROMPT), printed)

    def test_lines_run_and_can_be_edited(self):
        with Prompt(iso=True) as prompt:
            prompt.expect(PROMPT)
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
            prompt.expect(b"^C\n" + PROMPT)
            self.assert_line(prompt, "echo after", b"after")
            prompt.type("x" + CONTROL_D + DELETE + CONTROL_D)
            self.assertEqual(prompt.wait(), 0)

    def test_a_line_that_is_too_long_is_refused_whole(self):
        with Prompt() as prompt:
            prompt.expect(PROMPT)
            prompt.type("echo " + "x" * 1019)
            prompt.expect(b"echo " + b"x" * 1019)
            prompt.type("\r")
            prompt.expect(b"\n" + b"x" * 1019 + b"\n" + PROMPT)
            prompt.type("echo " + "x" * 1500 + "\r")
            prompt.expect(b"sh: a line has at most 1024 characters; nothing was run\n" + PROMPT)
            self.assert_line(prompt, "echo fine", b"fine")

    def test_much_output_and_much_input(self):
        with Prompt() as prompt:
            prompt.expect(PROMPT)
            for number in range(30):
                prompt.type(f"echo {number}\r")
            for number in range(30):
                prompt.expect(b"\n%d\n" % number)
            prompt.expect(PROMPT)
            prompt.type("cat /proc/pagetables /proc/kmsg\r")
            prompt.expect(b"] PrimitiveOS\n")
            prompt.expect(PROMPT)

    def test_help_and_ls(self):
        with Prompt() as prompt:
            prompt.expect(PROMPT)
            prompt.type("help\r")
            shown = prompt.expect(b"\n" + PROMPT)
            for command in (b"cat", b"ls", b"echo", b"help", b"poweroff"):
                self.assertIn(b"\n  " + command, shown)
            self.assert_line(prompt, "ls /", b"proc")

    def test_a_panic_is_shown_and_ends_with_70(self):
        with Prompt() as prompt:
            prompt.expect(PROMPT)
            prompt.type("echo panic > /proc/provoke\r")
            self.assertEqual(prompt.wait(), 70)
            self.assertIn(b"PANIC: ", prompt.seen)

    def test_a_time_limit_and_a_signal_end_it(self):
        with Prompt(timeout=2, qemu="-name limited") as prompt:
            self.assertEqual(prompt.wait(), 124)
        self.assertTrue(wait_until_gone("limited"))


class Pipe(GuestTest):
    def type(self, text, *arguments):
        done = subprocess.run([*RUN, *arguments], input=text, capture_output=True, check=False, timeout=HANG_SECONDS)
        # The first line is not the machine's; in all that is, a carriage return stands before each newline.
        output = done.stdout.split(b"\n", 1)[1]
        self.assertEqual(output.count(b"\n"), output.count(b"\r\n"))
        return done.returncode, output.replace(b"\r", b"")

    def test_lines_from_a_pipe_run_and_its_end_switches_off(self):
        status, output = self.type(b"echo one\necho two; cat /nope\necho 'three'")
        self.assertEqual(status, 0)
        self.assertTrue(
            output.endswith(
                b"# echo one\none\n# echo two; cat /nope\ntwo\ncat: /nope: No such file or directory\n"
                b"# echo 'three'\nthree\n# \n"
            ),
            output,
        )

    def test_a_long_script(self):
        lines = b"".join(b"echo line %d %s\n" % (number, b"x" * 200) for number in range(1000))
        status, output = self.type(lines)
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

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = os.path.join(self.folder.name, "qmp")
        self.prompt = self.enterContext(Prompt(qemu=f"-qmp unix:{path},server=on,wait=off"))
        self.prompt.expect(PROMPT)
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
            self.prompt.expect({"\n": b"\n", "\b": b"\b \b"}.get(character, character.encode()))

    def lines(self):
        """The screen's text."""
        path = os.path.join(self.folder.name, "screen")
        self.qmp.ask("pmemsave", val=TEXT_MEMORY, size=LINES * COLUMNS * 2, filename=path)
        with open(path, "rb") as file:
            cells = file.read()
        rows = [cells[at : at + 2 * COLUMNS : 2] for at in range(0, len(cells), 2 * COLUMNS)]
        return [row.decode("latin-1").rstrip(" \0") for row in rows]

    def test_commands_can_be_typed_at_the_keyboard(self):
        self.type("echo Hello; ls /prox\bc/.\n")
        self.prompt.expect(PROMPT)
        lines = self.lines()
        at = lines.index("# echo Hello; ls /proc/.")
        self.assertEqual(lines[at + 1], "Hello")
        self.assertIn("version", lines)
        self.assertEqual([line for line in lines if line][-1], "#")

    def test_what_is_typed_on_the_serial_line_is_on_the_screen(self):
        self.prompt.type("echo from afarr\b\r")
        self.prompt.expect(b"\nfrom afar\n# ")
        lines = self.lines()
        at = lines.index("# echo from afar")
        self.assertEqual(lines[at + 1 : at + 3], ["from afar", "#"])

    def test_control_keys_work_on_the_keyboard(self):
        self.type("nonsense")
        self.qmp.ask("send-key", **{"keys": [{"type": "qcode", "data": "ctrl"}, {"type": "qcode", "data": "c"}]})
        self.prompt.expect(b"^C\n" + PROMPT)
        self.type("poweroff\n")
        self.assertEqual(self.prompt.wait(), 0)

    def test_the_screen_scrolls(self):
        for number in range(40):
            self.prompt.type(f"echo line {number}\r")
            self.prompt.expect(b"\nline %d\n# " % number)
        lines = self.lines()
        self.assertEqual(lines[-1], "#")
        self.assertEqual(lines[-3:-1], ["# echo line 39", "line 39"])
        self.assertEqual(lines[0], "# echo line 28")


if __name__ == "__main__":
    unittest.main()
