"""The shell and its commands print in PrimitiveOS, byte for byte, what the same busybox prints on this host's Linux.

The scripts are shell/*.sh. All run in one boot, by the same runner that runs them on the host: each in an empty folder,
with the same environment, its output, standard error and status recorded. What is about the machine itself (ps, free,
top, uptime) is a matter of form.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from guest import ROOT, GuestTest, run

sys.path.insert(0, os.path.join(ROOT, "tools"))

import debian  # noqa: E402

SCRIPTS = os.path.join(ROOT, "tests", "system", "shell")

GUEST_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SCRIPT_SECONDS = 60  # Only ends what hangs.

# $1: the folder of scripts, $2: a folder to work in. Prints, for each script, a line with its name, its status and the
# sizes of what it wrote, which follows.
RUNNER = f"""\
for script in $1/*.sh; do
    name=${{script##*/}}
    mkdir $2/work
    cp $script $2/$name
    cd $2/work
    env -i PATH=$PATH HOME=/ TZ=UTC LC_ALL=C timeout {SCRIPT_SECONDS} sh ../$name < /dev/null > $2/out 2> $2/err
    echo $name $? $(wc -c < $2/out) $(wc -c < $2/err)
    cat $2/out $2/err
    cd /
    chmod -R 700 $2/work
    rm -rf $2/*
done
"""

MACHINE = {
    "ps.sh": "sleep 100 & ps; ps -o pid,ppid,stat,vsz,comm; kill $!",
    "free.sh": "free; free -m; free -b",
    "top.sh": "yes > /dev/null & top -b -n 2 -d 1; kill $!",
    "uptime.sh": "uptime; cat /proc/uptime /proc/loadavg",
}


class Ran:
    """What a script wrote, and its status."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err


def results_of(output):
    """What the runner printed: by name, what each script did."""
    results = {}
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        name, status, out, err = output[at:end].split()
        middle = end + 1 + int(out)
        at = middle + int(err)
        results[name.decode()] = Ran(int(status), output[end + 1 : middle], output[middle:at])
    return results


def natively():
    """What the scripts do on this host, with the very busybox of the initial root."""
    busybox = os.path.join(debian.package("busybox-static"), "bin", "busybox")
    with tempfile.TemporaryDirectory() as folder:
        commands = os.path.join(folder, "commands")
        work = os.path.join(folder, "work")
        for path in (commands, work):
            os.mkdir(path)
        for name in subprocess.run([busybox, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().split():
            os.symlink(busybox, os.path.join(commands, name))
        done = subprocess.run(
            [busybox, "sh", "-c", RUNNER, "sh", SCRIPTS, work],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={"PATH": commands},
            umask=0o022,
            check=True,
        )
    return results_of(done.stdout)


class Shell(GuestTest):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            scripts = os.path.join(folder, "scripts")
            shutil.copytree(SCRIPTS, scripts)
            for name, text in MACHINE.items():
                with open(os.path.join(scripts, name), "w", encoding="utf-8") as file:
                    file.write(text)
            line = f"PATH={GUEST_PATH}; umask 022; mkdir /tmp/shell; {RUNNER.replace('$1', '/scripts').replace('$2', '/tmp/shell')}"
            cls.result = run("sh", "-c", line, root="busybox", files=[scripts], memory="256M")
        cls.guest = results_of(cls.result.stdout) if cls.result.status == 0 else {}

    def machine(self, name):
        """The lines that one of MACHINE's scripts printed; it succeeded."""
        ran = self.guest[name]
        self.assertEqual((ran.status, ran.err), (0, b""), ran.out)
        return ran.out.decode().splitlines()

    def test_everything_as_on_this_host(self):
        self.assert_ok(self.result)
        native = natively()
        self.assertEqual(native.keys(), self.guest.keys() - MACHINE.keys())
        self.assertGreater(len(native), 10)
        for name, expected in native.items():
            ran = self.guest[name]
            with self.subTest(name):
                for theirs, ours in ((expected.out, ran.out), (expected.err, ran.err)):
                    self.assertEqual(
                        theirs.decode(errors="backslashreplace").splitlines(keepends=True),
                        ours.decode(errors="backslashreplace").splitlines(keepends=True),
                    )
                    self.assertEqual(theirs, ours)
                self.assertEqual(expected.status, ran.status)

    def test_ps(self):
        lines = self.machine("ps.sh")
        middle = next(i for i, line in enumerate(lines) if "PPID" in line)
        self.assertRegex(lines[0], r"^PID +USER +(TIME +)?COMMAND$")
        self.assertTrue(any(line.endswith("sleep 100") for line in lines[:middle]), lines)
        self.assertTrue(any(re.match(r" *1 root ", line) for line in lines[:middle]), lines)
        table = [line.split() for line in lines[middle + 1 :]]
        self.assertTrue(all(len(row) == 5 and row[0].isdigit() and row[1].isdigit() for row in table), table)
        parents = {row[0]: row[1] for row in table}
        self.assertEqual(parents["1"], "0")
        for pid in parents:  # Everybody's first ancestor is process 1.
            while pid != "1":
                pid = parents[pid]
        self.assertTrue(any(row[4] in ("ps", "busybox") and row[2].startswith("R") for row in table), table)

    def test_free(self):
        lines = self.machine("free.sh")
        unit_totals = []
        for at in (0, 3, 6):
            self.assertEqual(
                lines[at].split(), ["total", "used", "free", "shared", "buff/cache", "available"]
            )
            name, total, used, free, shared, cache, available = lines[at + 1].split()
            self.assertEqual(name, "Mem:")
            total, used, free, shared, cache, available = map(int, (total, used, free, shared, cache, available))
            self.assertLessEqual(abs(used + free + cache - total), 2)
            self.assertTrue(0 < free <= total and 0 < available <= total and shared <= total, lines)
            self.assertEqual(lines[at + 2].split(), ["Swap:", "0", "0", "0"])
            unit_totals.append(total)
        kib, mib, size = unit_totals
        self.assertEqual(size // 1024, kib)
        self.assertIn(mib - kib // 1024, (0, 1))  # rounded to the nearest
        self.assertTrue(200 < mib <= 256, mib)

    def test_top(self):
        text = "\n".join(self.machine("top.sh"))
        self.assertEqual(len(re.findall(r"Mem: \d+K used, \d+K free, \d+K shrd, \d+K buff, \d+K cached", text)), 2)
        shares = re.findall(r"CPU: +(\d+)% usr +(\d+)% sys +(\d+)% nic +(\d+)% idle", text)
        self.assertEqual(len(shares), 2, text)
        user, system, _, idle = map(int, shares[1])
        self.assertGreater(user + system, 50, text)
        self.assertLess(idle, 50, text)
        self.assertEqual(len(re.findall(r"Load average: \d+\.\d\d \d+\.\d\d \d+\.\d\d \d+/\d+ \d+", text)), 2, text)
        busiest = text.split("COMMAND\n")[2].splitlines()[0]
        self.assertRegex(busiest, r" R .* (yes$|\{yes\} )")

    def test_uptime(self):
        uptime, seconds, load = self.machine("uptime.sh")
        self.assertRegex(
            uptime, r"^ \d\d:\d\d:\d\d up +(\d+ min|\d+:\d\d),( +\d+ users?,)? +load average: \d+\.\d\d, \d+\.\d\d, \d+\.\d\d$"
        )
        self.assertRegex(seconds, r"^\d+\.\d\d \d+\.\d\d$")
        self.assertRegex(load, r"^\d+\.\d\d \d+\.\d\d \d+\.\d\d \d+/\d+ \d+$")


if __name__ == "__main__":
    unittest.main()
