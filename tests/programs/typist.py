"""Types what the test program `terminal` asks for.

    typist.py PROGRAM     runs PROGRAM on a pseudo-terminal of this host, and ends with its status

answer() is also what the guest's test uses, at the guest's own terminal.
"""

import os
import pty
import re
import sys

ASKED = re.compile(rb"type: (.*?)\r?$", re.MULTILINE)

# What is asked for, and the keys.
KEYS = {
    b"line": b"hel\x7fLo\r",
    b"killed line": b"abc\x15xyz\r",
    b"killed word": b"one two\x17three\r",
    b"end of file": b"\x04",
    b"unfinished": b"part\x04",
    b"two lines": b"first\rsecond\r",
    b"line for pieces": b"0123456789\r",
    b"beginning": b"beginning ",
    b"ending": b"ending\r",
    b"key": b"q",
    b"control c": b"\x03",
    b"return": b"\r",
    b"arrow": b"\x1b[A",
    b"five keys": b"12345",
    b"unwanted line": b"unwanted\r",
    b"quit": b"\x1c",
    b"suspend": b"\x1a",
}


def answer(line):
    """The keys that this line of output asks for; none if it asks for nothing."""
    asked = ASKED.search(line)
    return KEYS[asked[1]] if asked else b""


def main():
    child, terminal = pty.fork()
    if child == 0:
        os.execv("/usr/bin/setarch", ["setarch", "i686", "--3gb", *sys.argv[1:]])
    pending = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the terminal's other end is closed
            data = b""
        if not data:
            break
        sys.stdout.buffer.write(data)
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            if keys := answer(line):
                os.write(terminal, keys)
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
