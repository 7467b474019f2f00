"""root.py OUTPUT: writes PrimitiveOS's initial root, an archive that ./run and GRUB load as a module.

Owns what is in it: Debian's busybox for i386, a link for each of its commands, the few files in /etc that programs look
for, and the folders that the kernel puts something on. The same busybox gives the same archive, byte for byte.

Fetches busybox when it is needed for the first time (debian.py).
"""

import os
import subprocess
import sys

import cpio
import debian

PACKAGE = "busybox-static"

# What the kernel shows something at: what an archive had there would be hidden.
MOUNT_POINTS = ("dev", "dev/shm", "proc", "tmp")
FOLDERS = {"root": 0o700, "tmp": 0o1777, "dev/shm": 0o1777, "etc": 0o755}

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hostname": "primitive\n",
    "etc/profile": "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexport HOME=/root\n",
    "etc/shells": "/bin/sh\n/bin/ash\n",
}


def entries_of(busybox):
    """What is in the root, with the host's file `busybox`."""
    status = os.stat(busybox)
    mtime = int(status.st_mtime)
    listing = subprocess.run([busybox, "--list-full"], stdout=subprocess.PIPE, check=True).stdout.decode()
    links = [path for path in listing.split() if "/" in path and path != "bin/busybox"]  # "linuxrc" is for a boot.
    folders = cpio.parents_of([*links, *FILES]) | {*FOLDERS, *MOUNT_POINTS}
    for path in sorted(folders):
        yield cpio.folder(path, FOLDERS.get(path, 0o755), mtime)
    for path in sorted(links):
        yield cpio.symbolic_link(path, "/bin/busybox", mtime)
    for path, text in sorted(FILES.items()):
        yield cpio.regular_file(path, text.encode(), mtime=mtime)
    with open(busybox, "rb") as file:
        yield cpio.regular_file("bin/busybox", file.read(), 0o755, mtime)


def main():
    (output,) = sys.argv[1:]
    try:
        busybox = os.path.join(debian.package(PACKAGE), "bin", "busybox")
        entries = list(entries_of(busybox))
    except debian.FetchError as error:
        print(f"root: {error}. `./run --root none` does without it.", file=sys.stderr)
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"root: busybox does not run on this machine, so its commands are not known: {error}", file=sys.stderr)
        return 1
    with open(f"{output}.new", "wb") as file:
        cpio.write(file, entries)
    os.rename(f"{output}.new", output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
