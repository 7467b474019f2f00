"""How ./run ends: its statuses, what it says, and what stops it early."""

import os

STATUS_NO_IMAGE = 1
STATUS_REFUSED = 2
STATUS_PANIC = 70
STATUS_TIMEOUT = 124
STATUS_SIGNAL = 128

LOG_LINES_SHOWN = 20


class TimeLimit(Exception):
    """--timeout has passed."""


class Stopped(Exception):
    """A signal ends the run."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def say(text):
    """One line of our own, on standard error."""
    write_all(2, f"run: {text}\n".encode(errors="surrogateescape"))


def write_all(descriptor, data):
    """Writes all of `data`, unbuffered."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
