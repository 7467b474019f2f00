"""README.md's tour shows what the system prints: each command is typed at the shell's prompt, its output held against it.

Numbers may differ, as they do from build to build, and so may the blanks that line them up; `...` stands for any
lines.
"""

import hashlib
import os
import re
import unittest

from guest import ROOT, GuestTest, Prompt, run, shell
from programs import path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\b(?:0x)?[0-9a-f]*[0-9][0-9a-f]*\b")
LEFT_OUT = "..."
PROMPT = "/ # "
HI = b"hi\n"


def tour():
    """[(command, output as shown)] of README.md, in order."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    return [tuple(block.removeprefix(PROMPT).split("\n", 1)) for block in blocks]


def masked(text):
    """The lines of `text`, with what varies taken out."""
    text = re.sub(r"^\[ *\d+\.\d+\]", "[TIME]", text, flags=re.MULTILINE)
    return [" ".join(NUMBER.sub("N", line).split()) for line in text.splitlines()]


def agrees(shown, seen):
    """Whether the lines `seen` are those `shown`."""
    pattern = "".join("(?:.*\n)*" if line == LEFT_OUT else re.escape(line) + "\n" for line in masked(shown))
    return re.fullmatch(pattern, "".join(line + "\n" for line in masked(seen))) is not None


class Tour(GuestTest):
    def test_the_prompt_shows_what_the_readme_shows(self):
        commands = tour()
        self.assertEqual(len(commands), 7)
        with Prompt() as prompt:
            prompt.expect(PROMPT.encode())
            for number, (command, shown) in enumerate(commands, 1):
                with self.subTest(command):
                    prompt.type(command + "\r")
                    self.assertEqual(prompt.expect(b"\n").decode(), command)  # Its echo.
                    if number < len(commands):
                        seen = prompt.expect(PROMPT.encode())
                    else:  # The last one ends the machine.
                        before = prompt.at
                        self.assertEqual(prompt.wait(), 70)
                        seen = prompt.seen[before:]
                    text = seen.decode()
                    self.assertTrue(agrees(shown, text), f"README.md:\n{shown}\nthe system:\n{text}")

    def test_the_sum_is_the_hosts(self):
        numbers = "".join(f"{number}\n" for number in range(100_000, 0, -1))
        command, shown = tour()[0]
        self.assertEqual(shown, f"{hashlib.md5(numbers.encode()).hexdigest()}  -\n")
        result = shell(command)
        self.assert_ok(result)
        self.assertEqual(result.stdout.decode(), shown)

    def test_the_commands_for_scripts_work(self):
        result = run("cat", "/proc/meminfo", memory="4M")
        self.assert_ok(result)
        self.assertIn(b"MemTotal:", result.stdout)
        result = run("md5sum", stdin=HI)
        self.assert_ok(result)
        self.assertEqual(result.stdout.decode(), f"{hashlib.md5(HI).hexdigest()}  -\n")
        result = shell("echo audit > /proc/frames && cat /proc/frames")
        self.assert_ok(result)
        self.assertTrue(result.stdout.startswith(b"allocator bitmap\n"))
        result = run("./sqlite3", files=[path("sqlite3")], stdin=b"select 6*7;\n")
        self.assert_ok(result)
        self.assertEqual(result.stdout, b"42\n")

    def test_a_difference_is_seen(self):
        self.assertTrue(agrees("a 1\n...\nd  0x2f\n", "a   7\nb\nc\nd\t0x1\n"))
        for shown in ("a 1\n", "a 1\nb\n", "b 1\n...\nd 0x2f\n", "a 1\n...\nd\n", "a\n...\n"):
            self.assertFalse(agrees(shown, "a 7\nb\nc\nd 0x1\n"), shown)


if __name__ == "__main__":
    unittest.main()
