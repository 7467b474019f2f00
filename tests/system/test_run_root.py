"""The initial root: how its archive is laid out, what --file adds, what is refused, and when there is no room for it."""

import hashlib
import io
import os
import random
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest

from archives import dense_cpio_of, tar_of
from guest import BUILD, ROOT, GuestTest, run, run_program

sys.path.insert(0, os.path.join(ROOT, "tools"))

import cpio  # noqa: E402
import debian  # noqa: E402
import guest_files  # noqa: E402

PAGE = 4096
NOBODY = 65534
INITIAL_ROOT = os.path.join(BUILD, "root.cpio")


def raw_members(data):
    """(begin, name field, mode, content begin, size) of each member: a second reader of the format, and a simple one."""
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        assert data[at : at + 6] == b"070701", data[at : at + 6]
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110 : at + 110 + fields[11]]
        content = -(-(at + 110 + fields[11]) // 4) * 4
        yield at, name, fields[1], content, fields[6]
        at = content + fields[6]


def archive_of(entries):
    result = io.BytesIO()
    cpio.write(result, entries)
    return result.getvalue()


class Layout(unittest.TestCase):
    """The archive's contents can be mapped."""

    def check(self, data):
        end_of_last = 0
        names = []
        for at, name, mode, content, size in raw_members(data):
            self.assertTrue(name.endswith(b"\0") and len(name) <= PAGE, name[:50])
            names.append(name.rstrip(b"\0").decode())
            if stat.S_ISREG(mode) and size:
                self.assertEqual(content % PAGE, 0, names[-1])
                self.assertGreaterEqual(at, end_of_last)
                end_of_last = -(-(content + size) // PAGE) * PAGE
                self.assertEqual(data[content + size : end_of_last].strip(b"\0"), b"", names[-1])
            else:
                self.assertGreaterEqual(at, end_of_last, names[-1])
        self.assertEqual(names[-1], "TRAILER!!!")
        self.assertEqual(len(data) % PAGE, 0)
        self.assertEqual(len(set(names)), len(names))
        for name in names[:-1]:  # Folders come before what is in them.
            parent = os.path.dirname(name)
            self.assertTrue(not parent or names.index(parent) < names.index(name), name)
        return names

    def test_the_root_that_was_built(self):
        with open(INITIAL_ROOT, "rb") as file:
            names = self.check(file.read())
        for name in ("bin/busybox", "bin/sh", "etc/passwd", "root", "tmp", "proc", "dev/shm", "usr/bin/awk"):
            self.assertIn(name, names)

    def test_it_is_the_same_when_built_again(self):
        with tempfile.TemporaryDirectory() as folder:
            again = os.path.join(folder, "again.cpio")
            subprocess.run(["python3", os.path.join(ROOT, "tools", "root.py"), again], check=True)
            with open(again, "rb") as second, open(INITIAL_ROOT, "rb") as first:
                self.assertEqual(first.read(), second.read())

    def test_every_command_of_busybox_is_there(self):
        with open(INITIAL_ROOT, "rb") as file:
            entries = {entry.path: entry for entry in cpio.read(file.read())}
        self.assertEqual(stat.S_IMODE(entries["bin/busybox"].mode), 0o755)
        for name in "ls cat cp mv rm mkdir sed grep tar gzip dd sleep ps vi".split():
            self.assertEqual(bytes(entries[f"bin/{name}"].content), b"/bin/busybox")
        for name in "find sort uniq wc awk md5sum od seq timeout time free top uptime".split():
            self.assertEqual(bytes(entries[f"usr/bin/{name}"].content), b"/bin/busybox", name)
        self.assertEqual(stat.S_IMODE(entries["tmp"].mode), 0o1777)

    def test_random_archives_come_back(self):
        chance = random.Random(11)
        for _ in range(30):
            entries = [cpio.folder("f")]
            for number in range(chance.randrange(20)):
                name = f"f/{number}" + "n" * chance.choice((0, 1, 100, 250))
                size = chance.choice((0, 1, 3, 4, 4095, 4096, 4097, 20000))
                content = chance.randbytes(size)
                if chance.random() < 0.3:
                    entries.append(cpio.symbolic_link(name, "t" * chance.choice((1, 4, 255))))
                else:
                    entries.append(cpio.regular_file(name, content, chance.choice((0o644, 0o755, 0o400)), 12345))
            data = archive_of(entries)
            self.check(data)
            back = {entry.path: entry for entry in cpio.read(data)}
            self.assertEqual(back.keys(), {entry.path for entry in entries})
            for entry in entries:
                there = back[entry.path]
                self.assertEqual(
                    (there.mode, bytes(there.content), there.mtime), (entry.mode, entry.content, entry.mtime)
                )

    def test_archives_behind_one_another_are_one(self):
        data = b"".join(archive_of([cpio.regular_file(name, name.encode())]) for name in ("a", "b"))
        self.assertEqual([entry.path for entry in cpio.read(data + b"\0" * 700)], ["a", "b"])

    def test_what_is_no_archive_is_an_error(self):
        good = archive_of([cpio.regular_file("a", b"x" * 5000)])
        for data in (b"", b"\0" * 5000, b"#!/bin/sh\n", good[: PAGE + 100], b"070701" + b"g" * 104, good[:50]):
            with self.assertRaises(cpio.ArchiveError):
                list(cpio.read(data))


class Folder(unittest.TestCase):
    """Tests with a folder of their own, whose name holds what names may hold."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="a b:c\n")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content=b"content", mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        return path


class Files(Folder):
    """--file, without a machine."""

    base = archive_of([cpio.folder("bin"), cpio.regular_file("bin/busybox", b"old"), cpio.symbolic_link("bin/sh", "x")])

    def merged(self, *texts):
        entries = guest_files.merge(self.base, [guest_files.parse(text) for text in texts])
        return {entry.path: entry for entry in cpio.read(archive_of(entries))}

    def refused(self, *texts):
        with self.assertRaises(guest_files.GuestFileError) as caught:
            self.merged(*texts)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_a_file_is_at_its_name_or_where_it_is_wanted(self):
        path = self.file("data", b"x" * 5000, 0o640)
        for text, guest in (
            (path, "data"),
            (f"{path}:/other", "other"),
            (f"{path}:/a/b/", "a/b/data"),
            (f"{path}:/with blank:/and colon", "with blank:/and colon"),
            (f"{path}:/a//b", "a/b"),
            (f"{path}:/", "data"),
        ):
            entry = self.merged(text)[guest]
            self.assertEqual((bytes(entry.content), stat.S_IMODE(entry.mode)), (b"x" * 5000, 0o640))

    def test_names_may_hold_anything(self):
        for name in ("blank name", "new\nline", "a:b", "ünïcode", "-dash", "com,ma"):
            self.assertEqual(bytes(self.merged(self.file(name))[name].content), b"content")
        odd = os.path.join(os.fsencode(self.folder), b"\xff\xfe")
        with open(odd, "wb"):
            pass
        self.assertIn(os.fsdecode(b"\xff\xfe"), self.merged(os.fsdecode(odd)))

    def test_a_folder_comes_with_all_that_is_in_it(self):
        self.file("tree/sub/program", b"#!/bin/sh\n", 0o755)
        self.file("tree/empty", b"")
        os.mkdir(os.path.join(self.folder, "tree", "hollow"), 0o700)
        os.symlink("/nowhere", os.path.join(self.folder, "tree", "link"))
        tree = os.path.join(self.folder, "tree")
        for text in (tree, tree + "/", os.path.join(tree, "sub", "..")):
            found = self.merged(text)
            self.assertEqual(
                {path for path in found if path.startswith("tree")},
                {"tree", "tree/sub", "tree/sub/program", "tree/empty", "tree/hollow", "tree/link"},
            )
            self.assertEqual(stat.S_IMODE(found["tree/sub/program"].mode), 0o755)
            self.assertEqual(stat.S_IMODE(found["tree/hollow"].mode), 0o700)
            self.assertEqual(bytes(found["tree/link"].content), b"/nowhere")

    def test_a_link_stands_for_its_file(self):
        os.symlink(self.file("data"), os.path.join(self.folder, "link"))
        self.assertEqual(bytes(self.merged(os.path.join(self.folder, "link"))["link"].content), b"content")

    def test_what_the_root_has_is_replaced(self):
        path = self.file("mine", b"new")
        found = self.merged(f"{path}:/bin/busybox", f"{path}:/bin/sh")
        self.assertEqual([bytes(found[name].content) for name in ("bin/busybox", "bin/sh")], [b"new", b"new"])

    def test_two_for_one_place_are_refused(self):
        one, two = self.file("1/same"), self.file("2/same")
        self.assertIn("/same", self.refused(one, two))
        self.assertIn("/same", self.refused(one, one))
        self.assertIn("/x/same", self.refused(f"{os.path.dirname(one)}:/x", f"{os.path.dirname(two)}:/x"))
        self.assertIn("/x", self.refused(f"{one}:/x", f"{os.path.dirname(two)}:/x"))

    def test_places_that_are_none(self):
        path = self.file("data")
        for guest in ("/..", "/a/../b", "/.", "/proc/x", "/dev/x", "/tmp", "/tmp/x", "/" + "n" * 256):
            self.refused(f"{path}:{guest}")
        self.assertIn("/bin", self.refused(f"{path}:/bin"))
        self.assertIn("/bin/busybox", self.refused(f"{path}:/bin/busybox/x"))
        self.assertIn("/bin/sh", self.refused(f"{self.folder}:/bin/sh"))

    def test_files_that_are_none(self):
        self.assertIn("no such file", self.refused("/nope"))
        self.assertIn("'/nope'", self.refused("/nope:/guest"))
        self.refused("")
        os.symlink("/nope", os.path.join(self.folder, "broken"))
        self.refused(os.path.join(self.folder, "broken"))
        self.assertIn("neither", self.refused("/dev/null"))
        os.mkfifo(os.path.join(self.folder, "fifo"))
        self.assertIn("fifo", self.refused(f"{self.folder}:/x"))

    def test_folders_may_lie_deep_but_no_path_is_longer_than_the_kernel_reads(self):
        path = os.path.join(self.folder, "deep")
        self.addCleanup(subprocess.run, ["rm", "-rf", path], check=True)  # Deeper than Python can remove.
        for _ in range(1500):
            os.mkdir(path)
            path += "/d"
        self.assertEqual(len(guest_files.entries_of([guest_files.parse(f"{self.folder}:/x")])), 1501)
        self.assertIn("too long", self.refused(f"{self.folder}:" + f"/{'n' * 200}" * 5))


class Refusals(GuestTest, Folder):
    """What ./run refuses: one line, status 2, no machine."""

    def assert_refused(self, arguments, *words, **keywords):
        result = run_program([*arguments, "--", "ls"], **keywords)
        self.assertEqual((result.status, result.stdout, result.stderr.count(b"\n")), (2, b"", 1), result)
        for word in words:
            self.assertIn(word.encode(), result.stderr, result)

    def test_files(self):
        path = self.file("data")
        self.assert_refused(["--root", "busybox", "--file", "/nope"], "--file", "/nope")
        self.assert_refused(["--root", "busybox", "--file", path, "--file", path], "--file", "/data")
        self.assert_refused(["--root", "busybox", "--file", f"{path}:/proc"], "--file", "/proc")
        self.assert_refused(["--root", "none", "--file", path], "--file", "root")

    def test_roots(self):
        self.assert_refused(["--root", "/nope"], "--root", "/nope")
        self.assert_refused(["--root", ROOT], "--root", ROOT)
        text = self.file("text", b"no archive\n")
        self.assert_refused(["--root", text, "--file", text], "--file", "newc")

    def test_what_does_not_fit(self):
        big = self.file("big", b"\1" * (20 << 20))
        self.assert_refused(["--root", "busybox", "--memory", "16M", "--file", big], "26M")

    def test_what_may_not_be_read(self):
        secret = self.file("secret", mode=0o200)
        self.file("tree/secret", mode=0o200)
        os.chmod(self.folder, 0o755)
        for path in (secret, os.path.join(self.folder, "tree")):
            user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
            self.assert_refused(["--root", "busybox", "--file", path], "secret", "permission denied", **user)


class Booted(GuestTest, Folder):
    """The archive arrives as the module whose string is `root`, by either loader."""

    def modules(self, **options):
        result = run("cat", "/proc/modules", append="console=builtin", **options)
        self.assert_ok(result)
        return [line.split(" ", 5) for line in result.stdout.decode().splitlines()]

    def test_the_root_is_the_first_module(self):
        size = os.path.getsize(INITIAL_ROOT)
        for iso in (False, True):
            (first, second) = self.modules(root="busybox", modules=[f"{self.file('m')},mine"], iso=iso)
            self.assertEqual((int(first[2]), first[3], first[5]), (size, "present", "root"))
            self.assertEqual(second[5], "mine")

    def test_files_are_in_it(self):
        path = self.file("data", b"x" * 100000)
        for iso in (False, True):
            (module,) = self.modules(root="busybox", files=[f"{path}:/d/x", path], iso=iso)
            size = os.path.getsize(INITIAL_ROOT)
            self.assertTrue(size + 200000 < int(module[2]) < size + 250000, module)

    def test_another_archive(self):
        archive = self.file("mine.tar", b"whatever it is")
        (module,) = self.modules(root=archive)
        self.assertEqual((module[2], module[5]), ("14", "root"))

    def test_none(self):
        for iso in (False, True):
            self.assertEqual(self.modules(root="none", iso=iso), [])


class Programs(GuestTest, Folder):
    """What programs in the guest see of it."""

    def guest(self, line, **options):
        result = run("sh", "-c", line, **{"root": "busybox", **options})
        self.assert_ok(result)
        return result.stdout

    def test_files_have_their_contents_and_modes(self):
        content = random.Random(1).randbytes(123_457)
        self.file("tree/sub/data", content, 0o640)
        self.file("tree/blank name\nand line", b"odd", 0o604)
        self.file("tree/empty", b"", 0o600)
        os.symlink("sub/data", os.path.join(self.folder, "tree", "link"))
        tree = os.path.join(self.folder, "tree")
        line = "cd /tree; cat sub/data; cat link | md5sum; cat 'blank name\nand line'; stat -c ' %a %s %F' * sub/data"
        expected = content + hashlib.md5(content, usedforsecurity=False).hexdigest().encode() + b"  -\nodd"
        modes = b" 604 3 regular file\n 600 0 regular empty file\n 777 8 symbolic link\n 755 4096 directory\n"
        for iso in (False, True):
            self.assertEqual(
                self.guest(line, files=[tree], iso=iso), expected + modes + b" 640 123457 regular file\n"
            )

    def test_a_program_of_the_host_is_run_from_the_root_folder(self):
        busybox = os.path.join(debian.package("busybox-static"), "bin", "busybox")
        result = run("./busybox", "echo", "it runs", root="busybox", files=[busybox])
        self.assertEqual((result.status, result.stdout, result.stderr), (0, b"it runs\n", b""))

    def test_what_the_root_had_is_replaced(self):
        self.assertEqual(self.guest("cat /etc/hostname", files=[f"{self.file('x', b'mine')}:/etc/hostname"]), b"mine")

    def test_an_archive_of_another_layout(self):
        """tar and cpio as others write them: nothing in them begins at a page."""
        with open(INITIAL_ROOT, "rb") as file:
            entries = list(cpio.read(file.read()))
        archives = {"root.tar": tar_of(entries, tarfile.GNU_FORMAT), "root.cpio": dense_cpio_of(entries)}
        for name, content in archives.items():
            root = self.file(name, content)
            line = "md5sum /bin/busybox; ls -l /bin/sh /etc/passwd | wc -l"
            self.assertEqual(self.guest(line, root=root), self.guest(line), name)


if __name__ == "__main__":
    unittest.main()
