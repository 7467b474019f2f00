#!/usr/bin/env python3
"""Disks: what is read is the host's, byte for byte, what is written arrives; slow, failing and vanishing ones hurt
nobody but who reads them; and ./run never loses what is in a file of the user's.

Most disks here have no role, so that nothing in the kernel uses them but these tests.
"""

import hashlib
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from guest import HANG_SECONDS, ROOT, GuestTest, arguments_for, run_program, shell

sys.path.insert(0, os.path.join(ROOT, "tools"))
import disks  # noqa: E402

SECTOR = 512
RUN = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py")]
SLICE = "dd if=/dev/{} iflag=skip_bytes,count_bytes bs={} skip={} count={} 2>/dev/null | md5sum"
AUDIT = "echo audit > /proc/frames && echo sound"


def md5(data):
    return hashlib.md5(data).hexdigest()


def raw(path):
    """A node of QEMU's over a file."""
    return {"driver": "raw", "file": {"driver": "file", "filename": path}}


def failing(path, **rule):
    """The same, with requests that fail: see QEMU's blkdebug."""
    return {"driver": "blkdebug", "image": raw(path), "inject-error": [{"event": "none", "errno": 5, **rule}]}


def attached(*nodes):
    """./run's --qemu for disks without a role."""
    return shlex.join(disks.arguments([("test", node) for node in nodes]))


def figures(text, name):
    """The columns of /proc/diskstats behind the disk's name; the last are those in `text`."""
    lines = re.findall(rf"^ +8 +\d+ {name} ([\d ]+)$", text, re.MULTILINE)
    return [int(column) for column in lines[-1].split(" ")]


class DiskTest(GuestTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="disks.")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.random = random.Random(4)

    def image(self, size_bytes, name="image"):
        """A file of random bytes: its path and they."""
        data = self.random.randbytes(size_bytes)
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path, data

    def serve(self, *arguments):
        """An NBD server: its socket's path, and the process."""
        path = os.path.join(self.folder, "socket")
        return path, self.start_server(socket.AF_UNIX, path, "--unix", path, *arguments)

    def start_server(self, family, address, *arguments):
        """The same, where `address` is; returns when it answers."""
        command = ["nbdkit", "--foreground", "--exit-with-parent", *arguments]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        end = time.monotonic() + HANG_SECONDS
        answers = False
        while not answers:
            self.assertLess(time.monotonic(), end, "no server")
            with socket.socket(family) as there:
                answers = there.connect_ex(address) == 0
            time.sleep(0 if answers else 0.01)
        return server

    def talk(self, line, **options):
        """./run with `line` for the shell, as a process to talk to."""
        command = [*RUN, *arguments_for(timeout=HANG_SECONDS, **options), "--", "sh", "-c", line]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        return process


