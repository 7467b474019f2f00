#!/usr/bin/env python3
"""Boot modules: every byte and every string arrives, by either loader, and their frames come back when released.

A5: no module's frame is handed out until it is released, and a released one is free and counted. A6: a module that is
not wholly in usable memory of its own is reported and not used.
"""

import functools
import os
import random
import sys
import tempfile
import unittest
import zlib

import guest
import proc_files
from guest import BUILD, ROOT, GuestTest
from proc_files import FRAME, SEPARATOR, Frames

sys.path.insert(0, os.path.join(ROOT, "tests", "boot_maps"))
import cases  # noqa: E402
import script  # noqa: E402

# No modules but the tests' own: the initial root is one, which test_run_root.py is about.
run, shell = (functools.partial(function, root="none") for function in (guest.run, guest.shell))

MIB = 1 << 20
SHIM = os.path.join(BUILD, "tests", "boot_maps", "shim.elf")
AUDIT = "echo audit > /proc/frames"
SWEEP = "echo all-frames > /proc/exercise"

# Strings that a loader could well spoil; none begins or ends with a blank, which QEMU and GRUB both drop.
STRINGS = [
    "",
    "hello",
    "two words",
    "two  blanks",
    "a=b,c=d,,e",
    "'single' \"double\" `back`",
    "back\\slash \\n \\\\ \\",
    "$HOME ${x} $(y) #no ;comment & | < > * ? [a] {b} ~ !",
    "Grüße, 世界",
    "x" * 600,
    "-l --option=1",
    "/proc/modules",
]


