#!/usr/bin/env python3
"""What is typed on the PS/2 keyboard arrives at the prompt: letters, shift, caps lock, backspace, arrows, enter. (F2)"""

import os
import socket
import tempfile
import time
import unittest

from guest import HANG_SECONDS, GuestTest, Prompt


class Monitor:
    """QEMU's monitor: presses keys."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(HANG_SECONDS)
        end = time.monotonic() + HANG_SECONDS
        while self.socket.connect_ex(path) != 0:
            if time.monotonic() > end:
                raise AssertionError("QEMU's monitor never answered")
        self._answer()

    def close(self):
        self.socket.close()

    def press(self, *keys):
        """One key after the other, each a name of QEMU's, "shift-a" for two at once."""
        for key in keys:
            self.socket.sendall(f"sendkey {key} 1\n".encode())
            self._answer()

    def _answer(self):
        seen = b""
        while not seen.endswith(b"(qemu) "):
            seen += self.socket.recv(4096)


class Keyboard(GuestTest):
    def test_typed_line_is_run(self):
        # The shell lets the cursor be moved, the built-in console does not.
        for root, seen in (("busybox", b"\nHi-Up!/?//7\n"), ("none", b"\nHi-Up!7/?//\n")):
            with self.subTest(root=root):
                self.assert_typed(root, seen)

    def assert_typed(self, root, seen):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "monitor")
            with Prompt(root=root, qemu=f"-monitor unix:{path},server=on,wait=off") as prompt:
                monitor = Monitor(path)
                self.addCleanup(monitor.close)
                prompt.expect(b"# ")
                monitor.press("e", "c", "h", "o", "spc")
                monitor.press("shift-h", "i", "minus", "caps_lock", "u", "shift-p", "caps_lock", "x", "backspace")
                monitor.press("shift-1", "7", "left", "slash", "shift-slash", "kp_divide", "shift-kp_divide", "kp_enter")
                prompt.expect(seen)
                monitor.press(*"poweroff", "ret")
                self.assertEqual(prompt.wait(), 0)


if __name__ == "__main__":
    unittest.main()