class Contents(DiskTest):
    def test_every_byte_is_the_hosts_at_any_offset(self):
        path, data = self.image(3_000_320)  # 5,860 sectors: the last page is half there.
        slices = []
        for _ in range(60):
            block = self.random.choice([1, 511, 512, 4096, 65536, 100_000, 1 << 20])
            count = self.random.choice([1, 511, 513] if block == 1 else [1, 511, 513, 4096, 70_000, 300_000])
            slices.append((block, self.random.randrange(len(data)), count))
        slices.append((4096, len(data) - 1, 100))
        line = "; ".join(["md5sum < /dev/sda", *(SLICE.format("sda", *each) for each in slices), AUDIT])
        result = shell(line, qemu=attached(raw(path)))
        self.assert_ok(result)
        wanted = [md5(data), *(md5(data[offset : offset + count]) for _, offset, count in slices)]
        self.assertEqual([answer.split()[0] for answer in result.stdout.decode().splitlines()], [*wanted, "sound"])

    def test_what_is_written_arrives_and_nothing_else_changes(self):
        path, data = self.image(1 << 20)
        source, new = self.image(300_000, "new")
        model = bytearray(data)
        lines = []
        for _ in range(40):
            offset = self.random.randrange(len(data))
            begin = self.random.randrange(len(new))
            count = min(self.random.choice([1, 512, 4096, 5000, 70_000]), len(new) - begin, len(data) - offset)
            model[offset : offset + count] = new[begin : begin + count]
            block = self.random.choice([512, 4096, 7777, 65536])
            lines.append(
                f"dd if=/new of=/dev/sda bs={block} conv=notrunc iflag=skip_bytes,count_bytes oflag=seek_bytes "
                f"skip={begin} count={count} seek={offset} 2>/dev/null || echo failed"
            )
        lines += ["md5sum < /dev/sda", "dd if=/new of=/dev/sda bs=4096 seek=256 count=1", AUDIT]
        result = shell("\n".join(lines), qemu=attached(raw(path)), files=[f"{source}:/new"])
        self.assertEqual(result.stdout.decode(), f"{md5(model)}  -\nsound\n", result)
        self.assertIn(b"No space left on device", result.stderr)
        with open(path, "rb") as file:
            self.assertEqual(md5(file.read()), md5(model))

    def test_two_disks_at_a_time_on_two_cables_and_on_one(self):
        first, first_data = self.image(4 << 20, "first")
        second, second_data = self.image(3 << 20, "second")
        words = disks.arguments([("test", raw(first)), ("test", raw(second))])
        on_one = [word.replace("bus=ide.1,unit=0", "bus=ide.0,unit=1") for word in words]
        line = (
            "for n in 1 2 3; do md5sum /dev/sda & md5sum /dev/sdb & wait; done | sort | uniq -c; "
            "cat /proc/interrupts /proc/partitions"
        )
        for arguments, lines in ((words, {"14", "15"}), (on_one, {"14"})):
            result = shell(line, qemu=shlex.join(arguments))
            self.assert_ok(result)
            text = result.stdout.decode()
            self.assertRegex(text, rf" 3 {md5(first_data)}  /dev/sda\n")
            self.assertRegex(text, rf" 3 {md5(second_data)}  /dev/sdb\n")
            found = dict(re.findall(r"^ *(\d+): +(\d+) .* ata_piix$", text, re.MULTILINE))
            self.assertEqual(set(found), lines)
            # 64 KiB a request, an interrupt for each.
            self.assertGreaterEqual(sum(map(int, found.values())), 3 * (64 + 48))
            self.assertIn("   8        0       4096 sda\n   8       16       3072 sdb\n", text)

    def test_a_disk_larger_than_28_bits_of_sectors(self):
        path = os.path.join(self.folder, "large")
        size_bytes = 300 << 30
        with open(path, "wb") as file:
            file.truncate(size_bytes)
            file.seek(200 << 30)
            file.write(b"far away")
        line = (
            f"{SLICE.format('sda', 8, 200 << 30, 8)}; "
            f"echo -n end | dd of=/dev/sda oflag=seek_bytes seek={size_bytes - 3} conv=notrunc 2>/dev/null; "
            "blockdev --getsize64 /dev/sda; cat /proc/partitions"
        )
        result = shell(line, qemu=attached(raw(path)))
        self.assert_ok(result)
        self.assertEqual(result.stdout.decode().splitlines()[:2], [f"{md5(b'far away')}  -", str(size_bytes)])
        self.assertIn(f" {size_bytes >> 10} sda", result.stdout.decode())
        with open(path, "rb") as file:
            file.seek(size_bytes - 3)
            self.assertEqual(file.read(), b"end")

    def test_what_a_disk_says_about_itself(self):
        path, data = self.image(40 * SECTOR)
        line = (
            "stat -c '%F %t %T' /dev/sda; blockdev --getsz /dev/sda; blockdev --getss /dev/sda; "
            "blockdev --getro /dev/sda; blockdev --flushbufs /dev/sda; tail -c 100 /dev/sda | md5sum; "
            "dd if=/dev/zero of=/dev/sda bs=512 count=3 conv=notrunc,fsync 2>/dev/null; cat /proc/diskstats"
        )
        result = shell(line, qemu=attached(raw(path)))
        self.assert_ok(result)
        text = result.stdout.decode()
        self.assertEqual(
            text.splitlines()[:5], ["block special file 8 0", "40", "512", "0", f"{md5(data[-100:])}  -"]
        )
        columns = figures(text, "sda")
        self.assertEqual(len(columns), 18)
        self.assertEqual((columns[4], columns[6], columns[8], columns[15], columns[17]), (3, 3, 0, 2, 0), columns)


