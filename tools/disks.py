"""The disks of ./run: what --swap and --disk may say, and what they become on QEMU's command line.

    --swap 64M             a sparse image without a name, gone with the machine
    --swap FILE            an image of the user's
    --swap nbd://...       a network block device
    --disk ARCHIVE         a file that the machine reads, and never changes

The kernel learns from a file of QEMU's what each is for: a line each, "sda swap", in the order in which they hang on
the cables, each the first on a cable of its own. Nothing of the user's is ever overwritten: an image must say that it is
for swapping, or be empty.

A test that wants a disk with errors of its own attaches it by --qemu: see `arguments`.
"""

import errno
import json
import os
import re
import socket
import stat
import tempfile
import urllib.parse

import nbd

PAGE = 4096
LEAST_PAGES = 10  # Linux's mkswap wants so many, too.
MOST_PAGES = 1 << 28  # A terabyte; the signature has room for sixteen.
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

# Linux's signature: in the first page, the number of the last, and a word at the end. [linux] include/linux/swap.h
SIGNATURE = b"SWAPSPACE2"
SIGNATURE_AT = PAGE - len(SIGNATURE)
VERSION_AT = 1024
VERSION = 1

NBD_PORT = 10809
ROLES_FILE = "opt/org.primitiveos/disks"
SWAP_ROLE = "swap"
ARCHIVE_ROLE = "archive"
READ_BYTES = 1 << 20


class DiskError(Exception):
    """What is wrong with a disk, in one line."""


