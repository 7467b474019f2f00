"""The initial root that a machine boots with: which archive, with which of the host's files in it, and whether it fits.

The kernel takes the first module whose first word is `root` for it.
"""

import mmap
import os

import cpio
import guest_files
from options import BUSYBOX_ROOT, DEFAULT_ROOT, NO_ROOT, Module, UsageError

WORDS = "root"
# The first MiB, the kernel, and what a shell needs to be of any use.
OTHER_BYTES = 3 << 20


def add_files(archive, files):
    """The path of a file in memory: `archive` (a path) with `files` in it. Raises UsageError."""
    descriptor = os.memfd_create("root")
    try:
        with open(archive, "rb") as original:
            size = os.fstat(original.fileno()).st_size
            content = mmap.mmap(original.fileno(), 0, prot=mmap.PROT_READ) if size else b""
        entries = guest_files.merge(content, files)
        with open(descriptor, "wb", closefd=False) as result:
            cpio.write(result, entries)
    except guest_files.GuestFileError as error:
        raise UsageError(f"--file: {error}") from None
    except cpio.ArchiveError as error:
        raise UsageError(f"--file: the initial root {archive!r}: {error}") from None
    return f"/proc/{os.getpid()}/fd/{descriptor}"  # A name that other programs can open, too.


def prepare(options, build_folder):
    """The root's Module; None when there is to be none, or no room for the usual one. Raises UsageError."""
    if options.root == NO_ROOT:
        return None
    path = os.path.join(build_folder, "root.cpio") if options.root == BUSYBOX_ROOT else options.root
    if options.files:
        path = add_files(path, options.files)
    needed = os.stat(path).st_size + OTHER_BYTES
    if needed > options.memory_bytes:
        if options.files or options.root != DEFAULT_ROOT:
            raise UsageError(f"the initial root with its files wants a machine of {-(-needed >> 20)}M at least")
        return None
    return Module(path, WORDS)
