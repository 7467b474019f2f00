"""What travels between the machine and us: the frames of a command's streams on COM2, and the kernel's log on COM1.

A frame is one byte for the stream, the payload's length in two bytes (little-endian), and the payload:

    guest to host   '1' standard output, '2' standard error, 'x' exit status (one byte),
                    'c' credit: so many bytes of standard input were taken so far (four bytes, little-endian)
    host to guest   '0' standard input; without a payload: its end

Until the guest has given credit, no more than INPUT_WINDOW bytes of standard input are on their way: a program that
does not read leaves the rest of the input where it is.
"""

STDIN, STDOUT, STDERR, EXIT, CREDIT = b"0"[0], b"1"[0], b"2"[0], b"x"[0], b"c"[0]
HEADER_BYTES = 3
CREDIT_BYTES = 4
INPUT_WINDOW = 4096
LOG_BYTES_KEPT = 1 << 20


class FrameError(Exception):
    """COM2 carried something that is no frame: the kernel and this program disagree."""


class FrameDecoder:
    """Turns bytes as they arrive into (stream, payload) pairs. A payload may come in pieces; CREDIT's does not."""

    def __init__(self):
        self.header = b""
        self.missing = 0
        self.credit = b""

    def feed(self, data):
        """Yields what `data` completes."""
        at = 0
        while at < len(data):
            if len(self.header) < HEADER_BYTES:
                taken = data[at : at + HEADER_BYTES - len(self.header)]
                self.header += taken
                at += len(taken)
                if self.header[0] not in (STDOUT, STDERR, EXIT, CREDIT):
                    raise FrameError(f"byte {self.header[0]:#04x} begins no frame")
                if len(self.header) < HEADER_BYTES:
                    return
                self.missing = int.from_bytes(self.header[1:], "little")
                if self.header[0] == CREDIT and self.missing != CREDIT_BYTES:
                    raise FrameError(f"credit of {self.missing} bytes instead of {CREDIT_BYTES}")
            taken = data[at : at + self.missing]
            at += len(taken)
            self.missing -= len(taken)
            if self.header[0] == CREDIT:
                self.credit += taken
                if len(self.credit) == CREDIT_BYTES:
                    yield CREDIT, self.credit
                    self.credit = b""
            elif taken:
                yield self.header[0], taken
            if self.missing == 0:
                self.header = b""


class Input:
    """Standard input on its way into the machine: what may be sent, and the frames of it."""

    def __init__(self):
        self.window = INPUT_WINDOW
        self.taken = 0
        self.ended = False

    @property
    def wanted(self):
        """How many bytes may be read and sent now; none after the end."""
        return 0 if self.ended else self.window

    def frame(self, data):
        """The frame of `data`, at most `wanted` bytes; of the input's end if it is empty."""
        self.window -= len(data)
        self.ended = not data
        return bytes([STDIN]) + len(data).to_bytes(2, "little") + data

    def give_credit(self, payload):
        """Takes a CREDIT frame's payload. Raises FrameError when the guest has taken more than it was sent."""
        taken = int.from_bytes(payload, "little")
        self.window += (taken - self.taken) % (1 << 8 * CREDIT_BYTES)
        self.taken = taken
        if self.window > INPUT_WINDOW:
            raise FrameError(f"credit for {self.window - INPUT_WINDOW} bytes that were never sent")


class Log:
    """The end of the kernel's log, with plain line ends."""

    def __init__(self):
        self.text = b""

    def feed(self, data):
        """Takes `data`; returns it without its carriage returns."""
        data = data.replace(b"\r", b"")
        self.text = (self.text + data)[-LOG_BYTES_KEPT:]
        return data

    def tail(self, lines):
        """The last `lines` lines."""
        return b"".join(self.text.splitlines(keepends=True)[-lines:])

    def panic_report(self):
        """From the line that says PANIC on; None if the log has none."""
        at = self.text.rfind(b"PANIC: ")
        if at < 0:
            return None
        return self.text[self.text.rfind(b"\n", 0, at) + 1 :]