class OtherDrives(DiskTest):
    """What ./run itself attaches."""

    def test_an_archive_is_read_and_never_written(self):
        path, data = self.image(100_000)  # No whole number of sectors: zeros follow.
        os.chmod(path, 0o444)
        line = "md5sum < /dev/sda; echo no > /dev/sda; blockdev --getro /dev/sda; ls -l /dev/sda"
        for iso in (False, True):
            result = shell(line, disk=path, iso=iso)
            padded = data + bytes(-len(data) % SECTOR)
            self.assertEqual(result.stdout.decode().splitlines()[:2], [f"{md5(padded)}  -", "1"], result)
            self.assertIn(b"Read-only file system", result.stderr)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), data)

    def test_a_new_swap_disk_has_a_signature_and_leaves_nothing(self):
        environment = {**os.environ, "TMPDIR": self.folder}
        line = "head -c 4096 /dev/sda | md5sum; cat /proc/partitions; dmesg | grep -c 'sda: .* swap'"
        result = run_program(["--swap", "2M", "--", "sh", "-c", line], env=environment)
        self.assert_ok(result)
        lines = result.stdout.decode().splitlines()
        self.assertEqual(lines[0].split()[0], md5(disks.signature_page(2 << 20)))
        self.assertEqual((lines[3].split(), lines[-1]), (["8", "0", "2048", "sda"], "1"))
        self.assertEqual(os.listdir(self.folder), [])

    def test_swap_and_archive_beside_the_iso(self):
        path, data = self.image(1 << 20)
        result = shell("md5sum < /dev/sdb; cat /proc/partitions", swap="1M", disk=path, iso=True)
        self.assert_ok(result)
        self.assertIn(md5(data), result.stdout.decode())
        self.assertIn(" 1024 sda", result.stdout.decode())

    def test_swap_over_the_network_by_both_kinds_of_socket(self):
        path, _server = self.serve("memory", "size=4M")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        where = ("--ipaddr", "127.0.0.1", "--port", str(port))
        self.start_server(socket.AF_INET, ("127.0.0.1", port), *where, "memory", "size=4M")
        line = "cat /proc/partitions; head -c 4096 /dev/sda | md5sum"
        for address in (f"nbd+unix:///?socket={path}", f"nbd://127.0.0.1:{port}"):
            for _ in range(2):  # An empty one first, and then one with a signature.
                result = shell(line, swap=address)
                self.assert_ok(result)
                self.assertIn(b" 4096 sda", result.stdout)
                self.assertIn(md5(disks.signature_page(4 << 20)).encode(), result.stdout)

    def test_what_a_server_has_for_others_is_left_alone(self):
        for number, place in enumerate((1080, (1 << 20) - 1)):
            image = os.path.join(self.folder, f"image{number}")
            data = bytearray(1 << 20)
            data[place] = 1
            with open(image, "wb") as file:
                file.write(data)
            path, server = self.serve("file", image)
            result = shell("true", swap=f"nbd+unix:///?socket={path}")
            self.assert_status(result, 2)
            self.assertEqual((result.stderr.count(b"\n"), result.stderr.count(b"mkswap")), (1, 1), result)
            server.kill()
            server.wait()
            os.remove(path)
            with open(image, "rb") as file:
                self.assertEqual(file.read(), data)
        path, _server = self.serve("--readonly", "memory", "size=1M")
        result = shell("true", swap=f"nbd+unix:///?socket={path}")
        self.assertEqual((result.status, result.stderr.count(b"read-only")), (2, 1), result)

    def test_a_server_that_is_not_there(self):
        result = shell("true", swap=f"nbd+unix:///?socket={self.folder}/none")
        self.assert_status(result, 2)
        self.assertRegex(result.stderr, rb"\Arun: --swap: '.*none': No such file or directory\n\Z")


