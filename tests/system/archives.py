"""Archives as others write them, for tests of the initial root: nothing in them begins at a page."""

import io
import os
import stat
import sys
import tarfile

from guest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

import cpio  # noqa: E402


def tar_of(entries, form, hard_links=()):
    """A tar archive of `entries`; `hard_links`: pairs of a new path and the path that it is another name of."""
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w", format=form) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.mode, info.mtime = stat.S_IMODE(entry.mode), entry.mtime
            if entry.is_folder:
                info.type = tarfile.DIRTYPE
            elif stat.S_ISLNK(entry.mode):
                info.type, info.linkname = tarfile.SYMTYPE, bytes(entry.content).decode()
            else:
                info.size = entry.size
            archive.addfile(info, io.BytesIO(entry.content) if info.size else None)
        for path, target in hard_links:
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.LNKTYPE, target
            archive.addfile(info)
    return result.getvalue()


def dense_cpio_of(entries, hard_links=()):
    """A newc archive without padding beyond 4 bytes. Of a file with several names the last one carries the contents."""
    paths = {}
    for path, target in hard_links:
        paths.setdefault(target, []).append(path)
    result = io.BytesIO()
    for inode, entry in enumerate([*entries, cpio.regular_file(cpio.TRAILER, b"")], 1):
        names = [entry.path, *paths.get(entry.path, [])]
        for name in names:
            content = bytes(entry.content) if name == names[-1] else b""
            encoded = name.encode() + b"\0"
            numbers = [inode, entry.mode, 0, 0, len(names), int(entry.mtime), len(content), 0, 0, 0, 0, len(encoded), 0]
            for part in (b"070701" + b"".join(b"%08x" % number for number in numbers) + encoded, content):
                result.write(part + b"\0" * (-len(part) % 4))
    return result.getvalue()
