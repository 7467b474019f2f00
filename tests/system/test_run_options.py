"""./run's options: what is refused, and what reaches the machine, by either loader. (F1)"""

import os
import subprocess
import tempfile
import unittest

from guest import BUILD, ROOT, GuestTest, run, run_program, shell


class RefusedOptions(GuestTest):
    """Each wrong command line is one clear line and status 2."""

    def assert_refused(self, arguments, *words):
        result = run_program(arguments)
        self.assert_status(result, 2)
        self.assertEqual(result.stdout, b"", result)
        self.assertEqual(result.stderr.count(b"\n"), 1, result)
        for word in words:
            self.assertIn(word.encode(), result.stderr, result)

    def test_unknown_options_and_words(self):
        self.assert_refused(["--bogus"], "--bogus")
        self.assert_refused(["-x"], "-x")
        self.assert_refused(["cat", "/proc/version"], "'cat'", "--")
        self.assert_refused(["--iso=yes"], "--iso")
        self.assert_refused(["--"], "command")

    def test_values_left_out(self):
        for option in ("--memory", "--append", "--root", "--file", "--module", "--swap", "--disk", "--qemu", "--timeout"):
            self.assert_refused([option], option)

    def test_impossible_sizes(self):
        for size in ("0", "1M", "1", "2047K", "64G", "999999999999999999G", "-5", "12Q", "", "M", "1.5G", "0x10"):
            self.assert_refused(["--memory", size, "--", "ls"], "--memory")

    def test_missing_files(self):
        self.assert_refused(["--module", "/nope", "--", "ls"], "/nope")
        self.assert_refused(["--module", "/nope,words", "--", "ls"], "'/nope'")
        self.assert_refused(["--module", ROOT, "--", "ls"], ROOT)

    def test_times_that_are_none(self):
        for seconds in ("0", "-1", "soon", "", "1e3", "nan"):
            self.assert_refused(["--timeout", seconds, "--", "ls"], "--timeout")

    def test_arguments_for_qemu_that_make_no_sense(self):
        self.assert_refused(["--qemu", "'", "--", "ls"], "--qemu")
        result = run("ls", qemu="-no-such-option")
        self.assert_status(result, 2)
        self.assertIn(b"-no-such-option", result.stderr)

    def test_a_window_shows_no_command(self):
        self.assert_refused(["--display", "--", "ls"], "--display")

    def test_a_window_wants_a_display(self):
        environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        program = [os.path.join(ROOT, "tools", "run.py"), "--display"]
        ended = subprocess.run(["python3", *program], capture_output=True, env=environment, check=False)
        self.assertEqual((ended.returncode, ended.stderr.count(b"\n")), (2, 1), ended)
        self.assertIn(b"DISPLAY", ended.stderr)

    def test_grub_wants_more_memory_than_the_kernel(self):
        self.assert_refused(["--iso", "--memory", "15M", "--", "ls"], "--iso", "16M")

    def test_a_command_line_longer_than_the_kernel_keeps(self):
        self.assert_refused(["--append", 4001 * "x", "--", "ls"], "--append", "4000")

    def test_descriptors_that_are_closed(self):
        program = os.path.join(ROOT, "tools", "run.py")
        for closed in ("<&-", ">&-", "<&- >&-"):
            ended = subprocess.run(
                ["sh", "-c", f'python3 "$1" -- sh -c "exit 7" {closed}', "sh", program], capture_output=True, check=False
            )
            self.assertEqual(ended.returncode, 7, (closed, ended))

    def test_a_full_disk_behind_the_output(self):
        with open("/dev/full", "wb") as full:
            program = os.path.join(ROOT, "tools", "run.py")
            ended = subprocess.run(
                ["python3", program, "--", "ls"], stdout=full, stderr=subprocess.PIPE, check=False
            )
        self.assertEqual((ended.returncode, ended.stderr.count(b"\n")), (1, 1), ended)
        self.assertIn(b"No space left", ended.stderr)

    def test_a_kernel_option_that_makes_no_sense(self):
        for iso in (False, True):
            result = run("ls", append="check=perhaps", iso=iso)
            self.assert_status(result, 2)
            self.assertIn(b'"check=perhaps"', result.stderr, result)
            self.assertEqual(result.stdout, b"")


