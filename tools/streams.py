"""What comes out of the machine: the frames of a command's streams on COM2, and the kernel's log on COM1.

A frame is one byte for the stream ('1' standard output, '2' standard error, 'x' exit status), the payload's length
in two bytes (little-endian), and the payload. '0' is kept for standard input, which will travel the other way.
"""

STDOUT, STDERR, EXIT = b"1"[0], b"2"[0], b"x"[0]
HEADER_BYTES = 3
LOG_BYTES_KEPT = 1 << 20


class FrameError(Exception):
    """COM2 carried something that is no frame: the kernel and this program disagree."""


class FrameDecoder:
    """Turns bytes as they arrive into (stream, payload) pairs; a payload may come in several pieces."""

    def __init__(self):
        self.header = b""
        self.missing = 0

    def feed(self, data):
        """Yields what `data` completes."""
        at = 0
        while at < len(data):
            if len(self.header) < HEADER_BYTES:
                taken = data[at : at + HEADER_BYTES - len(self.header)]
                self.header += taken
                at += len(taken)
                if self.header[0] not in (STDOUT, STDERR, EXIT):
                    raise FrameError(f"byte {self.header[0]:#04x} begins no frame")
                if len(self.header) < HEADER_BYTES:
                    return
                self.missing = int.from_bytes(self.header[1:], "little")
            taken = data[at : at + self.missing]
            at += len(taken)
            self.missing -= len(taken)
            if taken:
                yield self.header[0], taken
            if self.missing == 0:
                self.header = b""


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
