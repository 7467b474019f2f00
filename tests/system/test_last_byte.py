#!/usr/bin/env python3
"""The machine does not go off before its serial ports are empty: what a slow reader has yet to take is not lost.

COM2's other end is a pipe that nobody reads until the command is done and the kernel has nothing left to say. The
outputs end around the pipe's capacity, so that in some of these runs the exit status is what no longer fits.
"""

import os
import subprocess
import sys
import unittest

from guest import KERNEL, ROOT, GuestTest

sys.path.insert(0, os.path.join(ROOT, "tools"))
import streams  # noqa: E402
from machine import Machine  # noqa: E402

PIPE_BYTES = 1 << 16
FIFO_BYTES = 16
EXIT_FRAME_BYTES = 4
HEADER_BYTES, PAYLOAD_BYTES = 3, 4096  # of a full frame on COM2
SETTLED_SECONDS = 0.7  # A machine that does not wait goes off long before; no run passes or fails by this time.


def payload_for(total):
    """How many bytes a command must print so that, with its status, `total` go over COM2."""
    frames, rest = divmod(total - EXIT_FRAME_BYTES, HEADER_BYTES + PAYLOAD_BYTES)
    return frames * PAYLOAD_BYTES + rest - HEADER_BYTES


class LastByte(GuestTest):
    def run_unread(self, payload):
        """Runs `echo -n` with `payload` bytes; returns QEMU's status, and the bytes and the status that came."""
        machine = Machine(16 << 20)
        machine.boot_kernel(KERNEL, "", [])
        machine.arguments += ["-display", "none"]
        machine.give_command(["echo", "-n", "x" * payload])
        log = machine.open_serial_port("log")
        port = machine.open_serial_port("streams")
        machine.start()
        try:
            machine.process.wait(timeout=SETTLED_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        decoder = streams.FrameDecoder()
        printed, status = 0, None
        while data := os.read(port, PIPE_BYTES):
            for stream, content in decoder.feed(data):
                if stream == streams.EXIT:
                    status = content[0]
                else:
                    printed += len(content)
        while os.read(log, PIPE_BYTES):
            pass
        os.close(port)
        os.close(log)
        return machine.process.wait(), printed, status

    def test_the_status_arrives_however_full_the_pipe_is(self):
        for total in range(PIPE_BYTES - 1, PIPE_BYTES + FIFO_BYTES + 3):
            with self.subTest(total):
                payload = payload_for(total)
                self.assertEqual(self.run_unread(payload), (0, payload, 0))


if __name__ == "__main__":
    unittest.main()
