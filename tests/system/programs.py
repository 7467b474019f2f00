"""Programs that others wrote, for the system tests: where they are, and what they print on this host.

    from programs import natively, path
    self.assertEqual(run("./sqlite3", files=[path("sqlite3")], stdin=script).stdout, natively("sqlite3", stdin=script))

programs/build.py says which there are, and makes those that are missing.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "programs"))

import build  # noqa: E402

NAMES = tuple(build.PROGRAMS)


def path(name):
    """The path of program `name` on this host: a static i386 one, whose last component is `name`."""
    return build.path(name)


def natively(name, *arguments, stdin=b"", folder=None):
    """What `name` prints when it runs here, on this host's Linux. Its status must be 0."""
    done = subprocess.run(
        [path(name), *arguments], input=stdin, stdout=subprocess.PIPE, cwd=folder, check=True
    )
    return done.stdout
