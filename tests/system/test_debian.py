"""tools/debian.py: which of a machine's package sources it takes, and what it says when it cannot fetch."""

import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from guest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

import debian  # noqa: E402

NEW_FORMAT = """\
# The machine's own.
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Architectures: amd64
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

OLD_FORMAT = """\
deb [arch=amd64 signed-by=/keys/a.gpg] https://old.example/debian/ bookworm main non-free # why
deb-src [signed-by=/keys/a.gpg] https://old.example/debian/ bookworm main
deb http://other.example/apt other-bookworm main
deb http://third.example/apt bookworm extra
deb cdrom:[Debian]/ bookworm main
# deb http://comment.example/debian bookworm main
"""


class Sources(unittest.TestCase):
    def sources(self, new="", old=""):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(debian, "codename", lambda: "bookworm"):
            os.mkdir(f"{folder}/sources.list.d")
            for name, text in (("sources.list.d/d.sources", new), ("sources.list", old)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            return debian.debian_sources(folder)

    def test_the_new_format(self):
        first, second = self.sources(new=NEW_FORMAT)
        self.assertEqual(
            first,
            "Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n"
            "Components: main\nArchitectures: i386\nSigned-By: /usr/share/keyrings/debian.gpg\n",
        )
        self.assertIn("Suites: bookworm-security\n", second)
        self.assertIn("Signed-By: \n -----BEGIN", second.replace("Signed-By:\n", "Signed-By: \n"))
        self.assertIn("\n abc\n", second)

    def test_the_old_format(self):
        (only,) = self.sources(old=OLD_FORMAT)
        self.assertIn("URIs: https://old.example/debian/\n", only)
        self.assertIn("Signed-By: /keys/a.gpg\n", only)
        self.assertNotIn("amd64", only)

    def test_this_machine_has_some(self):
        self.assertNotEqual(debian.debian_sources(), [])


class Fetching(unittest.TestCase):
    """With a folder of its own in the place of build/debian."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, value in (("FOLDER", folder.name), ("APT", os.path.join(folder.name, "apt"))):
            patch = mock.patch.object(debian, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_what_is_there_needs_no_network(self):
        os.makedirs(os.path.join(debian.FOLDER, "packages", "thing"))
        with mock.patch.object(debian, "apt_get", side_effect=AssertionError):
            self.assertEqual(debian.package("thing"), os.path.join(debian.FOLDER, "packages", "thing"))

    def test_a_mirror_that_is_not_reached_is_one_clear_error(self):
        # Port 9 of this machine discards what it gets, where it is open at all.
        source = "Types: deb\nURIs: http://127.0.0.1:9/debian\nSuites: bookworm\nComponents: main\n"
        with mock.patch.object(debian, "debian_sources", lambda: [source]):
            with self.assertRaises(debian.FetchError) as caught:
                debian.package("busybox-static")
        text = str(caught.exception)
        self.assertIn("cannot fetch busybox-static for i386 from Debian", text)
        self.assertIn("127.0.0.1", text)
        self.assertNotIn("\n", text)
        self.assertFalse(os.path.exists(os.path.join(debian.FOLDER, "packages", "busybox-static")))

    def test_a_machine_without_sources_is_told(self):
        with mock.patch.object(debian, "debian_sources", lambda: []), self.assertRaises(debian.FetchError) as caught:
            debian.package("busybox-static")
        self.assertIn("/etc/apt", str(caught.exception))

    def test_lists_that_are_old_are_fetched_anew(self):
        asked = []

        def apt_get(*words, folder=None):
            asked.append(words[0])
            if words[0] != "download" or asked.count("download") < 2:
                return (0, "") if words[0] == "update" else (100, "E: Failed to fetch thing: 404")
            os.makedirs(os.path.join(self.package(folder), "bin"))
            return 0, ""

        with (
            mock.patch.object(debian, "apt_get", apt_get),
            mock.patch.object(debian, "has_lists", lambda: True),
            mock.patch.object(debian.glob, "glob", lambda _pattern, root_dir: ["thing.deb"]),
            mock.patch.object(debian.subprocess, "run", lambda *_, **__: None),
            mock.patch.object(debian, "debian_sources", lambda: ["Types: deb\n"]),
        ):
            debian.package("thing")
        self.assertEqual(asked, ["download", "update", "download"])

    @staticmethod
    def package(folder):
        return os.path.join(folder, "unpacked")


class System(unittest.TestCase):
    def test_the_machine_is_left_alone(self):
        """apt works in our folder alone, and wakes nobody."""
        debian.package("busybox-static")
        settings = subprocess.run(
            ["apt-config", "-c", os.path.join(debian.APT, "apt.conf"), "dump"], stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        for name in ("Dir::State", "Dir::State::status", "Dir::Cache"):
            (value,) = [line.split('"')[1] for line in settings.splitlines() if line.startswith(f"{name} ")]
            self.assertTrue(value.startswith(debian.FOLDER), (name, value))
        self.assertNotRegex(settings, r"(?m)^APT::Update::\S*-Invoke\S*:: ")


if __name__ == "__main__":
    unittest.main()