class Waiting(DiskTest):
    def test_others_run_while_one_waits_and_the_machine_sleeps_when_none_does(self):
        path, _server = self.serve("--filter=delay", "memory", "size=4M", "delay-read=20ms")
        node = {"driver": "nbd", "server": {"type": "unix", "path": path}}
        idle = "sed -n 's/^cpu  *[0-9]* [0-9]* [0-9]* \\([0-9]*\\) .*/\\1/p' /proc/stat"
        read = "dd if=/dev/sda of=/dev/null bs=64k 2>/dev/null"
        line = (
            f"a=$({idle}); {read}; b=$({idle}); echo alone $((b - a)); "
            "(while :; do :; done) & "
            f"a=$({idle}); {read}; b=$({idle}); echo beside $((b - a)); kill $!; "
            "grep ata /proc/interrupts; cat /proc/diskstats"
        )
        result = shell(line, qemu=attached(node))
        self.assert_ok(result)
        text = result.stdout.decode()
        alone, beside = (int(re.search(rf"{word} (\d+)", text)[1]) for word in ("alone", "beside"))
        # 64 requests of 20 ms each way: 128 ticks at least, and the program itself needs next to none of them.
        self.assertGreater(alone, 80, text)
        self.assertLess(beside, alone // 8, text)
        requests = figures(text, "sda")[0]
        self.assertEqual(requests, 128)
        self.assertGreaterEqual(int(re.search(r"14: +(\d+)", text)[1]), requests)


class Errors(DiskTest):
    def test_a_bad_sector_hurts_only_who_reads_it(self):
        path, data = self.image(1 << 20)
        bad = 1001  # in page 125
        page = bad * SECTOR // 4096
        line = (
            f"md5sum < /dev/sda; {SLICE.format('sda', 1 << 20, 0, page * 4096)}; "
            f"{SLICE.format('sda', 4096, (page + 1) * 4096, 1 << 20)}; "
            f"dd if=/dev/sda bs=512 skip={bad - 1} count=1 2>/dev/null | md5sum; "
            f"dd if=/dev/sda bs=512 skip={bad} count=1; echo status $?; "
            f"cat /dev/sda | wc -c; {AUDIT}; cat /proc/diskstats; dmesg"
        )
        result = shell(line, qemu=attached(failing(path, iotype="read", sector=bad, once=False)))
        text = result.stdout.decode()
        self.assertEqual(result.stderr.count(b"Input/output error"), 3, result)
        before, behind = data[: page * 4096], data[(page + 1) * 4096 :]
        for part in (before, behind, data[(bad - 1) * SECTOR : bad * SECTOR]):
            self.assertIn(md5(part), text)
        self.assertIn("status 1\n", text)
        self.assertIn(f"\n{len(before)}\nsound\n", text)
        self.assertGreaterEqual(figures(text, "sda")[17], 3)
        self.assertRegex(text, rf"sda: reading 1 sectors at {bad} failed: status 41, error 04")

    def test_a_sector_that_cannot_be_written(self):
        path, data = self.image(1 << 20)
        line = f"dd if=/dev/zero of=/dev/sda bs=64k count=4 conv=notrunc; {AUDIT}"
        result = shell(line, qemu=attached(failing(path, iotype="write", sector=200, once=False)))
        self.assertIn(b"Input/output error", result.stderr)
        self.assertEqual(result.stdout, b"sound\n")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), bytes(25 * 4096) + data[25 * 4096 :])

    def test_a_flush_that_fails(self):
        path, _ = self.image(1 << 20)
        line = "dd if=/dev/zero of=/dev/sda bs=4k count=1 conv=notrunc,fsync 2>&1; echo status $?; md5sum < /dev/sda"
        result = shell(line, qemu=attached(failing(path, iotype="flush", once=False)))
        self.assertIn(b"Input/output error\nstatus 1\n", result.stdout, result)
        self.assert_ok(result)

    def test_a_disk_that_fails_for_a_while(self):
        trigger = os.path.join(self.folder, "fail")
        errors = ("error-pread=EIO", "error-pread-rate=100%", f"error-pread-file={trigger}")
        path, _server = self.serve("--filter=error", "memory", "size=1M", *errors)
        node = {"driver": "nbd", "server": {"type": "unix", "path": path}}
        step = "md5sum < /dev/sda; echo done; read x; "
        process = self.talk(step * 3, qemu=attached(node))
        for fails in (False, True, False):
            if fails:
                open(trigger, "w").close()
            elif os.path.exists(trigger):
                os.remove(trigger)
            lines = iter(process.stdout.readline, "done\n")
            self.assertEqual(list(lines), [] if fails else [f"{md5(bytes(1 << 20))}  -\n"])
            process.stdin.write("\n")
            process.stdin.flush()
        _, complaints = process.communicate(timeout=HANG_SECONDS)
        self.assertEqual((process.returncode, complaints.count("Input/output error")), (0, 1), complaints)

    def test_a_disk_that_vanishes(self):
        path, server = self.serve("memory", "size=1M")
        node = {"driver": "nbd", "server": {"type": "unix", "path": path}}
        image, data = self.image(1 << 20)
        line = (
            "md5sum < /dev/sda; read x; md5sum < /dev/sda; echo status $?; echo x > /dev/sda; echo status $?; "
            f"md5sum < /dev/sdb; {AUDIT}"
        )
        process = self.talk(line, qemu=attached(node, raw(image)))
        self.assertEqual(process.stdout.readline(), f"{md5(bytes(1 << 20))}  -\n")
        server.send_signal(signal.SIGKILL)
        server.wait()
        output, complaints = process.communicate("\n", timeout=HANG_SECONDS)
        self.assertEqual(output, f"status 1\nstatus 1\n{md5(data)}  -\nsound\n", complaints)
        self.assertEqual(complaints.count("Input/output error"), 2, complaints)

    def test_an_image_that_becomes_shorter(self):
        path, data = self.image(1 << 20)
        first, more = (SLICE.format("sda", 4096, 0, count) for count in (4096, 65536))
        line = f"{first}; read x; {more}; cat /dev/sda | wc -c; {AUDIT}"
        process = self.talk(line, qemu=attached(raw(path)))
        self.assertEqual(process.stdout.readline(), f"{md5(data[:4096])}  -\n")
        os.truncate(path, 65536)
        output, _ = process.communicate("\n", timeout=HANG_SECONDS)
        # What is there is read; what is not is read as zeros, or not at all.
        self.assertRegex(output, rf"{md5(data[:65536])}  -\n\d+\nsound\n")


