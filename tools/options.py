"""The command line of ./run: what may be said, and one clear line for what may not.

Owns the meaning of every option; starts nothing. `./run --help` is the documentation.
"""

import os
import re
import shlex

import disks
import guest_files

DEFAULT_MEMORY = "128M"
LEAST_MEMORY = 2 << 20  # The kernel alone fills most of a megabyte above the first one.
MOST_MEMORY = 63 << 30  # 36 address bits, less what the PC keeps below 4 GiB for its devices.
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class UsageError(Exception):
    """What is wrong with the command line, in one line."""


class Module:
    """A boot module: a file on the host, and the words that become its string."""

    def __init__(self, path, words):
        self.path = path
        self.words = words


# The words that --root knows beside a file's name.
NO_ROOT = "none"
BUSYBOX_ROOT = "busybox"
DEFAULT_ROOT = BUSYBOX_ROOT

MOST_APPEND = 4000  # The kernel keeps 4,096 bytes, the image's path among them that QEMU writes in front.
LEAST_ISO_MEMORY = 16 << 20  # With less, GRUB 2.06 runs out of memory, and waits for a key.


class Options:
    """What the user asked for. `command` is None at the prompt."""

    def __init__(self):
        self.memory_bytes = parse_memory(DEFAULT_MEMORY)
        self.append = ""
        self.root = DEFAULT_ROOT
        self.files = []
        self.modules = []
        self.swap = None
        self.disk = None
        self.iso = False
        self.display = False
        self.gdb = False
        self.qemu = []
        self.timeout = None
        self.verbose = False
        self.command = None

    def disks(self):
        """The disks to attach, in order."""
        return [disk for disk in (self.swap, self.disk) if disk is not None]

    def wants_own_disc(self):
        """Whether the ISO as it was built would boot something else than what these options say."""
        return bool(self.append or self.modules or self.files or self.root != BUSYBOX_ROOT)


def parse_memory(text):
    """The bytes that SIZE means: a number and K, M or G; without a letter it counts MiB, as QEMU does."""
    match = re.fullmatch(r"([0-9]{1,18})([KMG]?)", text, re.ASCII | re.IGNORECASE)
    if not match:
        raise UsageError(f"--memory: {text!r} is not a size; say 64M or 1G")
    size_bytes = int(match[1]) * UNITS[match[2].upper() or "M"]
    if size_bytes < LEAST_MEMORY:
        raise UsageError(f"--memory: {text} is too little; the least is 2M")
    if size_bytes > MOST_MEMORY:
        raise UsageError(f"--memory: {text} is more than this machine can have; the most is 63G")
    return size_bytes


def parse_module(text):
    """FILE[,WORDS]. A comma may also belong to the file's name: the shortest beginning that names a file is FILE."""
    end = text.find(",")
    while end >= 0:
        if os.path.isfile(text[:end]):
            return Module(text[:end], text[end + 1 :])
        end = text.find(",", end + 1)
    if os.path.isfile(text):
        return Module(text, "")
    path = text.split(",", 1)[0]
    problem = "is not a file" if os.path.exists(path) else "no such file"
    raise UsageError(f"--module: {path!r}: {problem}")


def parse_root(text):
    """A file's name, or one of the words."""
    if text in (NO_ROOT, BUSYBOX_ROOT):
        return text
    if not os.path.isfile(text):
        problem = "is not a file" if os.path.exists(text) else "no such file"
        raise UsageError(f"--root: {text!r}: {problem}; {NO_ROOT} and {BUSYBOX_ROOT} need none")
    if not os.access(text, os.R_OK):
        raise UsageError(f"--root: {text!r}: permission denied")
    return text


def parse_file(text):
    """PATH[:GUEST]."""
    try:
        return guest_files.parse(text)
    except guest_files.GuestFileError as error:
        raise UsageError(f"--file: {error}") from None


def parse_once(name, before, parse_disk, text):
    """A disk, of which there is one of each kind."""
    if before is not None:
        raise UsageError(f"{name} is given twice; there is one such disk")
    try:
        return parse_disk(text)
    except disks.DiskError as error:
        raise UsageError(error) from None


def parse_timeout(text):
    """Seconds, more than none; a fraction is fine."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?", text, re.ASCII) or float(text) == 0:
        raise UsageError(f"--timeout: {text!r} is not a number of seconds")
    return float(text)


def parse_qemu(text):
    """QEMU's arguments, quoted as for a shell."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--qemu: {error}") from None


def parse(arguments):
    """Options from the arguments of ./run. Raises UsageError."""
    options = Options()
    rest = list(arguments)

    def value_of(name, inline):
        if inline is not None:
            return inline
        if not rest:
            raise UsageError(f"{name} wants a value (./run --help)")
        return rest.pop(0)

    while rest:
        argument = rest.pop(0)
        if argument == "--":
            if not rest:
                raise UsageError("no command after '--' (./run --help)")
            options.command = rest
            break
        name, equals, inline = argument.partition("=")
        inline = inline if equals else None
        if name in ("--iso", "--display", "--gdb", "--verbose"):
            if inline is not None:
                raise UsageError(f"{name} takes no value (./run --help)")
            setattr(options, name[2:], True)
        elif name == "--memory":
            options.memory_bytes = parse_memory(value_of(name, inline))
        elif name == "--append":
            options.append = value_of(name, inline)
        elif name == "--module":
            options.modules.append(parse_module(value_of(name, inline)))
        elif name == "--root":
            options.root = parse_root(value_of(name, inline))
        elif name == "--file":
            options.files.append(parse_file(value_of(name, inline)))
        elif name == "--swap":
            options.swap = parse_once(name, options.swap, disks.parse_swap, value_of(name, inline))
        elif name == "--disk":
            options.disk = parse_once(name, options.disk, disks.parse_disk, value_of(name, inline))
        elif name == "--qemu":
            options.qemu += parse_qemu(value_of(name, inline))
        elif name == "--timeout":
            options.timeout = parse_timeout(value_of(name, inline))
        elif argument.startswith("-"):
            raise UsageError(f"unknown option {argument!r} (./run --help)")
        else:
            raise UsageError(f"unknown word {argument!r}: a command follows '--' (./run --help)")

    if len(os.fsencode(options.append)) > MOST_APPEND:
        raise UsageError(f"--append: {len(os.fsencode(options.append))} bytes; the kernel takes {MOST_APPEND}")
    if options.files and options.root == NO_ROOT:
        raise UsageError("--file adds to an initial root, and this machine has none")
    if options.iso and options.memory_bytes < LEAST_ISO_MEMORY:
        raise UsageError("--iso: GRUB wants a machine of 16M at least; leave out --iso for a smaller one")
    if options.display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UsageError("--display: there is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set")
    if options.display and options.command is not None:
        raise UsageError("--display shows a prompt; it takes no command")
    for module in options.modules:
        if not os.access(module.path, os.R_OK):
            raise UsageError(f"--module: {module.path!r}: permission denied")
    return options
