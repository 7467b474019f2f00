"""Archives in cpio's "newc" format, laid out so that a kernel can map what is in them.

Writes every regular file's contents at the beginning of a page, with zeros up to the end of the last one; no two files,
and no header and file, share a page. Readers of the format need not know:

    page k-1   header | name, padded with NULs, which its length counts, up to the page's end
    page k     contents … | zeros up to a page's end; NULs between entries mean nothing
    page k+n   the next header

Reads the archives of others as well, also several one behind the other. The format: cpio(5), Linux's
Documentation/driver-api/early-userspace/buffer-format.rst.
"""

import os
import stat

PAGE = 4096
MAGIC = b"070701"
MAGICS = (MAGIC, b"070702")  # The second carries a checksum, of which nobody takes notice.
HEADER_BYTES = 110
FIELDS = 13
TRAILER = "TRAILER!!!"
COPY_BYTES = 1 << 20
MOST_BYTES = (1 << 32) - 1  # A field has 32 bits.


class ArchiveError(Exception):
    """What is wrong with an archive, or does not fit into one."""


class Entry:
    """A file, folder or symbolic link: `path` is relative, without "." and ".."; `content` is what it holds.

    `content` is bytes-like, or the path (str) of the host's file with `size` bytes.
    """

    def __init__(self, path, mode, content=b"", size=None, mtime=0, links=1):
        self.path = path
        self.mode = mode
        self.content = content
        self.size = len(content) if size is None else size
        self.mtime = mtime
        self.links = links
        self.inode = None  # Given when written.
        self.owner = (0, 0)
        self.device = (0, 0, 0, 0)

    @property
    def is_folder(self):
        return stat.S_ISDIR(self.mode)


def folder(path, permissions=0o755, mtime=0):
    return Entry(path, stat.S_IFDIR | permissions, mtime=mtime, links=2)


def symbolic_link(path, target, mtime=0):
    return Entry(path, stat.S_IFLNK | 0o777, os.fsencode(target), mtime=mtime)


def regular_file(path, content, permissions=0o644, mtime=0):
    return Entry(path, stat.S_IFREG | permissions, content, mtime=mtime)


def parents_of(paths):
    """Every folder that something in `paths` is in."""
    found = set()
    for path in paths:
        while path := os.path.dirname(path):
            found.add(path)
    return found


def up(offset, unit):
    """The next multiple of `unit` from `offset` on."""
    return -(-offset // unit) * unit


def read(data):
    """The entries of an archive (bytes-like), with their contents as views of it. Raises ArchiveError."""
    view = memoryview(data)
    at, found = 0, False
    while True:
        # NULs may stand between entries, and between archives.
        while at < len(view) and view[at] == 0:
            end = up(at + 1, PAGE) if at % PAGE else at + PAGE
            at = end if not any(view[at:end]) else next(i for i in range(at, len(view)) if view[i])
        if at >= len(view):
            break
        header = bytes(view[at : at + HEADER_BYTES])
        if header[:6] not in MAGICS or len(header) < HEADER_BYTES:
            raise ArchiveError(f'no header of cpio\'s "newc" format at byte {at}')
        try:
            fields = [int(header[6 + 8 * i : 14 + 8 * i], 16) for i in range(FIELDS)]
        except ValueError:
            raise ArchiveError(f"a header that is no number at byte {at}") from None
        inode, mode, user, group, links, mtime, size, *device, name_size, _ = fields
        begin = up(at + HEADER_BYTES + name_size, 4)
        if begin + size > len(view):
            raise ArchiveError(f"the entry at byte {at} ends behind the archive")
        name = os.fsdecode(bytes(view[at + HEADER_BYTES :][:name_size]).split(b"\0", 1)[0])
        at = up(begin + size, 4)
        found = True
        if name == TRAILER:
            continue
        path = os.path.normpath("/" + name).lstrip("/")
        if path:
            entry = Entry(path, mode, view[begin : begin + size], mtime=mtime, links=links)
            entry.inode, entry.owner, entry.device = inode, (user, group), tuple(device)
            yield entry
    if not found:
        raise ArchiveError("no archive: nothing but zeros")


class Writer:
    """Writes an archive to a binary file, entry by entry."""

    def __init__(self, file, first_inode=1):
        self.file = file
        self.offset = 0
        self.next_inode = first_inode

    def add(self, entry):
        """Writes `entry`. Raises ArchiveError when a host file is no longer what it was."""
        if entry.size > MOST_BYTES:
            raise ArchiveError(f"{entry.path}: {entry.size} bytes are more than the archive can hold")
        inode = entry.inode
        if inode is None:
            inode = self.next_inode
            self.next_inode += 1
        numbers = [inode, entry.mode, *entry.owner, entry.links, int(entry.mtime), entry.size, *entry.device]
        if stat.S_ISREG(entry.mode) and entry.size:
            self._header(numbers, entry.path, PAGE)
            self._content(entry)
            self._fill(PAGE)
        else:
            self._header(numbers, entry.path, 4)
            self._write(entry.content if entry.size else b"")
            self._fill(4)

    def finish(self):
        """Writes the mark of the end."""
        self._header([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], TRAILER, 4)
        self._fill(PAGE)

    def _header(self, numbers, name, unit):
        """Writes a header and a name that ends at a multiple of `unit`."""
        name = os.fsencode(name) + b"\0"
        if unit > 4:
            if HEADER_BYTES + len(name) > unit - self.offset % unit:
                self._fill(unit)  # The name would need more than Linux's PATH_MAX otherwise.
            name = name.ljust(up(self.offset + HEADER_BYTES + len(name), unit) - self.offset - HEADER_BYTES, b"\0")
        fields = [*numbers, len(name), 0]
        self._write(MAGIC + b"".join(b"%08X" % (number & MOST_BYTES) for number in fields) + name)
        self._fill(unit)

    def _content(self, entry):
        if not isinstance(entry.content, str):
            self._write(entry.content)
            return
        with open(entry.content, "rb") as file:
            missing = entry.size
            while missing and (data := file.read(min(missing, COPY_BYTES))):
                self._write(data)
                missing -= len(data)
            if missing or file.read(1):
                raise ArchiveError(f"{entry.content}: changes while it is read")

    def _write(self, data):
        self.file.write(data)
        self.offset += len(data)

    def _fill(self, unit):
        self._write(b"\0" * (-self.offset % unit))


def write(file, entries):
    """Writes a whole archive: folders before what is in them, then what takes no page, then the files."""
    entries = sorted(entries, key=lambda entry: (not entry.is_folder, stat.S_ISREG(entry.mode), entry.path))
    taken = [entry.inode for entry in entries if entry.inode is not None]
    writer = Writer(file, max(taken, default=0) + 1)
    for entry in entries:
        writer.add(entry)
    writer.finish()