def signature_page(size_bytes):
    """The first page of a swap image of this size."""
    page = bytearray(PAGE)
    page[VERSION_AT : VERSION_AT + 4] = VERSION.to_bytes(4, "little")
    page[VERSION_AT + 4 : VERSION_AT + 8] = (size_bytes // PAGE - 1).to_bytes(4, "little")
    page[SIGNATURE_AT:] = SIGNATURE
    return bytes(page)


def write_signature(descriptor, size_bytes):
    """Makes the open image a swap image."""
    os.pwrite(descriptor, signature_page(size_bytes), 0)


def is_empty(descriptor, size_bytes):
    """Whether the open image holds nothing but zeros. What is not there at all is not read."""
    at = 0
    while at < size_bytes:
        try:
            at = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # Nothing but a hole from there on.
                return True
            if error.errno != errno.EINVAL:  # A file system that knows of no holes: read all.
                raise
        data = os.pread(descriptor, READ_BYTES, at)
        if not data:
            return True
        if data.count(0) != len(data):
            return False
        at += len(data)
    return True


def file_node(name, **more):
    """A node of QEMU's over the file that it knows as `name`."""
    return {"driver": "raw", "file": {"driver": "file", "filename": name}, **more}


class NewSwap:
    """--swap SIZE."""

    role = SWAP_ROLE

    def __init__(self, size_bytes):
        self.size_bytes = size_bytes

    def node(self, machine):
        """Makes the image; what QEMU is to open. It has no name: nothing is left behind, however the run ends."""
        try:
            with tempfile.TemporaryFile(prefix="primitive-swap.", dir=os.environ.get("TMPDIR", "/var/tmp")) as image:
                image.truncate(self.size_bytes)
                write_signature(image.fileno(), self.size_bytes)
                name = machine.give_descriptor(os.dup(image.fileno()))
        except OSError as error:
            raise DiskError(f"--swap: cannot make an image: {error}") from None
        # Nobody reads it after the machine: what the guest flushes need not reach the host's disk.
        return file_node(name, cache={"no-flush": True})


class SwapFile:
    """--swap FILE."""

    role = SWAP_ROLE

    def __init__(self, path):
        self.path = path

    def node(self, machine):
        descriptor = open_image(self.path, os.O_RDWR, "--swap")
        try:
            self.prepare(descriptor)
        except (DiskError, OSError):
            os.close(descriptor)
            raise
        return file_node(machine.give_descriptor(descriptor))

    def prepare(self, descriptor):
        """Refuses an image that is none for swapping; signs an empty one."""
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes % PAGE != 0 or size_bytes < LEAST_PAGES * PAGE:
            raise DiskError(
                f"--swap: {self.path!r} has {size_bytes} bytes; an image has a multiple of {PAGE}, and "
                f"{LEAST_PAGES * PAGE} at least (truncate -s 64M FILE)"
            )
        if os.pread(descriptor, PAGE, 0)[SIGNATURE_AT:] == SIGNATURE:
            return
        if not is_empty(descriptor, size_bytes):
            raise DiskError(
                f"--swap: {self.path!r} is neither empty nor a swap image; what is in it would be lost "
                "(mkswap FILE makes it one)"
            )
        write_signature(descriptor, size_bytes)


class NetworkSwap:
    """--swap nbd://HOST:PORT, or nbd+unix:///?socket=PATH."""

    role = SWAP_ROLE

    def __init__(self, text, server, export):
        self.text = text
        self.server = server
        self.export = export

    def node(self, _machine):
        try:
            with self.connect() as device:
                self.prepare(device)
        except nbd.NbdError as error:
            raise DiskError(f"--swap: {self.text!r}: {error}") from None
        return {"driver": "raw", "file": {"driver": "nbd", "server": self.server, "export": self.export}}

    def connect(self):
        if self.server["type"] == "unix":
            return nbd.Device(socket.AF_UNIX, self.server["path"], self.export)
        try:
            host, port = self.server["host"], self.server["port"]
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except OSError as error:
            raise nbd.NbdError(error.strerror) from None
        return nbd.Device(family, address, self.export)

    def prepare(self, device):
        """Refuses a device with anything in it that shows at its ends; signs an empty one."""
        size_bytes = device.size_bytes // PAGE * PAGE
        if size_bytes < LEAST_PAGES * PAGE:
            raise nbd.NbdError(f"{device.size_bytes} bytes; at least {LEAST_PAGES * PAGE} are wanted")
        if device.is_read_only:
            raise nbd.NbdError("is read-only")
        ends_bytes = min(READ_BYTES, size_bytes)
        begin = device.read(0, ends_bytes)
        if begin[SIGNATURE_AT:PAGE] == SIGNATURE:
            return
        if any(begin) or any(device.read(size_bytes - ends_bytes, ends_bytes)):
            raise nbd.NbdError("is neither empty nor for swapping; what is in it would be lost (mkswap makes it so)")
        device.write(0, signature_page(size_bytes))
        device.flush()


class Archive:
    """--disk ARCHIVE."""

    role = ARCHIVE_ROLE

    def __init__(self, path):
        self.path = path

    def node(self, machine):
        """QEMU's disks want to be writable: what it would write goes into a file of its own, and nowhere."""
        return machine.give_descriptor(open_image(self.path, os.O_RDONLY, "--disk"))


def open_image(path, mode, option):
    """An open descriptor of a regular file. Raises DiskError."""
    try:
        descriptor = os.open(path, mode | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise DiskError(f"{option}: {path!r}: {problem_of(error)}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DiskError(f"{option}: {path!r}: is not a file")
    if os.fstat(descriptor).st_size == 0:
        os.close(descriptor)
        raise DiskError(f"{option}: {path!r}: is empty")
    return descriptor


def problem_of(error):
    """An OSError in a few words."""
    known = {
        errno.ENOENT: "no such file",
        errno.EISDIR: "is not a file",
        errno.EACCES: "permission denied",
        errno.EROFS: "is read-only",
        errno.EPERM: "is read-only",
    }
    return known.get(error.errno, error.strerror)


def parse_swap(text):
    """What --swap says. Raises DiskError. The disk itself is looked at when the machine is put together."""
    if re.match(r"nbd(\+unix)?:", text):
        return parse_network(text)
    match = re.fullmatch(r"([0-9]{1,18})([KMG]?)", text, re.ASCII | re.IGNORECASE)
    if not match:
        if not os.path.exists(text):
            raise DiskError(f"--swap: {text!r}: no such file, and not a size like 64M")
        return SwapFile(text)
    size_bytes = int(match[1]) * UNITS[match[2].upper() or "M"]
    if size_bytes % PAGE != 0 or not LEAST_PAGES * PAGE <= size_bytes <= MOST_PAGES * PAGE:
        raise DiskError(f"--swap: {text}: say 40K to 1024G, a multiple of 4K")
    return NewSwap(size_bytes)


def parse_network(text):
    """nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH."""
    try:
        parts = urllib.parse.urlsplit(text)
        export = urllib.parse.unquote(parts.path[1:])
        if parts.scheme == "nbd" and parts.hostname and not parts.query:
            server = {"type": "inet", "host": parts.hostname, "port": str(parts.port or NBD_PORT)}
            return NetworkSwap(text, server, export)
        sockets = urllib.parse.parse_qs(parts.query, strict_parsing=True).get("socket", [])
        if parts.scheme == "nbd+unix" and not parts.netloc and len(sockets) == 1:
            return NetworkSwap(text, {"type": "unix", "path": os.path.abspath(sockets[0])}, export)
    except ValueError:
        pass
    raise DiskError(f"--swap: {text!r}: say nbd://HOST:PORT/EXPORT or nbd+unix:///EXPORT?socket=PATH")


def parse_disk(text):
    """What --disk says. Raises DiskError."""
    os.close(open_image(text, os.O_RDONLY, "--disk"))
    return Archive(text)


def arguments(nodes):
    """QEMU's arguments for disks that are [(role, node)]: a node as -blockdev takes it, or the name of a file that is
    to be read only. A test that wants errors, or a disk of a kind that users have no use for, passes them by --qemu:

        shlex.join(disks.arguments([("swap", {"driver": "blkdebug", "image": {...}, "inject-error": [...]})]))
    """
    words = []
    for number, (_role, node) in enumerate(nodes):
        name = f"disk{number}"
        if isinstance(node, str):
            words += ["-drive", f"file={node},format=raw,if=none,id={name},snapshot=on"]
        else:
            words += ["-blockdev", json.dumps({"node-name": name, **node})]
        # An error is the guest's to see: it does not stop the machine.
        words += ["-device", f"ide-hd,drive={name},bus=ide.{number},unit=0,rerror=report,werror=report"]
    if nodes:
        lines = "\n".join(f"sd{chr(ord('a') + number)} {role}" for number, (role, _node) in enumerate(nodes))
        words += ["-fw_cfg", f"name={ROLES_FILE},string={lines}"]
    return words


def attach(machine, wanted):
    """Attaches disks, at most two. Raises DiskError."""
    machine.arguments += arguments([(disk.role, disk.node(machine)) for disk in wanted])