class Help(GuestTest):
    def test_help_needs_nothing_and_names_every_option(self):
        for arguments in (["--help"], ["--memory", "1M", "--help"]):
            done = subprocess.run(
                [os.path.join(ROOT, "run"), *arguments], capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"}
            )
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            for option in "memory append root file module swap disk iso display gdb qemu timeout verbose help".split():
                self.assertIn(f"  --{option}", done.stdout.decode())


class Machine(GuestTest):
    def total_bytes(self, **options):
        """What /proc/frames says there is."""
        result = run("cat", "/proc/frames", **options)
        self.assert_ok(result)
        name, _frames, total = result.stdout.splitlines()[1].split()
        self.assertEqual(name, b"total")
        return int(total)

    def test_memory_is_what_was_asked_for(self):
        for size, least in (("64M", 63 << 20), ("200m", 199 << 20), ("1G", 1023 << 20), ("32768K", 31 << 20)):
            self.assertTrue(least < self.total_bytes(memory=size) <= least + (1 << 20), size)
        self.assertTrue(127 << 20 < self.total_bytes() <= 128 << 20)
        self.assertTrue(47 << 20 < self.total_bytes(memory="48") <= 48 << 20)

    def test_memory_is_the_same_on_the_iso(self):
        self.assertTrue(63 << 20 < self.total_bytes(memory="64M", iso=True) <= 64 << 20)

    def test_more_arguments_reach_qemu(self):
        result = run("cat", "/proc/version", qemu="-name 'two words' -rtc base=utc")
        self.assert_ok(result)


WORDS = [
    "",
    "quiet",
    "one two  three",
    " leading and trailing ",
    "it's \"quoted\" \\ 'like this' \\\" \\\\",
    "\\x41 \\x4 $HOME ${x} `id` #comment ; && || * ? [a]",
    "comma, double,, and = signs=1",
    "tab\there, newline\nthere",
    "{ menuentry } ( ) < > | & ! ~ ^ %",
    "ümlaut €",
    "'",
    '"',
    "\\",
    "x" * 1000,
]


class Words(GuestTest):
    """The kernel's command line and the modules' strings arrive byte for byte, by either loader."""

    def test_the_command_line(self):
        for iso in (False, True):
            for words in WORDS:
                with self.subTest(words=words, iso=iso):
                    result = run("cat", "/proc/cmdline", append=words, iso=iso)
                    self.assert_ok(result)
                    self.assertEqual(result.stdout, words.encode() + b"\n")

    def test_without_a_command_line(self):
        for iso in (False, True):
            result = run("cat", "/proc/cmdline", iso=iso)
            self.assert_ok(result)
            self.assertEqual(result.stdout, b"\n")


class Modules(GuestTest):
    """Modules whose paths and strings hold whatever paths and strings may hold."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="modules, with a blank ")
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def listing(self, modules, iso):
        result = run("cat", "/proc/modules", modules=modules, root="none", iso=iso)
        self.assert_ok(result)
        return result.stdout

    def test_strings_read_the_same_by_either_loader(self):
        words = [word for word in WORDS if "\n" not in word]
        path = self.file("plain, 'file'.bin", b"x" * 5000)
        modules = [f"{path},{word}" for word in words]
        for iso in (False, True):
            lines = self.listing(modules, iso).decode().split("\n")
            self.assertEqual(len(lines), len(words) + 1, lines)
            for word, line in zip(words, lines):
                self.assertEqual(line.split(" ", 5)[5], word, (iso, line))

    def test_a_name_with_commas_and_no_string(self):
        path = self.file("a,b,c", b"abc")
        for iso in (False, True):
            self.assertEqual(self.listing([path], iso).count(b"\n"), 1)
            self.assertIn(b"hello", self.listing([f"{path},hello"], iso))

    def test_the_readme_line(self):
        licence = os.path.join(ROOT, "LICENSE")
        for iso in (False, True):
            self.assertIn(b"hello", self.listing([f"{licence},hello"], iso))


class Images(GuestTest):
    def test_images_are_where_they_are_promised(self):
        self.assertTrue(os.path.isfile(os.path.join(BUILD, "primitive.elf")))
        self.assertTrue(os.path.isfile(os.path.join(BUILD, "primitive.iso")))

    def test_the_iso_as_it_is_boots(self):
        self.assert_ok(shell("cat /proc/version", iso=True))


if __name__ == "__main__":
    unittest.main()