class Modules(GuestTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.files = 0

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def module(self, size, words="", seed=None):
        """An option for ./run, the size and the checksum of a new module of `size` random bytes."""
        content = random.Random(size if seed is None else seed).randbytes(size)
        Modules.files += 1
        path = os.path.join(self.folder.name, f"{self.files}.bin")
        with open(path, "wb") as file:
            file.write(content)
        return (f"{path},{words}" if words else path), size, zlib.crc32(content), words

    def assert_listed(self, listed, expected):
        """/proc/modules has these modules, whole and unharmed."""
        self.assertEqual(
            [(m.index, m.size, m.state, m.crc32, m.text) for m in listed],
            [(i, size, "present", crc32, words) for i, (_, size, crc32, words) in enumerate(expected)],
        )
        for module in listed:
            self.assertEqual(module.end - module.begin, module.size)

    def assert_boots_with(self, modules, **options):
        """Boots with them; they are the same after every free frame has been overwritten, and none of theirs was."""
        command = "; ".join(
            [
                proc_files.cat("modules", "frames"),
                f"echo {SEPARATOR}; {AUDIT} && {SWEEP} && {AUDIT} && cat /proc/modules",
            ]
        )
        result = shell(command, modules=[option for option, *_ in modules], **options)
        self.assert_ok(result)
        before, frames, after = proc_files.parts(result.stdout)
        listed = proc_files.parse_modules(before)
        self.assert_listed(listed, modules)
        self.assertEqual(before, after)
        account = Frames(frames)
        touched = proc_files.merged((m.begin // FRAME, -(-m.end // FRAME)) for m in listed if m.size)
        owned = proc_files.merged((b, e) for b, e, owner in account.runs if owner == "module")
        self.assertEqual(owned, touched)
        self.assertEqual(account.owners["module"], proc_files.size(touched))

    def test_none(self):
        for iso in (False, True):
            with self.subTest(iso=iso):
                self.assert_boots_with([], iso=iso)

    def test_sizes_at_the_edges_of_a_frame(self):
        modules = [self.module(size, f"{size} bytes") for size in (1, 2, 4095, 4096, 4097, 8191, 8192, 65539)]
        for iso in (False, True):
            with self.subTest(iso=iso):
                self.assert_boots_with(modules, iso=iso)

    def test_thirty(self):
        rng = random.Random(30)
        sizes = [20 * MIB, *(1 + int(2 ** rng.uniform(0, 20)) for _ in range(29))]
        rng.shuffle(sizes)
        modules = [self.module(size, f"number {i}", seed=i) for i, size in enumerate(sizes)]
        for iso in (False, True):
            with self.subTest(iso=iso):
                self.assert_boots_with(modules, iso=iso, append="modules=30", memory="128M")

    def test_one_of_twenty_mebibytes(self):
        for iso, memory in ((False, "32M"), (False, "1G"), (True, "64M")):
            with self.subTest(iso=iso, memory=memory):
                self.assert_boots_with([self.module(20 * MIB, "big")], iso=iso, memory=memory)

    def test_frames_are_checked_around_them(self):
        """Each frame tried and poisoned on its way: a module's among them would not keep its checksum."""
        modules = [self.module(3 * MIB + 5, "a"), self.module(1, "b")]
        self.assert_boots_with(modules, memory="16M", append="check=frames")

    def test_strings_arrive_as_they_are(self):
        modules = [self.module(10 + i, words) for i, words in enumerate(STRINGS)]
        for iso in (False, True):
            with self.subTest(iso=iso):
                self.assert_boots_with(modules, iso=iso)

    def test_an_empty_one_has_no_frames(self):
        self.assert_boots_with([self.module(0, "nothing"), self.module(7, "something")])

    def test_one_that_does_not_fit_is_reported_and_not_used(self):
        """QEMU's loader places modules where they do not fit, too: past the end of memory."""
        small, big, behind = self.module(9, "small"), self.module(20 * MIB, "big"), self.module(9, "behind")
        command = (
            f"{proc_files.cat('modules', 'frames', 'kmsg')}; echo {SEPARATOR}; "
            f"echo release 1 > /proc/modules; {AUDIT} && {SWEEP} && {AUDIT} && cat /proc/modules"
        )
        result = shell(command, memory="16M", modules=[small[0], big[0], behind[0]])
        self.assert_status(result, 0)
        self.assertEqual(result.stderr, b"echo: write error: Device or resource busy\n")
        before, frames, log, after = proc_files.parts(result.stdout)
        listed = proc_files.parse_modules(before)
        self.assertEqual([m.state for m in listed], ["present", "outside", "outside"])
        self.assertEqual([m.crc32 for m in listed], [small[2], None, None])
        self.assertEqual([m.text for m in listed], ["small", "big", "behind"])
        self.assertEqual(before, after)
        self.assertEqual(Frames(frames).owners["module"], 1)
        for number in (1, 2):
            begin, end = listed[number].begin, listed[number].end
            self.assertIn(f"modules: number {number} at 0x{begin:x}-0x{end:x} is not wholly in usable memory", log)

    def test_one_that_grub_cannot_load_is_missed(self):
        """GRUB goes on without a module that does not fit; that the number is wrong is all that shows."""
        modules = [self.module(9, "small"), self.module(20 * MIB, "big"), self.module(9, "behind")]
        result = shell(
            f"{proc_files.cat('modules', 'kmsg')}; {AUDIT}",
            memory="16M", iso=True, append="modules=3", modules=[option for option, *_ in modules],
        )  # fmt: skip
        self.assert_ok(result)
        listed, log = proc_files.parts(result.stdout)
        self.assertEqual([m.text for m in proc_files.parse_modules(listed)], ["small", "behind"])
        self.assertIn("modules: 3 expected, the loader brings 2", log)

    def test_a_number_that_is_not_the_expected_one_is_reported(self):
        modules = [self.module(5)[0]]
        for told, complaint in ((0, True), (1, False), (2, True)):
            with self.subTest(told):
                result = run("cat", "/proc/kmsg", modules=modules, append=f"modules={told}")
                self.assert_ok(result)
                expected = f"modules: {told} expected, the loader brings 1".encode()
                self.assertEqual(expected in result.stdout, complaint, result)

    def test_release_gives_back_exactly_its_frames(self):
        modules = [self.module(size, f"m{i}", seed=i) for i, size in enumerate((1, 5 * FRAME, 5 * FRAME + 1, 4096))]
        show = proc_files.cat("modules", "frames")
        order = (2, 0, 3, 1)
        command = show + "".join(
            f"; echo {SEPARATOR}; echo release {n} > /proc/modules && {AUDIT} && {show}" for n in order
        )
        for iso in (False, True):
            with self.subTest(iso=iso):
                result = shell(command, modules=[option for option, *_ in modules], iso=iso)
                self.assert_ok(result)
                shown = proc_files.parts(result.stdout)
                states = [(proc_files.parse_modules(m), Frames(f)) for m, f in zip(shown[::2], shown[1::2])]
                self.assertEqual(len(states), 1 + len(order))
                for number, (old, before), (new, after) in zip(order, states, states[1:]):
                    self.assert_released(number, modules, old, before, new, after)
                self.assertEqual(states[-1][1].owners["module"], 0)

    def assert_released(self, number, modules, old, before, new, after):
        """From (`old`, `before`) to (`new`, `after`) only module `number` and its frames have changed."""
        frames = -(-modules[number][1] // FRAME)
        self.assertEqual(after.owners["module"], before.owners["module"] - frames)
        self.assertEqual(after.owners["free"], before.owners["free"] + frames)
        self.assertEqual(after.total, before.total)
        self.assertEqual((old[number].state, new[number].state), ("present", "released"))
        self.assertIsNone(new[number].crc32)
        self.assertEqual(old[:number] + old[number + 1 :], new[:number] + new[number + 1 :])
        begin = old[number].begin // FRAME
        free = proc_files.merged((b, e) for b, e, owner in after.runs if owner == "free")
        self.assertTrue(any(b <= begin and begin + frames <= e for b, e in free))

    def test_released_frames_are_handed_out(self):
        option = self.module(3 * MIB)[0]
        command = f"echo release 0 > /proc/modules && {SWEEP} && {AUDIT}; {proc_files.cat('exercise', 'frames')}"
        result = shell(command, modules=[option], memory="16M", append="check=frames")
        self.assert_ok(result)
        exercise, frames = proc_files.parts(result.stdout)
        self.assertIn(f"all-frames {Frames(frames).owners['free']} wrong 0\n", exercise)

    def test_wrong_releases_change_nothing(self):
        option = self.module(9 * FRAME)[0]
        wrong = [
            ("release 1", b"No such file or directory"),
            ("release 4294967295", b"No such file or directory"),
            ("release 4294967296", b"Invalid argument"),
            ("release -1", b"Invalid argument"),
            ("release", b"Invalid argument"),
            ("release 0 0", b"Invalid argument"),
            ("free 0", b"Invalid argument"),
        ]
        show = proc_files.cat("modules", "frames")
        for words, reason in wrong:
            with self.subTest(words):
                command = f"{show}; echo {SEPARATOR}; echo {words} > /proc/modules; {AUDIT} && {show}"
                result = shell(command, modules=[option])
                self.assertEqual(result.stderr, b"echo: write error: " + reason + b"\n", result)
                before, frames, after, frames_after = proc_files.parts(result.stdout)
                self.assertEqual((before, frames), (after, frames_after))

    def test_a_second_release_is_refused(self):
        release = "echo release 0 > /proc/modules"
        frames = proc_files.cat("frames")
        command = f"{release} && {frames} && echo {SEPARATOR}; {release} || {AUDIT} && {frames}"
        result = shell(command, modules=[self.module(9 * FRAME)[0]])
        self.assertEqual(result.stderr, b"echo: write error: Device or resource busy\n", result)
        once, twice = proc_files.parts(result.stdout)
        self.assertEqual(once, twice)

    def test_a_shared_frame_stays_until_the_last_release(self):
        """Loaders of PCs align modules to frames; one that does not is made up: four modules over three frames."""
        base = 6 * MIB
        spans = [(0, 0x1800), (0x1800, 0x2800), (0x2800, 0x2900), (0x17FF, 0x1801)]
        listed = [script.Module(base + begin, base + end, b"m") for begin, end in spans]
        boot = script.Boot("shared", cases.raw(cases.PC), modules=listed)
        path = os.path.join(self.folder.name, "script")
        with open(path, "wb") as file:
            file.write(boot.script())
        frames = proc_files.cat("frames")
        command = frames + "".join(
            f"; echo {SEPARATOR}; echo release {n} > /proc/modules && {AUDIT} && {frames}" for n in (1, 3, 0, 2)
        )
        command += f"; echo {SEPARATOR}; cat /proc/kmsg"
        kernel = os.path.join(BUILD, "primitive.elf")
        result = shell(command, memory="32M", qemu=f"-kernel {SHIM} -initrd {kernel},{path}")
        self.assert_ok(result)
        *accounts, log = proc_files.parts(result.stdout)
        self.assertNotIn("refused", log)
        first = base // FRAME
        held = [
            proc_files.merged((b - first, e - first) for b, e, owner in Frames(text).runs if owner == "module")
            for text in accounts
        ]
        self.assertEqual(held, [[(0, 3)], [(0, 3)], [(0, 3)], [(2, 3)], []])


if __name__ == "__main__":
    unittest.main()
