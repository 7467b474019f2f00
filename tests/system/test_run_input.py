"""./run -- COMMAND's standard input, against a kernel that does nothing but send it back."""

import os
import pty
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from guest import HANG_SECONDS, ROOT, GuestTest, run

sys.path.insert(0, os.path.join(ROOT, "tools"))

import streams  # noqa: E402

SCRIPT = """
ENTRY(entry)
SECTIONS {
    . = 0x100000;
    .text : { *(.multiboot) *(.entry) *(.text*) *(.rodata*) *(.data*) }
    .bss : { *(.bss*) *(COMMON) }
    /DISCARD/ : { *(.note*) *(.eh_frame) *(.comment) }
}
"""
WINDOW = 4096
ECHOED = 42


class Input(GuestTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="input.")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        script = os.path.join(cls.folder, "kernel.ld")
        with open(script, "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        subprocess.run(
            [
                *("gcc", "-m32", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic", "-no-pie"),
                *("-fno-stack-protector", "-mgeneral-regs-only", "-nostdlib", "-static", "-Wl,--build-id=none"),
                *("-Wl,--no-warn-rwx-segments", f"-Wl,-T,{script}"),
                os.path.join(ROOT, "tests", "system", "echo_kernel.c"),
                *("-o", os.path.join(cls.folder, "primitive.elf")),
            ],
            check=True,
        )
        cls.command = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py"), "--root", "none", "--"]
        cls.environment = {**os.environ, "PRIMITIVE_BUILD_DIR": cls.folder}

    def echo(self, behaviour="whole", **streams):
        """What comes back, of a run that must end well."""
        done = subprocess.run(
            [*self.command, behaviour],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            timeout=HANG_SECONDS,
            check=False,
            **streams,
        )
        self.assertEqual((done.returncode, done.stderr), (ECHOED, b""), done)
        return done.stdout

    def test_every_byte_arrives(self):
        content = bytes(range(256)) * 3
        self.assertEqual(self.echo(input=content), content)

    def test_sizes_around_the_window(self):
        content = random.Random(5).randbytes(3 * WINDOW)
        for size in (0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW, 3 * WINDOW):
            self.assertEqual(self.echo(input=content[:size]), content[:size], size)

    def test_much_of_it(self):
        content = random.Random(6).randbytes(300_000)
        self.assertEqual(self.echo(input=content), content)

    def test_a_file_and_nothing(self):
        with open(os.path.join(ROOT, "LICENSE"), "rb") as file:
            content = file.read()
            file.seek(0)
            self.assertEqual(self.echo(stdin=file), content)
        self.assertEqual(self.echo(stdin=subprocess.DEVNULL), b"")

    def test_a_terminal_is_not_read(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        os.write(ours, b"typed ahead\n")
        self.assertEqual(self.echo(stdin=theirs), b"")

    def test_who_does_not_read_gets_the_first_window_and_leaves_the_rest(self):
        content = random.Random(7).randbytes(10 * WINDOW)
        ours, theirs = os.pipe()  # It holds 64 KiB.
        with open(ours, "rb") as rest:
            os.write(theirs, content)
            os.close(theirs)
            self.assertEqual(self.echo("stingy", stdin=ours), content[:WINDOW])
            self.assertEqual(rest.read(), content[WINDOW:])

    def test_an_input_that_pauses(self):
        with subprocess.Popen(
            [*self.command, "whole"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment
        ) as process:
            for word in (b"one", b"two", b"x" * WINDOW):
                process.stdin.write(word)
                process.stdin.flush()
                self.assertEqual(process.stdout.read(len(word)), word)
            process.stdin.close()
            self.assertEqual((process.stdout.read(), process.wait(HANG_SECONDS)), (b"", ECHOED))


class Programs(GuestTest):
    """What programs in PrimitiveOS read is what was given."""

    def check(self, content, *command, expected=None, status=0):
        result = run(*command, stdin=content, root="busybox")
        self.assertEqual((result.status, result.stderr), (status, b""), result)
        self.assertEqual(result.stdout, content if expected is None else expected)

    def test_every_byte_arrives(self):
        self.check(bytes(range(256)) * 5, "cat")
        self.check(random.Random(8).randbytes(100_000), "cat")

    def test_an_empty_input_is_at_its_end(self):
        self.check(b"", "cat")
        self.check(b"", "sh", "-c", "read x; echo $?", expected=b"1\n")

    def test_it_is_shared_by_the_commands_of_a_line(self):
        line = "read -r first; echo \"<$first>\"; head -n 1; cat > /dev/null; echo end"
        self.check(b"one\ntwo\n", "sh", "-c", line, expected=b"<one>\ntwo\nend\n")

    def test_a_program_that_reads_a_part_ends(self):
        self.check(b"x" * 50_000, "head", "-c", "3", expected=b"xxx")
        self.check(b"x" * 50_000, "true", expected=b"")
        self.check(b"x" * 50_000, "sh", "-c", "exit 3", expected=b"", status=3)


class Frames(unittest.TestCase):
    """What the two sides say to each other, without a machine."""

    def test_frames_in_any_pieces_are_the_same(self):
        sent = b"1\x03\0abc" + b"c\x04\0\x10\x20\0\0" + b"2\0\0" + b"2\x01\0!" + b"x\x01\0\x07"
        wanted = {streams.STDOUT: b"abc", streams.CREDIT: b"\x10\x20\0\0", streams.STDERR: b"!", streams.EXIT: b"\7"}
        for size in range(1, len(sent) + 1):
            decoder, got = streams.FrameDecoder(), {}
            for at in range(0, len(sent), size):
                for stream, payload in decoder.feed(sent[at : at + size]):
                    self.assertFalse(stream == streams.CREDIT and len(payload) != 4)
                    got[stream] = got.get(stream, b"") + payload
            self.assertEqual(got, wanted, size)

    def test_what_is_no_frame_is_an_error(self):
        for sent in (b"?", b"0\0\0", b"c\x03\0abc"):
            with self.assertRaises(streams.FrameError):
                list(streams.FrameDecoder().feed(sent))

    def test_credit_opens_the_window_again_and_no_further(self):
        sender = streams.Input()
        self.assertEqual(sender.frame(b"x" * WINDOW), b"0\x00\x10" + b"x" * WINDOW)
        self.assertEqual(sender.wanted, 0)
        for taken, wanted in ((10, 10), (10, 10), (4000, 4000), (WINDOW, WINDOW)):
            sender.give_credit(taken.to_bytes(4, "little"))
            self.assertEqual(sender.wanted, wanted)
        with self.assertRaises(streams.FrameError):
            sender.give_credit((WINDOW + 1).to_bytes(4, "little"))

    def test_credit_counts_on_beyond_32_bits(self):
        sender = streams.Input()
        sender.taken = (1 << 32) - 5
        sender.frame(b"x" * 20)
        sender.give_credit((15).to_bytes(4, "little"))
        self.assertEqual(sender.wanted, WINDOW)

    def test_nothing_follows_the_end(self):
        sender = streams.Input()
        self.assertEqual(sender.frame(b""), b"0\0\0")
        self.assertEqual(sender.wanted, 0)


if __name__ == "__main__":
    unittest.main()
