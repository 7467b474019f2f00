"""Files of the host in the initial root: ./run --file PATH[:GUEST].

Owns what such an option means, and what may not be added. A name may hold whatever names may hold: blanks, newlines,
colons. `:GUEST` begins at a ":/".
"""

import os
import stat

import cpio

# Linux allows no longer ones, and neither does an archive's page.
MOST_NAME_BYTES = 255
MOST_PATH_BYTES = 3900
MOST_CHARACTERS_SHOWN = 200


class GuestFileError(Exception):
    """What cannot be added, and why, in one line."""


class GuestFile:
    """A file or folder of the host, and the path that it gets in the guest (relative to the root)."""

    def __init__(self, path, guest):
        self.path = path
        self.guest = guest


def split(text):
    """PATH and GUEST of an option's value; GUEST is None when it has none."""
    if os.path.lexists(text):
        return text, None
    at = len(text)
    while (at := text.rfind(":/", 0, at)) >= 0:
        if os.path.lexists(text[:at]):
            return text[:at], text[at + 1 :]
    path, colon, guest = text.partition(":/")
    return path, "/" + guest if colon else None


def parse(text):
    """A GuestFile from an option's value. Raises GuestFileError."""
    path, guest = split(text)
    if not path:
        raise GuestFileError(f"{text!r} names no file")
    if not os.path.exists(path):
        raise GuestFileError(f"{path!r}: no such file or directory")
    name = os.path.basename(path.rstrip("/"))
    if name in ("", ".", ".."):
        name = os.path.basename(os.path.realpath(path))
    if guest is None:
        guest = f"/{name}"
    elif guest.endswith("/"):
        guest += name
    parts = [part for part in guest.split("/") if part]
    if not parts or "." in parts or ".." in parts:
        raise GuestFileError(f"{path!r}: {guest!r} is no path for it in the guest")
    if parts[0] in ("dev", "proc", "tmp"):
        raise GuestFileError(f"{path!r}: in the guest /{parts[0]} is no part of the root")
    guest = "/".join(parts)
    if any(len(os.fsencode(part)) > MOST_NAME_BYTES for part in parts):
        raise GuestFileError(f"{path!r}: its path in the guest is too long")
    check_length(path, guest)
    return GuestFile(path, guest)


def check_length(path, guest):
    """Raises GuestFileError when `guest` is too long."""
    if len(os.fsencode(guest)) > MOST_PATH_BYTES:
        raise GuestFileError(f"{path[:MOST_CHARACTERS_SHOWN]!r}: its path in the guest is too long")


def entry_of(path, guest, follow):
    """The entry of one file, link or folder. `follow`: a link stands for what it points at."""
    check_length(path, guest)
    status = os.stat(path) if follow else os.lstat(path)
    permissions, mtime = stat.S_IMODE(status.st_mode), max(int(status.st_mtime), 0)
    if stat.S_ISDIR(status.st_mode):
        return cpio.folder(guest, permissions, mtime)
    if stat.S_ISLNK(status.st_mode):
        return cpio.symbolic_link(guest, os.readlink(path), mtime)
    if not stat.S_ISREG(status.st_mode):
        raise GuestFileError(f"{path!r} is neither a file nor a directory")
    if not os.access(path, os.R_OK):
        raise GuestFileError(f"{path!r}: permission denied")
    return cpio.Entry(guest, status.st_mode, path, status.st_size, mtime)


def walk(path, guest):
    """The entries of a file, or of a folder and everything below it. Only the first may be a link to be followed."""
    waiting = [(path, guest, True)]  # A list, for folders may lie deeper in one another than Python calls itself.
    while waiting:
        path, guest, follow = waiting.pop()
        entry = entry_of(path, guest, follow)
        yield entry
        if entry.is_folder:
            names = sorted(os.listdir(path), reverse=True)
            waiting += [(os.path.join(path, name), f"{guest}/{name}", False) for name in names]


def entries_of(files):
    """What `files` add to a root, by path. Raises GuestFileError."""
    found = {}
    for file in files:
        try:
            for entry in walk(file.path, file.guest):
                other = found.get(entry.path)
                if other and not (other.is_folder and entry.is_folder):
                    raise GuestFileError(f"two files would be /{entry.path} in the guest")
                found[entry.path] = entry
        except OSError as error:
            raise GuestFileError(f"{error.filename!r}: {error.strerror.lower()}") from None
    return found


def merge(archive, files):
    """The entries of `archive` (bytes-like) and of `files`, which replace what the archive has under the same paths.

    Raises GuestFileError, and ArchiveError when the archive is not one that files can be added to.
    """
    present = {entry.path: entry for entry in cpio.read(archive)}
    for path, entry in sorted(entries_of(files).items()):  # A folder comes before what is in it.
        there = present.get(path)
        if there and there.is_folder != entry.is_folder:
            raise GuestFileError(f"/{path} is {'a' if there.is_folder else 'no'} directory in the root")
        if not (there and there.is_folder):
            present[path] = entry
        for parent in cpio.parents_of([path]):
            if parent not in present:
                present[parent] = cpio.folder(parent)
            elif not present[parent].is_folder:
                raise GuestFileError(f"/{parent} is no directory in the guest")
    return present.values()