class Options(DiskTest):
    """What --swap and --disk take, and what they refuse, in one clear line."""

    def assert_refused(self, arguments, *words):
        result = run_program([*arguments, "--", "true"])
        self.assert_status(result, 2)
        self.assertEqual((result.stdout, result.stderr.count(b"\n")), (b"", 1), result)
        for word in words:
            self.assertIn(word.encode(), result.stderr)

    def test_what_is_no_disk(self):
        self.assert_refused(["--swap", "/nope"], "/nope", "no such file")
        self.assert_refused(["--disk", "/nope"], "/nope", "no such file")
        self.assert_refused(["--swap", self.folder], self.folder, "is not a file")
        self.assert_refused(["--disk", self.folder], self.folder, "is not a file")
        self.assert_refused(["--disk", "/dev/null"], "is not a file")
        for size in ("0", "39K", "41K", "1025G", "999999999999999999G"):
            self.assert_refused(["--swap", size], size)
        unix = ("nbd+unix:///x", "nbd+unix://host/?socket=/x")
        for address in ("nbd:x", "nbd://", "nbd://host:port", "nbd://h?socket=/x", *unix):
            self.assert_refused(["--swap", address], address, "nbd://HOST:PORT")
        self.assert_refused(["--swap", "1M", "--swap", "2M"], "twice")

    def test_an_image_with_anything_else_in_it_is_left_alone(self):
        path, data = self.image(1 << 20)
        self.assert_refused(["--swap", path], path, "mkswap")
        nearly = bytes((1 << 20) - 1) + b"x"
        with open(path, "wb") as file:
            file.write(nearly)
        self.assert_refused(["--swap", path], path, "mkswap")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), nearly)
        odd, _ = self.image(1_000_000, "odd")
        self.assert_refused(["--swap", odd], odd, "4096")
        self.assertNotEqual(data, nearly)

    @unittest.skipIf(os.geteuid() == 0, "root may write everything")
    def test_an_image_that_may_not_be_written(self):
        path, _ = self.image(1 << 20)
        os.chmod(path, 0o444)
        self.assert_refused(["--swap", path], path, "permission denied")

    def test_an_empty_image_becomes_one_that_linux_knows(self):
        path = os.path.join(self.folder, "swap, with a comma")
        with open(path, "wb") as file:
            file.truncate(1 << 20)
        self.assert_ok(shell("true", swap=path))
        known = subprocess.run(["/sbin/swaplabel", path], capture_output=True, text=True, check=False)
        self.assertEqual(known.returncode, 0, known)
        with open(path, "rb") as file:
            self.assertEqual(file.read(4096), disks.signature_page(1 << 20))
        self.assert_ok(shell("true", swap=path))

    def test_an_image_of_linuxs_is_used_as_it_is(self):
        path, _ = self.image(1 << 20)
        subprocess.run(["/sbin/mkswap", path], capture_output=True, check=True)
        with open(path, "rb") as file:
            before = file.read(4096)
        result = shell("head -c 4096 /dev/sda | md5sum", swap=path)
        self.assert_ok(result)
        self.assertEqual(result.stdout.split()[0].decode(), md5(before))


if __name__ == "__main__":
    unittest.main()
