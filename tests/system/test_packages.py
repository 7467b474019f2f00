"""tools/packages asks sudo for a password where somebody can type one, and nowhere else. Nothing is installed here."""

import os
import pty
import shutil
import subprocess
import tempfile
import unittest

from guest import ROOT, GuestTest

NOBODY = 65534
PACKAGE = "no-such-package-of-primitive"

# A sudo that wants a password, and notes what it is to run. Nothing of it runs.
SUDO = """#!/bin/sh
[ "$1" = --non-interactive ] && exit 1
echo "$@" >> "$SUDO_NOTES"
"""


class Packages(GuestTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.notes = os.path.join(self.folder, "notes")
        tools, programs = (os.path.join(self.folder, name) for name in ("tools", "bin"))
        os.mkdir(tools)
        os.mkdir(programs)
        shutil.copy(os.path.join(ROOT, "tools", "packages"), tools)
        for path, content in ((f"{tools}/packages.txt", f"run {PACKAGE} a test\n"), (f"{programs}/sudo", SUDO)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        os.chmod(f"{programs}/sudo", 0o755)
        self.environment = {"PATH": f"{programs}:/usr/bin:/bin", "SUDO_NOTES": self.notes}
        # Root needs no sudo.
        self.become = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self.become:
            os.chown(self.folder, NOBODY, NOBODY)

    def install(self, stdin):
        """Runs tools/packages; returns its status, its standard error, and what sudo was to run."""
        done = subprocess.run(
            [f"{self.folder}/tools/packages", "run"],
            stdin=stdin, capture_output=True, check=False, env=self.environment, **self.become,
        )  # fmt: skip
        self.assertEqual(done.stdout, b"")
        if not os.path.exists(self.notes):
            return done.returncode, done.stderr.decode(), ""
        with open(self.notes, encoding="utf-8") as file:
            return done.returncode, done.stderr.decode(), file.read()

    def test_without_a_terminal_sudo_must_not_ask(self):
        status, error, asked = self.install(subprocess.DEVNULL)
        self.assertEqual((status, asked), (1, ""))
        self.assertIn(f"sudo apt-get install {PACKAGE}\n", error)

    def test_on_a_terminal_sudo_may_ask(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        status, error, asked = self.install(theirs)
        self.assertEqual((status, error), (0, f"run: installing {PACKAGE}\n"))
        self.assertRegex(asked, rf"^env DEBIAN_FRONTEND=noninteractive apt-get install .* {PACKAGE}\n$")


if __name__ == "__main__":
    unittest.main()
